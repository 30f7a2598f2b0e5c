//! Forks: new conversations that begin with the messages of another one, or of a share.

use std::ops::Range;

use super::call::Call;
use super::reply::ChangeSequence;
use super::scripts::conversations::ConversationFork;
use super::scripts::messages::MessagesAppend;
use super::scripts::shares::{ShareFork, ShareRead};
use super::written::Written;
use super::{Outcome, StoreError, UserStore};
use crate::ErrorCode;
use crate::context::{Caller, RateLimitKey};
use crate::identity::UserId;
use crate::model::{
    ConversationId, Fork, MessageId, NewConversation, NewMessage, Parent, ShareId, limits,
};
use crate::upstash::encoded_len;

/// The most messages that one call adds to a fork once it is there.
const PORTION_MESSAGES: usize = 3_000;

/// The content of a share in another database.
#[derive(Default)]
struct ReadShare {
    title: String,
    messages: Vec<NewMessage>,
}

impl UserStore<'_> {
    /// Makes a new conversation from another one's path, up to a message or to its head; or from a share.
    ///
    /// # Errors
    /// `ConversationNotFound`; `MessageNotFound`; `ShareNotFound`; `ConversationDeleted`; `ConversationExists`; a quota; or the database failed.
    pub async fn fork(
        &self,
        id: &ConversationId,
        fork: &Fork,
        conversation: &NewConversation,
    ) -> Result<Written, StoreError> {
        let written = match fork {
            Fork::Conversation {
                id: source,
                message,
            } => {
                self.fork_conversation(id, source, message.as_ref(), conversation)
                    .await?
            }
            Fork::Share(share) => {
                let share = share
                    .as_ref()
                    .ok_or(StoreError::Refused(ErrorCode::ShareNotFound))?;
                self.fork_share(id, share, conversation).await?
            }
        };
        if written.outcome == Outcome::Created {
            self.count_conversation("created");
        }
        Ok(written)
    }

    async fn fork_conversation(
        &self,
        id: &ConversationId,
        source: &ConversationId,
        message: Option<&MessageId>,
        conversation: &NewConversation,
    ) -> Result<Written, StoreError> {
        let call = ConversationFork {
            source,
            message,
            record: conversation.record.as_str(),
            save_digest: &conversation.digest,
        };
        self.write(Call::about(id, call))
            .await?
            .into_written(id, &self.tags())
    }

    /// In one call if the share is in the user's database. Otherwise it is read first, and copied in as few calls as
    /// possible; repeating the request continues an interrupted copy.
    async fn fork_share(
        &self,
        id: &ConversationId,
        share: &ShareId,
        conversation: &NewConversation,
    ) -> Result<Written, StoreError> {
        let call = ShareFork {
            share,
            secret: share.secret(),
            place: "here",
            record: conversation.record.as_str(),
            save_digest: &conversation.digest,
            title: "",
            later_messages: 0,
            later_bytes: 0,
            messages: &[],
            is_here: true,
        };
        if self.store.databases.index_of(share.database_name()) == self.database {
            return self.write_fork(id, call).await;
        }
        self.check_writing()?;
        let mut read = match self.read_share(share).await {
            Err(StoreError::Refused(ErrorCode::ShareNotFound)) => {
                // A repeat is told what it was told before, also where the share is gone since.
                let call = ShareFork {
                    place: "missing",
                    is_here: false,
                    ..call
                };
                return self.write_fork(id, call).await;
            }
            read => read?,
        };
        let portions = portions(&mut read.messages);
        let (first, later) = read.messages.split_at(portions[0].end);
        let sizes = later.iter().map(|message| message.record.as_str().len());
        let call = ShareFork {
            place: "sent",
            title: &read.title,
            later_messages: later.len(),
            later_bytes: sizes.sum(),
            messages: first,
            is_here: false,
            ..call
        };
        let written = self.write_fork(id, call).await?;
        let later = portions.into_iter().map(|portion| &read.messages[portion]);
        self.complete(id, written, later.skip(1)).await
    }

    /// All of a share in another database, page by page, counted like any reading of a share.
    async fn read_share(&self, share: &ShareId) -> Result<ReadShare, StoreError> {
        let reader = Caller {
            user: UserId::anonymous(),
            rate_limit_key: RateLimitKey::Reader(self.caller.address.clone()),
            ..self.caller.clone()
        };
        let there = self.store.for_name(&reader, share.database_name());
        let (mut read, mut next) = (ReadShare::default(), Some(0));
        while let Some(part) = next {
            let call = ShareRead {
                part,
                secret: share.secret(),
                max_bytes: limits::IMPORT_CALL,
                share,
            };
            let reply = there.read(call).await?;
            read.title = reply.title;
            read.messages.extend(reply.messages.copied()?);
            next = reply.next;
        }
        Ok(read)
    }

    /// Adds the messages that did not fit the first call.
    async fn complete<'m>(
        &self,
        id: &ConversationId,
        first: Written,
        later: impl Iterator<Item = &'m [NewMessage]>,
    ) -> Result<Written, StoreError> {
        let (outcome, before) = (first.outcome, first.change_sequence.before);
        let mut written = first;
        for (index, messages) in later.enumerate() {
            let call = MessagesAppend {
                title: String::new(),
                // The fork itself has none either.
                signature: String::new(),
                messages,
            };
            let reply = self.write(Call::about(id, call).part(index + 1)).await;
            let reply = match reply {
                // The fork was complete before this repeat, and was changed since.
                Err(StoreError::MessageExists { .. } | StoreError::MessageDeleted { .. })
                    if outcome == Outcome::Unchanged =>
                {
                    return Ok(written);
                }
                reply => reply?,
            };
            let tag_of = self.tags();
            let last = reply.written.into_written(id, &tag_of)?;
            let after = last.change_sequence.after;
            written = Written {
                outcome,
                change_sequence: ChangeSequence { before, after },
                ..last
            };
        }
        Ok(written)
    }

    async fn write_fork(
        &self,
        id: &ConversationId,
        call: ShareFork<'_>,
    ) -> Result<Written, StoreError> {
        self.write(Call::about(id, call))
            .await?
            .into_written(id, &self.tags())
    }
}

/// The messages of a fork for each call, at least one call. The first message of a later portion names its parent: another
/// client may have added to the fork meanwhile.
fn portions(messages: &mut [NewMessage]) -> Vec<Range<usize>> {
    /// The other fields, and what separates arguments.
    const EACH: usize = 400;
    let (mut portions, mut portion, mut size) = (Vec::new(), 0..0, 0);
    for (at, message) in messages.iter().enumerate() {
        let most = match portions.len() {
            0 => limits::IMPORT_MESSAGES,
            _ => PORTION_MESSAGES,
        };
        let own = encoded_len(message.record.as_str()) + EACH;
        if !portion.is_empty() && (size + own > limits::IMPORT_CALL || portion.len() >= most) {
            portions.push(std::mem::replace(&mut portion, at..at));
            size = 0;
        }
        size += own;
        portion.end = at + 1;
    }
    portions.push(portion);
    for portion in portions.iter().skip(1) {
        let before = messages[portion.start - 1].id.clone();
        messages[portion.start].parent = Parent::Message(before);
    }
    portions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portions_of(count: usize, size: usize) -> Vec<(Range<usize>, Parent)> {
        let record = "x".repeat(size);
        let message = |at| {
            let body = format!("{at} 5 0 digest\u{1e}{record}");
            NewMessage::from_stored(&format!("m{at}"), &body).unwrap()
        };
        let mut messages: Vec<NewMessage> = (0..count).map(message).collect();
        let portions = portions(&mut messages);
        let parent = |portion: &Range<usize>| messages.get(portion.start).map(|m| m.parent.clone());
        portions
            .into_iter()
            .map(|portion| (portion.clone(), parent(&portion).unwrap_or_default()))
            .collect()
    }

    #[test]
    fn what_fits_one_call_is_one_portion_and_what_does_not_names_what_it_follows() {
        let behind = |id: &str| Parent::Message(MessageId::parse(id, "id").unwrap());
        assert_eq!(portions_of(0, 0), [(0..0, Parent::Previous)]);
        assert_eq!(portions_of(100, 30_000), [(0..100, Parent::Previous)]);
        assert_eq!(
            portions_of(5, 2_900_000),
            [
                (0..2, Parent::Previous),
                (2..4, behind("m1")),
                (4..5, behind("m3")),
            ]
        );
        // An oversized message gets its own call.
        assert_eq!(portions_of(2, 7_000_000).len(), 2);
        let many: Vec<_> = portions_of(24_000, 1)
            .into_iter()
            .map(|(portion, _)| portion.len())
            .collect();
        assert_eq!(many.iter().sum::<usize>(), 24_000);
        assert!(many[0] > PORTION_MESSAGES);
        assert!(many[1..].iter().all(|count| *count <= PORTION_MESSAGES));
    }
}
