//! Sources that are lists of conversations, each of which can be read independently.

use std::collections::HashSet;

use crate::json::{Json, Object};
use crate::report::{ConversationReport, Report, SkipCode};
use crate::thread::{Earlier, Thread, build};
use crate::{ConvertError, Converted, Format, ImportedConversation, Options};

/// Reads one conversation; `None` if it is not of the format. Omissions go into the report.
pub(crate) type Read = fn(&Object<'_>, &mut ConversationReport) -> Option<Thread>;

/// Converts an array of conversations, an object that holds one as `conversations`, or a single conversation.
pub(crate) fn convert(
    format: Format,
    text: &str,
    options: &Options,
    read: Read,
) -> Result<Converted, ConvertError> {
    let json = Json::parse(text).ok_or(ConvertError::NotJson)?;
    let items = items_of(json).ok_or(ConvertError::WrongShape(format))?;
    let mut list = List::new(format, options);
    for item in items {
        list.add(|report| read(&item.object()?, report));
    }
    Ok(list.finish())
}

/// The conversations of a source; `None` where it is neither array nor object.
pub(crate) fn items_of(json: Json<'_>) -> Option<Vec<Json<'_>>> {
    if json.is_array() {
        return json.items();
    }
    let items = json.object()?.get("conversations").and_then(Json::items);
    Some(items.unwrap_or_else(|| vec![json]))
}

/// The conversations that were converted so far.
pub(crate) struct List<'a> {
    options: &'a Options,
    conversations: Vec<ImportedConversation>,
    report: Report,
    ids: HashSet<String>,
}

impl<'a> List<'a> {
    pub(crate) fn new(format: Format, options: &'a Options) -> Self {
        Self {
            options,
            conversations: Vec::new(),
            report: Report::new(format),
            ids: HashSet::new(),
        }
    }

    /// Adds the conversation that `read` returns, or the reason it is missing.
    pub(crate) fn add(&mut self, read: impl FnOnce(&mut ConversationReport) -> Option<Thread>) {
        let index = self.report.conversations.len();
        let skipped = |id, code| ConversationReport::skipped(index, id, code);
        if index >= self.options.max_conversations {
            self.report
                .conversations
                .push(skipped(None, SkipCode::TooManyConversations));
            return;
        }
        let mut report = ConversationReport {
            index,
            ..ConversationReport::default()
        };
        let Some(thread) = read(&mut report) else {
            self.report
                .conversations
                .push(skipped(None, SkipCode::WrongShape));
            return;
        };
        let max_messages = self.options.max_messages;
        match build(thread, max_messages, &mut Earlier::default(), &mut report) {
            Some(conversation) if !self.ids.insert(conversation.id.clone()) => {
                report = skipped(Some(conversation.id), SkipCode::DuplicateId);
            }
            Some(conversation) => {
                self.conversations
                    .push(ImportedConversation::Converted(Box::new(conversation)));
            }
            None => {}
        }
        self.report.conversations.push(report);
    }

    pub(crate) fn finish(self) -> Converted {
        Converted {
            conversations: self.conversations,
            report: self.report,
            continuation: None,
        }
    }
}
