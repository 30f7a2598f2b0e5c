//! Imports: many conversations, each validated and reported on its own.

mod source;

use std::collections::HashMap;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use serde_json::value::RawValue;

use self::source::Source;
pub use self::source::{ImportOptions, SourceReport};
use super::ServiceError;
use crate::context::Caller;
use crate::model::{
    ConversationId, ExportEnd, Invalid, NewConversation, Object, Timestamp, UnknownParent,
    array_of, limits,
};
use crate::store::{ImportStatus, Imported, StoreError};
use crate::{App, ErrorCode};
pub use importers::Format;

/// Imports what `body` holds: the localStorage value, an array of conversations; an object that holds it as
/// `conversations`; or lines of one conversation each, as an export has them: where the options say so, or the first
/// line is a conversation by itself; or what another system has exported.
///
/// # Errors
/// `Invalid` where it is none of these, or holds too many conversations; or the database failed. A problem with one
/// conversation is no error of the request, but part of the report.
pub async fn import(
    app: &App,
    caller: &Caller,
    body: &[u8],
    options: &ImportOptions,
) -> Result<ImportReport, ServiceError> {
    let now = Timestamp::from_ms(app.clock.now_ms());
    let source = Source::read(body, options)?;
    let request = ImportRequest::parse(&source.json, source.is_lines(options), now)?;
    let store = app.store.for_user(caller);
    let follows_source = options.is_followed || source.converted.is_some();
    let imported = store.import(&request.conversations, follows_source).await?;
    Ok(request.report(&imported, source.converted))
}

/// The result of an import.
#[derive(Debug)]
pub struct ImportReport {
    /// The outcome of each conversation, in the order sent.
    pub results: Vec<ImportResult>,
    /// The user's change sequence.
    pub clock: i64,
    /// The report on converting another system's history.
    pub source: Option<SourceReport>,
}

/// The outcome of one conversation.
#[derive(Debug)]
pub struct ImportResult {
    /// Its id, if it has a valid one.
    pub id: Option<String>,
    /// Whether it was imported.
    pub outcome: ImportOutcome,
}

/// Whether a conversation was imported.
#[derive(Debug)]
pub enum ImportOutcome {
    /// It is new, or some of its messages were.
    Imported,
    /// It existed, and was updated from its source.
    Updated,
    /// It was all there already.
    Unchanged,
    /// It was not imported, for this reason.
    Rejected(ServiceError),
}

impl From<ImportStatus> for ImportOutcome {
    fn from(status: ImportStatus) -> Self {
        match status {
            ImportStatus::Imported => Self::Imported,
            ImportStatus::Updated => Self::Updated,
            ImportStatus::Unchanged => Self::Unchanged,
            ImportStatus::Refused(code) => Self::Rejected(StoreError::Refused(code).into()),
        }
    }
}

/// The conversations of an import, valid or not.
#[derive(Debug)]
struct ImportRequest {
    /// The conversations that can be imported, in the order sent.
    conversations: Vec<(ConversationId, NewConversation)>,
    items: Vec<Item>,
}

/// One entry of the request.
#[derive(Debug)]
enum Item {
    /// To be found at this index of `conversations`.
    Accepted(usize),
    Rejected {
        id: Option<String>,
        reason: Invalid,
    },
}

impl ImportRequest {
    /// Reads a request; see [`import`].
    fn parse(json: &[u8], is_lines: bool, now: Timestamp) -> Result<Self, Invalid> {
        let sent = if is_lines || begins_with_a_line(json) {
            conversations_of_lines(json)
        } else {
            conversations_in(json)?.into_iter().map(Ok).collect()
        };
        if sent.len() > limits::IMPORT {
            return Err(Invalid::new(
                ErrorCode::TooManyConversations,
                format!(
                    "An import takes at most {} conversations: send several requests, each with some of \
                     them.",
                    limits::IMPORT
                ),
            ));
        }
        let mut request = Self {
            conversations: Vec::with_capacity(sent.len()),
            items: Vec::with_capacity(sent.len()),
        };
        let mut seen = HashMap::new();
        let validated = validate_all(&sent, json.len(), now);
        for (index, (raw, validated)) in sent.into_iter().zip(validated).enumerate() {
            let placed = validated
                .and_then(|(id, conversation)| request.place(id, conversation, index, &mut seen));
            let item = match placed {
                Ok(at) => Item::Accepted(at),
                Err(reason) => Item::Rejected {
                    id: raw.ok().and_then(readable_id),
                    reason,
                },
            };
            request.items.push(item);
        }
        Ok(request)
    }

    /// Adds a conversation; where it goes on with an earlier one, as a long one does in an export, to that.
    fn place(
        &mut self,
        id: ConversationId,
        conversation: NewConversation,
        index: usize,
        seen: &mut HashMap<ConversationId, usize>,
    ) -> Result<usize, Invalid> {
        match seen.get(&id) {
            None => {
                seen.insert(id.clone(), self.conversations.len());
                self.conversations.push((id, conversation));
                Ok(self.conversations.len() - 1)
            }
            Some(&at) if conversation.export.is_some() => {
                self.conversations[at].1.go_on_with(conversation);
                Ok(at)
            }
            Some(_) => {
                let message =
                    format!("[{index}].id: another conversation of this request has the same id");
                Err(Invalid::new(ErrorCode::DuplicateId, message))
            }
        }
    }

    /// The outcome of each entry, given the outcomes of `conversations`.
    fn report(self, imported: &Imported, source: Option<SourceReport>) -> ImportReport {
        let Self {
            conversations,
            items,
        } = self;
        let results = items.into_iter().map(|item| match item {
            Item::Accepted(at) => {
                let id = conversations.get(at).map(|(id, _)| id.to_string());
                // The store returns a status per conversation.
                let status = imported.statuses.get(at).copied();
                let outcome = status.unwrap_or(ImportStatus::Unchanged).into();
                ImportResult { id, outcome }
            }
            Item::Rejected { id, reason } => ImportResult {
                id,
                outcome: ImportOutcome::Rejected(reason.into()),
            },
        });
        ImportReport {
            results: results.collect(),
            clock: imported.change_sequence,
            source,
        }
    }
}

fn conversations_in(json: &[u8]) -> Result<Vec<&RawValue>, Invalid> {
    let is_object = json.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if !is_object {
        return array_of(json, "body");
    }
    let conversations = Object::parse(json, "body")?
        .take("conversations")
        .ok_or_else(|| Invalid::json("body: expected an array of conversations"))?;
    array_of(conversations.get().as_bytes(), "body.conversations")
}

/// Whether the first line is a conversation, or the end of an export.
fn begins_with_a_line(body: &[u8]) -> bool {
    lines(body)
        .next()
        .and_then(|line| Object::parse(line, "").ok())
        .is_some_and(|object| {
            object.get("conversations").is_none()
                && (object.get("id").is_some() || object.get(ExportEnd::FIELD).is_some())
        })
}

/// The content of the lines: each is validated on its own, even if it is not JSON.
fn conversations_of_lines(body: &[u8]) -> Vec<Result<&RawValue, Invalid>> {
    lines(body)
        .filter(|line| !ExportEnd::is(line))
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_slice(line)
                .map_err(|_| Invalid::json(format!("[{index}]: the line is not valid JSON")))
        })
        .collect()
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
}

type Validated = Result<(ConversationId, NewConversation), Invalid>;

/// Validates each. Reading and compressing the messages is most of an import's work, so it uses all cores if starting
/// threads is worthwhile.
fn validate_all(
    sent: &[Result<&RawValue, Invalid>],
    bytes: usize,
    now: Timestamp,
) -> Vec<Validated> {
    const WORTH_IT: usize = 500_000;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = if bytes < WORTH_IT { 1 } else { cores };
    let share = sent.len().div_ceil(threads).max(1);
    let validate_share = |first: usize, share: &[Result<&RawValue, Invalid>]| -> Vec<Validated> {
        let share = share.iter().zip(first..);
        share
            .map(|(raw, index)| raw.clone().and_then(|raw| validate(raw, index, now)))
            .collect()
    };
    if share >= sent.len() {
        return validate_share(0, sent);
    }
    thread::scope(|scope| {
        let shares = sent.chunks(share).zip((0..).step_by(share));
        let work: Vec<_> = shares
            .map(|(share, first)| scope.spawn(move || validate_share(first, share)))
            .collect();
        work.into_iter()
            .flat_map(|share| share.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

fn validate(raw: &RawValue, index: usize, now: Timestamp) -> Validated {
    let path = format!("[{index}]");
    let conversation = NewConversation::parse(raw.get().as_bytes(), &path, now)?
        .arranged(UnknownParent::Keep, &path)?;
    let id = conversation
        .id
        .clone()
        .ok_or_else(|| Invalid::id(&format!("{path}.id")))?;
    Ok((id, conversation))
}

/// The id of a rejected conversation, if at least that is valid.
fn readable_id(raw: &RawValue) -> Option<String> {
    let id = Object::parse(raw.get().as_bytes(), "").ok()?.take("id")?;
    let id: String = serde_json::from_str(id.get()).ok()?;
    ConversationId::parse(&id, "id")
        .ok()
        .map(|id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_cores_validate_is_reported_in_the_order_sent() {
        let text = "x".repeat(10_000);
        let conversation = |index: usize| {
            let kind = if index % 7 == 3 { "robot" } else { "user" };
            format!(
                r#"{{"id":"c{index}","messages":[{{"id":"m","type":"{kind}","content":"{text}"}}]}}"#
            )
        };
        let sent: Vec<String> = (0..101).map(conversation).collect();
        let json = format!("[{}]", sent.join(","));
        let request = ImportRequest::parse(json.as_bytes(), false, Timestamp::from_ms(5)).unwrap();
        assert_eq!(request.items.len(), 101);
        for (index, item) in request.items.iter().enumerate() {
            let expected = format!("c{index}");
            match item {
                Item::Accepted(at) => {
                    assert_ne!(index % 7, 3);
                    assert_eq!(request.conversations[*at].0.as_str(), expected);
                }
                Item::Rejected { id, reason } => {
                    assert_eq!(index % 7, 3);
                    assert_eq!(id.as_deref(), Some(expected.as_str()));
                    assert!(
                        reason.message.starts_with(&format!("[{index}].")),
                        "{reason:?}"
                    );
                }
            }
        }
    }
}
