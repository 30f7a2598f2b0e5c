//! The import request: many conversations, each judged on its own.

use std::collections::HashMap;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use serde_json::value::RawValue;

use crate::ErrorCode;
use crate::model::{
    ConversationId, Invalid, NewConversation, Object, ObjectWriter, Timestamp, array_of, limits,
};
use crate::store::ImportStatus;

/// What a client wants imported, and what of it cannot be.
#[derive(Debug)]
pub struct ImportRequest {
    /// The conversations that can be imported, in the order sent.
    pub conversations: Vec<(ConversationId, NewConversation)>,
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
    /// Reads the localStorage value, an array of conversations; an object that holds it as
    /// `conversations`; or lines of one conversation each, as an export has them: where `is_lines` says so,
    /// or the first line is a conversation by itself.
    ///
    /// # Errors
    /// `invalid_json` where it is neither; `too_many_conversations`. What is wrong with one conversation
    /// is no error of the request: [`ImportRequest::report`] tells.
    pub fn parse(json: &[u8], is_lines: bool, now: Timestamp) -> Result<Self, Invalid> {
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
        let judged = judge_all(&sent, json.len(), now);
        for (index, (raw, judged)) in sent.into_iter().zip(judged).enumerate() {
            let placed = judged
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

    /// What became of each entry, as JSON. `statuses` are those of `conversations`.
    pub fn report(&self, statuses: &[ImportStatus], clock: i64) -> String {
        let (mut imported, mut unchanged, mut rejected) = (0, 0, 0);
        let mut results = Vec::with_capacity(self.items.len());
        for (index, item) in self.items.iter().enumerate() {
            let result = ObjectWriter::with_capacity(120).plain("index", index);
            let result = match self.outcome(item, statuses) {
                (id, Ok(ImportStatus::Imported)) => {
                    imported += 1;
                    result.optional("id", id).string("status", "imported")
                }
                (id, Ok(ImportStatus::Unchanged)) => {
                    unchanged += 1;
                    result.optional("id", id).string("status", "unchanged")
                }
                (id, Ok(ImportStatus::Deleted)) => {
                    rejected += 1;
                    let message = "This conversation was deleted; its id cannot be used again.";
                    reject(result, id, ErrorCode::ConversationDeleted, message)
                }
                (id, Ok(ImportStatus::ClaimUnfinished)) => {
                    rejected += 1;
                    let message =
                        "A claim is moving this conversation here: repeat the claim first.";
                    reject(result, id, ErrorCode::ClaimUnfinished, message)
                }
                (id, Ok(ImportStatus::OverQuota(quota))) => {
                    rejected += 1;
                    reject(result, id, quota.code(), quota.message())
                }
                (id, Err(reason)) => {
                    rejected += 1;
                    reject(result, id, reason.code, &reason.message)
                }
            };
            results.push(result.finish());
        }
        ObjectWriter::with_capacity(results.len() * 100 + 100)
            .plain("imported", imported)
            .plain("unchanged", unchanged)
            .plain("rejected", rejected)
            .array("results", results)
            .plain("clock", clock)
            .finish()
    }

    fn outcome<'a>(
        &'a self,
        item: &'a Item,
        statuses: &[ImportStatus],
    ) -> (Option<&'a str>, Result<ImportStatus, &'a Invalid>) {
        match item {
            Item::Accepted(at) => {
                let id = self.conversations.get(*at).map(|(id, _)| id.as_str());
                // A status per conversation is what the store returns.
                (
                    id,
                    Ok(statuses
                        .get(*at)
                        .copied()
                        .unwrap_or(ImportStatus::Unchanged)),
                )
            }
            Item::Rejected { id, reason } => (id.as_deref(), Err(reason)),
        }
    }
}

fn reject(result: ObjectWriter, id: Option<&str>, code: ErrorCode, message: &str) -> ObjectWriter {
    result
        .optional("id", id)
        .string("status", "rejected")
        .string("code", code.as_str())
        .string("message", message)
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
                && (object.get("id").is_some() || object.get("export").is_some())
        })
}

/// What the lines hold: each is judged on its own, be it JSON or not.
fn conversations_of_lines(body: &[u8]) -> Vec<Result<&RawValue, Invalid>> {
    lines(body)
        .filter(|line| !is_end_of_export(line))
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

/// The last line of an export counts what came before, and is no conversation.
fn is_end_of_export(line: &[u8]) -> bool {
    const LONGEST: usize = 200;
    line.len() <= LONGEST
        && Object::parse(line, "")
            .is_ok_and(|mut object| object.take("export").is_some() && object.is_empty())
}

type Judged = Result<(ConversationId, NewConversation), Invalid>;

/// Judges each. To read and compress the messages is most of an import's work, so all cores do it where it is worth
/// starting threads.
fn judge_all(sent: &[Result<&RawValue, Invalid>], bytes: usize, now: Timestamp) -> Vec<Judged> {
    const WORTH_IT: usize = 500_000;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = if bytes < WORTH_IT { 1 } else { cores };
    let share = sent.len().div_ceil(threads).max(1);
    let judge_share = |first: usize, share: &[Result<&RawValue, Invalid>]| -> Vec<Judged> {
        let share = share.iter().zip(first..);
        share
            .map(|(raw, index)| raw.clone().and_then(|raw| judge(raw, index, now)))
            .collect()
    };
    if share >= sent.len() {
        return judge_share(0, sent);
    }
    thread::scope(|scope| {
        let shares = sent.chunks(share).zip((0..).step_by(share));
        let work: Vec<_> = shares
            .map(|(share, first)| scope.spawn(move || judge_share(first, share)))
            .collect();
        work.into_iter()
            .flat_map(|share| share.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

fn judge(raw: &RawValue, index: usize, now: Timestamp) -> Judged {
    let path = format!("[{index}]");
    let conversation = NewConversation::parse(raw.get().as_bytes(), &path, now)?;
    let id = conversation
        .id
        .clone()
        .ok_or_else(|| Invalid::id(&format!("{path}.id")))?;
    Ok((id, conversation))
}

/// The id of a rejected conversation, where at least that is in order.
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
    fn what_several_cores_judge_is_reported_in_the_order_sent() {
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
