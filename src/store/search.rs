//! Searching: which conversations may have what is looked for, their texts, and signatures for those that have none.

use super::call::Call;
use super::contract::Field;
use super::export::stored_ids;
use super::reply_reader::ReplyReader;
use super::scripts::search::{
    Candidate, ReadConversation, SignatureEntry, SignaturesMatch, SignaturesWrite, TextsRead,
};
use super::{DAY_MS, StoreError, UserStore};
use crate::model::{
    ConversationFilter, ConversationId, NewMessage, StoredMessage, Summary, Timestamp, spellings,
    text_of,
};
use crate::search::{Query, Signature};
use crate::upkeep::Task;

pub use super::search_cursor::SearchCursor;

/// Where is searched.
#[derive(Clone, Debug, Default)]
pub struct SearchScope {
    /// Conversations that fit this...
    pub filter: ConversationFilter,
    /// ...and changed no earlier...
    pub updated_from: Option<Timestamp>,
    /// ...and no later.
    pub updated_until: Option<Timestamp>,
}

/// What one step of a search has read.
#[derive(Debug)]
pub struct Step {
    /// The conversations that may have what is looked for, the best first.
    pub conversations: Vec<Searched>,
    /// How many conversations were looked at.
    pub total: u64,
    /// How many of them have a signature.
    pub indexed: u64,
    /// Where the next step begins; `None` at the end.
    pub next: Option<SearchCursor>,
}

/// A conversation with messages of it.
#[derive(Debug)]
pub struct Searched {
    /// The conversation.
    pub summary: Summary,
    /// All of its messages, or a part.
    pub messages: Vec<SearchedMessage>,
    /// Whether these are all.
    pub is_whole: bool,
}

/// A message, as it is stored.
#[derive(Debug)]
pub struct SearchedMessage(StoredMessage);

impl std::ops::Deref for SearchedMessage {
    type Target = StoredMessage;

    fn deref(&self) -> &StoredMessage {
        &self.0
    }
}

/// How many conversations a step reads at most: 12 commands are what a page may cost, of which 7 are for the two requests, the count
/// of the call, the list and what is known of each conversation.
pub const READ_AT_ONCE: usize = 5;
/// How many bytes of messages, as they are stored, a step reads of whole conversations; a larger one is read in parts of so many.
const READ_BYTES: u64 = 1_500_000;
/// The most messages of a part.
const PART: u64 = 2_000;

/// The signature of a title, JSON text, and of messages.
pub(super) fn signature(title: Option<&str>, messages: &[NewMessage]) -> String {
    let mut signature = Signature::default();
    if let Some(title) = title.and_then(text_of) {
        signature.add_title(&title);
    }
    for message in messages {
        signature.add_text(&message.search_text());
    }
    signature.to_text()
}

/// The signature of a text.
pub(super) fn signature_of_text(text: &str) -> String {
    let mut signature = Signature::default();
    signature.add_text(text);
    signature.to_text()
}

impl UserStore<'_> {
    /// One step of a search: conversations that may have what the query asks for, at most `limit`, and their messages.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search_step(
        &self,
        query: &Query,
        scope: &SearchScope,
        limit: usize,
        after: Option<&SearchCursor>,
    ) -> Result<Step, StoreError> {
        let limit = limit.min(READ_AT_ONCE);
        let call = self.match_call(query, scope, limit, after);
        let reply = self.read(call).await?;
        let unindexed = stored_ids(&reply.unindexed.0)?;
        if !unindexed.is_empty() {
            let task = Task::Index(self.caller.user.clone(), unindexed);
            self.caller.context.add_upkeep(task);
        }
        let window = after.and_then(|after| after.window.clone());
        let first = after.and_then(|after| after.part).unwrap_or(0);
        let (read, part) = plan(&reply.candidates, first);
        let ids = stored_ids(read.iter().map(|candidate| &candidate.id))?;
        let (conversations, rest) = self.read_texts(&ids, part).await?;
        let is_all = rest.is_none() && read.len() == reply.candidates.len() && !reply.has_more;
        let next = match read.last() {
            Some(last) if !is_all => Some(SearchCursor::behind(window, last, rest)),
            _ => reply.next.map(SearchCursor::window),
        };
        Ok(Step {
            conversations,
            total: reply.total,
            indexed: reply.indexed,
            next,
        })
    }

    fn match_call<'a>(
        &self,
        query: &Query,
        scope: &SearchScope,
        limit: usize,
        after: Option<&'a SearchCursor>,
    ) -> SignaturesMatch<'a> {
        let filter = &scope.filter;
        let now = self.store.clock.now_ms();
        let tag = filter.tag.as_deref().map(spellings).unwrap_or_default();
        let place = after.and_then(|after| after.place.as_ref());
        SignaturesMatch {
            limit,
            archived: filter.archived,
            pinned: filter.pinned,
            expires_by: filter
                .expiring_days
                .map(|days| now + i64::from(days) * DAY_MS),
            updated_from: scope.updated_from.map(Timestamp::as_ms),
            updated_until: scope.updated_until.map(Timestamp::as_ms),
            window: after.and_then(|after| after.window.as_ref()),
            tier: place.map(|(tier, _)| *tier),
            after: place.map(|(_, after)| after),
            goes_on: after.is_some_and(|after| after.part.is_some()),
            tag_count: tag.len(),
            tag,
            probe: query.probes(),
        }
    }

    /// The conversations that are there still, and where the rest of the only one's messages begins.
    async fn read_texts(
        &self,
        ids: &[ConversationId],
        part: Option<(u64, u64)>,
    ) -> Result<(Vec<Searched>, Option<u64>), StoreError> {
        if ids.is_empty() {
            return Ok((Vec::new(), None));
        }
        let read = self.texts(ids, part).await?;
        let (mut conversations, mut rest) = (Vec::new(), None);
        for (id, read) in ids.iter().zip(read) {
            let Some(read) = read else { continue };
            rest = read.next;
            conversations.push(Searched {
                summary: read
                    .conversation
                    .into_summary(id.to_string(), &|id, version| self.tag_of(id, version))?,
                messages: read.messages.read_known().map(SearchedMessage).collect(),
                is_whole: part.is_none_or(|(first, _)| first == 0 && read.next.is_none()),
            });
        }
        Ok((conversations, rest))
    }

    async fn texts(
        &self,
        ids: &[ConversationId],
        part: Option<(u64, u64)>,
    ) -> Result<Vec<Option<ReadConversation>>, StoreError> {
        let call = TextsRead {
            first: part.map(|(first, _)| first),
            count: part.map_or(0, |(_, count)| count),
            ids,
        };
        Ok(self.within_call().read(call).await?.conversations)
    }

    /// Gives signatures to conversations that have none, the last changed first, as many as may be prepared at once.
    pub(super) async fn index_more(&self) -> Result<(), StoreError> {
        let scope = SearchScope::default();
        let call = self.match_call(&Query::default(), &scope, 0, None);
        let reply = self.within_call().read(call).await?;
        let ids = stored_ids(&reply.unindexed.0)?;
        match ids.is_empty() {
            true => Ok(()),
            false => self.index(&ids).await,
        }
    }

    /// Gives these conversations signatures.
    pub(super) async fn index(&self, ids: &[ConversationId]) -> Result<(), StoreError> {
        let read = self.texts(ids, None).await?;
        let mut entries = Vec::new();
        for (id, read) in ids.iter().zip(read) {
            let Some(read) = read else { continue };
            let mut signature = Signature::default();
            let summary = read.conversation.into_versioned(id.to_string())?;
            let Some((summary, version)) = summary else {
                continue;
            };
            if let Some(title) = summary.title_text() {
                signature.add_title(&title);
            }
            for message in read.messages.read_known() {
                signature.add_text(&message.search_text());
            }
            entries.push(SignatureEntry {
                id,
                version: version.to_word(),
                signature: signature.to_text(),
            });
        }
        if entries.is_empty() {
            return Ok(());
        }
        self.write(Call::from(SignaturesWrite { entries }))
            .await
            .map(drop)
    }
}

/// Which of the candidates are read, and of a large one, which comes alone, the part: how many messages are passed over, and how many
/// read.
fn plan(candidates: &[Candidate], first: u64) -> (&[Candidate], Option<(u64, u64)>) {
    let is_large = |candidate: &Candidate| candidate.bytes > READ_BYTES;
    if let Some(large) = candidates.first().filter(|one| first > 0 || is_large(one)) {
        let average = (large.bytes / large.messages.max(1)).max(1);
        let count = (READ_BYTES / average).clamp(1, PART);
        return (&candidates[..1], Some((first, count)));
    }
    let mut bytes = 0;
    let fits = candidates.iter().take_while(|candidate| {
        bytes += candidate.bytes;
        bytes <= READ_BYTES
    });
    let count = fits.count().max(candidates.len().min(1));
    (&candidates[..count], None)
}

/// Each is a list of its own, empty where there is no such conversation.
impl Field for Option<ReadConversation> {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        let mut own = reply.nested()?;
        if own.is_empty() {
            return Ok(None);
        }
        Field::read(&mut own).map(Some)
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        ReadConversation::names(field)
    }
}
