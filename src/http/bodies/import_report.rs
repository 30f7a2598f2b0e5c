//! The response to an import: the outcome of each conversation.

use importers::ConversationReport;

use crate::http::ApiError;
use crate::model::ObjectWriter;
use crate::service::import::{ImportOutcome, ImportReport, ImportResult, SourceReport};

#[derive(Default)]
struct Counts {
    imported: usize,
    updated: usize,
    unchanged: usize,
    rejected: usize,
    skipped: usize,
}

/// The report on an import. If nothing of another system's history was accepted, the first reason is the error.
///
/// # Errors
/// As a rejected conversation says.
pub fn import_report(report: ImportReport) -> Result<String, ApiError> {
    let ImportReport {
        results,
        clock,
        source,
    } = report;
    let mut counts = Counts::default();
    let described = match &source {
        None => describe_all(results, &mut counts),
        Some(source) => describe_converted(results, source, &mut counts)?,
    };
    let json =
        ObjectWriter::with_capacity(described.len() * 100 + 100).plain("imported", counts.imported);
    let json = match source.is_some() || counts.updated > 0 {
        true => json.plain("updated", counts.updated),
        false => json,
    };
    let json = json
        .plain("unchanged", counts.unchanged)
        .plain("rejected", counts.rejected);
    let json = match source {
        Some(source) => describe_source(json.plain("skipped", counts.skipped), &source),
        None => json,
    };
    let json = json.array("results", described).plain("clock", clock);
    Ok(json.finish())
}

fn describe_all(results: Vec<ImportResult>, counts: &mut Counts) -> Vec<String> {
    let results = results.into_iter().enumerate();
    results
        .map(|(index, result)| describe(index, result, counts).finish())
        .collect()
}

/// The converted conversations, each with what its source lacks; and those skipped.
fn describe_converted(
    results: Vec<ImportResult>,
    source: &SourceReport,
    counts: &mut Counts,
) -> Result<Vec<String>, ApiError> {
    let taken = |result: &ImportResult| !matches!(result.outcome, ImportOutcome::Rejected(_));
    if !results.is_empty() && !results.iter().any(taken) {
        return Err(first_reason(results));
    }
    let mut results = results.into_iter();
    let mut described = Vec::with_capacity(source.conversations.len());
    for (index, conversation) in source.conversations.iter().enumerate() {
        let json = match conversation.skipped {
            Some(_) => skipped(index, conversation, counts),
            None => match results.next() {
                Some(result) => describe(index, result, counts),
                None => break,
            },
        };
        let details = serde_json::to_string(conversation).unwrap_or_default();
        described.push(json.raw("source", &details).finish());
    }
    Ok(described)
}

fn first_reason(results: Vec<ImportResult>) -> ApiError {
    let reasons = results.into_iter().find_map(|result| match result.outcome {
        ImportOutcome::Rejected(error) => Some(ApiError::from(error)),
        _ => None,
    });
    reasons.unwrap_or(ApiError::Internal)
}

fn describe(index: usize, result: ImportResult, counts: &mut Counts) -> ObjectWriter {
    let ImportResult { id, outcome } = result;
    let json = ObjectWriter::with_capacity(120)
        .plain("index", index)
        .optional("id", id.as_deref());
    match outcome {
        ImportOutcome::Imported => {
            counts.imported += 1;
            json.string("status", "imported")
        }
        ImportOutcome::Updated => {
            counts.updated += 1;
            json.string("status", "updated")
        }
        ImportOutcome::Unchanged => {
            counts.unchanged += 1;
            json.string("status", "unchanged")
        }
        ImportOutcome::Rejected(error) => {
            counts.rejected += 1;
            let (code, message) = ApiError::from(error).describe();
            json.string("status", "rejected")
                .string("code", code.as_str())
                .string("message", &message)
        }
    }
}

fn skipped(index: usize, conversation: &ConversationReport, counts: &mut Counts) -> ObjectWriter {
    counts.skipped += 1;
    ObjectWriter::with_capacity(120)
        .plain("index", index)
        .optional("id", conversation.id.as_deref())
        .string("status", "skipped")
}

fn describe_source(json: ObjectWriter, source: &SourceReport) -> ObjectWriter {
    let json = json
        .string("format", source.format.name())
        .plain("invalidLines", source.invalid_lines);
    match &source.continuation {
        Some(line) => json.string("continuation", line),
        None => json,
    }
}
