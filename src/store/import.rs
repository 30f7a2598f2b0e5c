//! Importing many conversations, in as few requests as the database takes.

use std::cmp::Reverse;
use std::ops::Range;

use super::call::Call;
use super::scripts::import::{ConversationsImport, ImportOutcome, ImportPiece};
use super::search::signature;
use super::{StoreError, UserStore};
use crate::ErrorCode;
use crate::model::{ConversationId, NewConversation, NewMessage, limits};
use crate::upstash::{UpstashError, encoded_len};

/// The outcome of one conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportStatus {
    /// It is new, or some of its messages were.
    Imported,
    /// It existed, and was updated from its source.
    Updated,
    /// It was all there already.
    Unchanged,
    /// It was not imported: it was deleted here, does not fit, or a claim is moving it here.
    Refused(ErrorCode),
}

impl ImportOutcome {
    fn status(self, follows_source: bool) -> ImportStatus {
        match self {
            Self::Merged if follows_source => ImportStatus::Updated,
            Self::Imported | Self::Merged => ImportStatus::Imported,
            Self::Unchanged => ImportStatus::Unchanged,
            Self::Refused(code) => ImportStatus::Refused(code),
        }
    }
}

/// The result of an import.
#[derive(Debug)]
pub struct Imported {
    /// A status per conversation, in the order they were given.
    pub statuses: Vec<ImportStatus>,
    /// The user's change sequence.
    pub change_sequence: i64,
}

/// Some messages of one conversation of the import.
struct Piece {
    conversation: usize,
    messages: Range<usize>,
    /// Bytes of the conversation's own arguments and of its messages, as JSON.
    size: usize,
}

impl UserStore<'_> {
    /// Imports conversations: new ones whole, and into those already there the messages they lack. Those that follow a source
    /// elsewhere become what that is, where nobody has changed them here. No two may share an id.
    ///
    /// # Errors
    /// When the database fails; what was imported until then stays, and importing again continues.
    pub async fn import(
        &self,
        conversations: &[(ConversationId, NewConversation)],
        follows_source: bool,
    ) -> Result<Imported, StoreError> {
        let mut statuses = vec![ImportStatus::Unchanged; conversations.len()];
        let mut change_sequence = 0;
        for (part, pieces) in calls(conversations).iter().enumerate() {
            let outcomes;
            (change_sequence, outcomes) = self
                .import_some(conversations, pieces, part, follows_source)
                .await?;
            for (piece, outcome) in pieces.iter().zip(outcomes) {
                let status = outcome.status(follows_source);
                let known = &mut statuses[piece.conversation];
                // A conversation that does not fit is reported, even if an earlier piece did.
                let is_more_of_new =
                    status == ImportStatus::Updated && *known == ImportStatus::Imported;
                if status != ImportStatus::Unchanged && !is_more_of_new {
                    *known = status;
                }
            }
        }
        self.count_imported(conversations, &statuses);
        Ok(Imported {
            statuses,
            change_sequence,
        })
    }

    async fn import_some(
        &self,
        conversations: &[(ConversationId, NewConversation)],
        pieces: &[Piece],
        part: usize,
        follows_source: bool,
    ) -> Result<(i64, Vec<ImportOutcome>), StoreError> {
        let sent = pieces.iter().map(|piece| {
            let (id, conversation) = &conversations[piece.conversation];
            ImportPiece {
                is_followed: follows_source,
                ..self.piece_of(id, conversation, piece.messages.clone())
            }
        });
        let call = ConversationsImport {
            conversations: sent.collect(),
        };
        let reply = self.write(Call::from(call).part(part)).await?;
        if reply.outcomes.len() != pieces.len() {
            return Err(UpstashError::Malformed.into());
        }
        Ok((reply.change_sequence, reply.outcomes))
    }

    fn piece_of<'a>(
        &self,
        id: &'a ConversationId,
        conversation: &'a NewConversation,
        messages: Range<usize>,
    ) -> ImportPiece<'a> {
        let began = conversation
            .messages
            .iter()
            .map(|message| message.timestamp)
            .min();
        let created = conversation.created.or(began);
        let created = created.map_or_else(|| self.store.clock.now_ms(), |time| time.as_ms());
        let is_whole = messages.len() == conversation.messages.len();
        let digest = match is_whole {
            true => conversation.digest.clone(),
            false => format!("{}.{}", conversation.digest, messages.start),
        };
        ImportPiece {
            id,
            record: conversation.record.as_str(),
            created,
            updated: conversation.updated,
            total_tokens: conversation.total_tokens,
            digest,
            score: conversation.export.as_ref().map(|export| export.place),
            head: conversation.head.as_ref(),
            follows: messages
                .start
                .checked_sub(1)
                .map(|before| &conversation.messages[before].id),
            numbers: numbers_of(&conversation.messages[messages.clone()]),
            is_followed: false,
            signature: signature(
                conversation.record.title(),
                &conversation.messages[messages.clone()],
            ),
            message_count: messages.len(),
            messages: &conversation.messages[messages],
        }
    }

    fn count_imported(
        &self,
        conversations: &[(ConversationId, NewConversation)],
        statuses: &[ImportStatus],
    ) {
        for ((_, conversation), status) in conversations.iter().zip(statuses) {
            if *status == ImportStatus::Imported {
                self.count_conversation("imported");
                let total = conversation.messages.len() as u64;
                self.count_messages(conversation.messages.iter(), total);
            }
        }
    }
}

/// The numbers of all of these messages, separated by commas, where they have any.
pub(super) fn numbers_of(messages: &[NewMessage]) -> String {
    let numbers: Option<Vec<String>> = messages
        .iter()
        .map(|message| message.number.map(|number| number.to_string()))
        .collect();
    numbers.unwrap_or_default().join(",")
}

/// What each call of the script is to take: in the order in which conversations are to come to the top of the list, as
/// much at once as a request holds, and where a conversation is larger than that, in several calls.
fn calls(conversations: &[(ConversationId, NewConversation)]) -> Vec<Vec<Piece>> {
    // The one changed last comes last, and so to the top of the list.
    let mut order: Vec<usize> = (0..conversations.len()).collect();
    order.sort_by_key(|&index| (conversations[index].1.updated, Reverse(index)));

    let mut calls: Vec<Vec<Piece>> = vec![Vec::new()];
    let (mut size, mut count) = (0, 0);
    for piece in order
        .into_iter()
        .flat_map(|index| pieces_of(index, &conversations[index].1))
    {
        let is_full = size + piece.size > limits::IMPORT_CALL
            || count + piece.messages.len() > limits::IMPORT_MESSAGES;
        // Pieces of one conversation never share a call: each continues the one before.
        let last = calls.last().and_then(|call| call.last());
        let goes_on = last.is_some_and(|last| last.conversation == piece.conversation);
        if (is_full || goes_on) && calls.last().is_some_and(|call| !call.is_empty()) {
            calls.push(Vec::new());
            (size, count) = (0, 0);
        }
        size += piece.size;
        count += piece.messages.len();
        if let Some(call) = calls.last_mut() {
            call.push(piece);
        }
    }
    calls
}

/// A conversation in pieces that fit a call each: nearly always one.
fn pieces_of(index: usize, conversation: &NewConversation) -> Vec<Piece> {
    /// Keys, numbers and what separates arguments.
    const EACH: usize = 400;
    let own = encoded_len(conversation.record.as_str()) + EACH;
    let mut pieces = Vec::new();
    let mut piece = Piece {
        conversation: index,
        messages: 0..0,
        size: own,
    };
    for (at, message) in conversation.messages.iter().enumerate() {
        let size = encoded_len(message.record.as_str()) + EACH;
        let is_full = piece.size + size > limits::IMPORT_CALL
            || piece.messages.len() >= limits::IMPORT_MESSAGES;
        if is_full && !piece.messages.is_empty() {
            let next = Piece {
                conversation: index,
                messages: at..at,
                size: own,
            };
            pieces.push(std::mem::replace(&mut piece, next));
        }
        piece.size += size;
        piece.messages.end = at + 1;
    }
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn conversation(id: &str, messages: usize, size: usize) -> (ConversationId, NewConversation) {
        let messages: Vec<String> = (0..messages)
            .map(|index| {
                // Numbers that no compression makes much shorter.
                let number = |field: usize| (index * size + field + 1).wrapping_mul(2_654_435_761);
                let fields: Vec<String> = (0..size)
                    .map(|field| format!("\"{field}\":{}", number(field)))
                    .collect();
                let fields = fields.join(",");
                format!(r#"{{"id":"m{index}","type":"user","content":"","x":{{{fields}}}}}"#)
            })
            .collect();
        let json = format!(r#"{{"id":"{id}","messages":[{}]}}"#, messages.join(","));
        let parsed = NewConversation::parse(json.as_bytes(), "", Timestamp::from_ms(1)).unwrap();
        (ConversationId::parse(id, "id").unwrap(), parsed)
    }

    #[test]
    fn what_fits_one_request_is_one_call() {
        let all: Vec<_> = (0..50)
            .map(|index| conversation(&format!("c{index}"), 100, 3))
            .collect();
        let calls = calls(&all);
        assert_eq!(calls.len(), 1);
        let order: Vec<usize> = calls[0].iter().map(|piece| piece.conversation).collect();
        assert_eq!(order, (0..50).rev().collect::<Vec<_>>());
    }

    #[test]
    fn what_is_too_large_for_one_request_comes_in_several_and_whole() {
        let all = [
            conversation("small", 1, 1),
            conversation("large", 400, 3_000),
        ];
        let calls = calls(&all);
        assert!(calls.len() > 1);
        let mut next = 0;
        for call in &calls {
            let size: usize = call.iter().map(|piece| piece.size).sum();
            assert!(size <= limits::IMPORT_CALL, "{size}");
            for piece in call.iter().filter(|piece| piece.conversation == 1) {
                assert_eq!(piece.messages.start, next);
                next = piece.messages.end;
            }
        }
        assert_eq!(next, 400);
    }
}
