//! The report on imported files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use importers::{Format, Report};
use serde::Serialize;
use serde_json::json;

use crate::api::Tally;
use crate::failure::Failure;
use crate::output::{Output, count};

/// The report on all files.
#[derive(Debug, Default)]
pub struct ImportReport {
    /// Those that were read, also within archives.
    pub files: Vec<FileReport>,
    /// Those that were not.
    pub failures: Vec<(PathBuf, Failure)>,
}

/// The outcome for a file.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileReport {
    file: String,
    /// The format it was read as; absent if it has no conversations.
    format: Option<Format>,
    conversations: u64,
    messages: u64,
    /// Conversations that the filters leave out.
    filtered: u64,
    /// Conversations that could not be converted, by the reason.
    skipped: BTreeMap<String, u64>,
    /// Files and blocks that are replaced by a name.
    placeholders: u64,
    /// Hidden items of the source, which are left out.
    hidden: u64,
    invalid_lines: u64,
    /// Secrets that were replaced.
    pub redacted: u64,
    /// The outcomes of the conversations at the service.
    #[serde(rename = "service")]
    pub tally: Tally,
}

impl FileReport {
    /// Of a file that is read.
    pub fn new(file: &str, format: Format) -> Self {
        Self {
            file: file.to_owned(),
            format: Some(format),
            ..Self::default()
        }
    }

    /// Of a file without conversations.
    pub fn ignored(file: String) -> Self {
        Self {
            file,
            ..Self::default()
        }
    }

    /// Adds the outcome of a portion.
    pub fn add(&mut self, report: &Report, filtered: u64) {
        self.filtered += filtered;
        self.invalid_lines += report.invalid_lines;
        self.conversations += report.imported() as u64;
        for conversation in &report.conversations {
            self.messages += conversation.messages as u64;
            self.placeholders +=
                conversation.placeholders.len() as u64 + conversation.more_placeholders;
            self.hidden += conversation.hidden;
            if let Some(code) = conversation.skipped {
                let name = serde_json::to_value(code).ok();
                let name = name
                    .as_ref()
                    .and_then(|name| name.as_str())
                    .unwrap_or_default()
                    .to_owned();
                *self.skipped.entry(name).or_default() += 1;
            }
        }
    }

    fn to_text(&self) -> String {
        let Some(format) = self.format else {
            return format!("{}: no conversations", self.file);
        };
        let mut text = format!(
            "{} ({}): {}, {}: {} new or longer, {} there already",
            self.file,
            format.name(),
            count(self.conversations, "conversation"),
            count(self.messages, "message"),
            self.tally.imported,
            self.tally.unchanged,
        );
        let skipped: u64 = self.skipped.values().sum();
        for (number, what) in [
            (self.tally.deleted, "deleted at the service, and left so"),
            (self.filtered, "left out by filters"),
            (skipped, "empty or not readable"),
            (self.placeholders, "files only by their name"),
            (self.invalid_lines, "lines not readable"),
            (self.redacted, "secrets replaced"),
        ] {
            if number > 0 {
                text += &format!("; {number} {what}");
            }
        }
        for rejection in &self.tally.rejections {
            text += &format!("\n  not taken: {rejection}");
        }
        text
    }
}

impl ImportReport {
    /// Prints the report.
    pub fn print(&self, output: Output) {
        let failures = self.failures.iter().map(|(file, failure)| {
            let mut json = failure.to_json();
            json["file"] = json!(file);
            json
        });
        output.json(|| json!({ "files": self.files, "failures": failures.collect::<Vec<_>>() }));
        for file in &self.files {
            output.text(|| file.to_text());
        }
    }

    /// Success, or what went wrong first.
    pub fn into_result(self) -> Result<(), Failure> {
        if let Some((_, failure)) = self.failures.into_iter().next() {
            return Err(failure);
        }
        let mut rejections = self.files.iter().flat_map(|file| &file.tally.rejections);
        rejections
            .next()
            .map_or(Ok(()), |why| Err(Failure::rejected(why)))
    }
}
