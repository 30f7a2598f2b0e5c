//! The service's own form, which passes through untouched: the localStorage value, an object that holds it as
//! `conversations`, lines of an export.

use super::list::items_of;
use crate::json::Json;
use crate::report::{ConversationReport, Report, SkipCode};
use crate::{ConvertError, Converted, Format, ImportedConversation, Options};

/// Takes the conversations as they are.
pub(crate) fn convert(text: &str, options: &Options) -> Result<Converted, ConvertError> {
    let mut report = Report::new(Format::Own);
    let items = match Json::parse(text) {
        Some(json) => items_of(json).ok_or(ConvertError::WrongShape(Format::Own))?,
        None => items_of_lines(text, &mut report)?,
    };
    let mut conversations = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let id = item.object().and_then(|object| object.text("id"));
        let skipped = skip_code(item, index, options);
        if skipped.is_none() {
            conversations.push(ImportedConversation::Own(item.to_raw()));
        }
        let messages = item
            .object()
            .map_or(0, |object| object.items("messages").len());
        report.conversations.push(ConversationReport {
            index,
            id,
            skipped,
            messages,
            ..ConversationReport::default()
        });
    }
    Ok(Converted {
        conversations,
        report,
        continuation: None,
    })
}

fn skip_code(item: Json<'_>, index: usize, options: &Options) -> Option<SkipCode> {
    if index >= options.max_conversations {
        return Some(SkipCode::TooManyConversations);
    }
    (!item.is_object()).then_some(SkipCode::WrongShape)
}

/// Lines of an export, without the last one, which has the count.
fn items_of_lines<'a>(text: &'a str, report: &mut Report) -> Result<Vec<Json<'a>>, ConvertError> {
    let mut items = Vec::new();
    for line in text
        .split('\n')
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        match Json::parse(line) {
            Some(json) if is_end_of_export(json) => {}
            Some(json) => items.push(json),
            None => report.invalid_lines += 1,
        }
    }
    if items.is_empty() {
        Err(ConvertError::NotJson)
    } else {
        Ok(items)
    }
}

fn is_end_of_export(json: Json<'_>) -> bool {
    let names = json.object().map(|object| {
        object
            .members()
            .map(|(name, _)| name.to_owned())
            .collect::<Vec<_>>()
    });
    names.is_some_and(|names| names == ["export"])
}
