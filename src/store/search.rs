//! Searching: which conversations may match, their texts, and signatures for those without one.

use super::call::Call;
use super::export::stored_ids;
use super::reply::Nested;
use super::scripts::search::{
    Candidate, MatchedSignatures, ReadConversation, SignatureEntry, SignaturesMatch,
    SignaturesWrite, TextsRead,
};
use super::{DAY_MS, StoreError, UserStore};
use crate::model::{
    ConversationFilter, ConversationId, NewMessage, StoredMessage, Summary, Timestamp, spellings,
    text_of,
};
use crate::search::{Query, Signature};
use crate::upkeep::Task;

use super::search_cursor::Beginning;
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

/// The result of one step of a search.
#[derive(Debug)]
pub struct Step {
    /// The conversations that may have what is looked for, the best first.
    pub conversations: Vec<Searched>,
    /// How many conversations there are.
    pub total: u64,
    /// How many of them were looked at.
    pub looked_at: u64,
    /// How many of these have a signature.
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
    pub messages: Vec<StoredMessage>,
    /// Whether these are all.
    pub is_whole: bool,
}

/// How many conversations a step reads at most: 12 commands are what a page may cost, of which 7 are for the two requests, the count
/// of the call, the list and what is known of each conversation.
pub const READ_AT_ONCE: usize = 5;
/// How many bytes of messages, as they are stored, a step reads of whole conversations; a larger one is read in parts of so many.
const READ_BYTES: u64 = 1_500_000;
/// The most messages of a part.
const PART: u64 = 2_000;
/// How many bytes of messages, as they are unpacked, a step reads at most, but for one message that is longer: texts that repeat themselves
/// are stored in a hundredth of what they are.
const READ_WEIGHT: u64 = 4_000_000;
/// The same of what is read at once to make signatures of it, after a response.
const INDEXED_WEIGHT: u64 = 16_000_000;

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
        let start = SearchCursor::default();
        let after = after.unwrap_or(&start);
        let call = self.match_call(query, scope, limit, after);
        let reply = self.read(call).await?;
        let unindexed = stored_ids(&reply.unindexed.0)?;
        if !unindexed.is_empty() {
            let task = Task::Index(self.caller.user.clone(), unindexed);
            self.caller.context.add_upkeep(task);
        }
        let (read, part) = plan(&reply.candidates, after);
        let ids = stored_ids(read.iter().map(|candidate| &candidate.id))?;
        let (conversations, stop) = self.read_texts(&ids, part).await?;
        let next = match stop.last_of(&reply) {
            Some(last) => Some(reply.page(after).behind(last, stop.rest)),
            None => reply.behind_all(after),
        };
        Ok(Step {
            conversations,
            total: reply.total,
            looked_at: reply.looked_at,
            indexed: reply.indexed,
            next,
        })
    }

    fn match_call<'a>(
        &self,
        query: &Query,
        scope: &SearchScope,
        limit: usize,
        after: &'a SearchCursor,
    ) -> SignaturesMatch<'a> {
        let filter = &scope.filter;
        let now = self.store.clock.now_ms();
        let tag = filter.tag.as_deref().map(spellings).unwrap_or_default();
        SignaturesMatch {
            limit,
            archived: filter.archived,
            pinned: filter.pinned,
            expires_by: filter
                .expiring_days
                .map(|days| now + i64::from(days) * DAY_MS),
            updated_from: scope.updated_from.map(Timestamp::as_ms),
            updated_until: scope.updated_until.map(Timestamp::as_ms),
            began: after.began.map(|began| began.changes),
            prepared: after.began.map(|began| began.prepared),
            window: after.window.as_ref(),
            until: after.until.as_ref(),
            tier: after.place.as_ref().map(|(tier, _)| *tier),
            after: after.after(),
            goes_on: after.part.is_some(),
            tag_count: tag.len(),
            tag,
            probe: query.probes(),
        }
    }

    /// The conversations that are there still, and how far that came.
    async fn read_texts(
        &self,
        ids: &[ConversationId],
        part: Option<(u64, u64)>,
    ) -> Result<(Vec<Searched>, Stop), StoreError> {
        let mut conversations = Vec::new();
        if ids.is_empty() {
            return Ok((conversations, Stop::default()));
        }
        let mut read = self.texts(ids, part, READ_WEIGHT).await?;
        let rest_of = |read: &Option<ReadConversation>| read.as_ref().and_then(|read| read.next);
        // What was too much for this step was not read, nor was what is behind it. By itself it comes in parts.
        let fits = read.iter().take_while(|read| rest_of(read) != Some(0));
        let fits = fits.count();
        let taken = fits.max(1);
        let rest = read.get(taken - 1).and_then(rest_of);
        let stop = Stop {
            taken,
            rest: rest.map(|rest| u32::try_from(rest).unwrap_or(u32::MAX)),
        };
        read.truncate(fits);
        for (id, read) in ids.iter().zip(read) {
            let Some(read) = read else { continue };
            conversations.push(Searched {
                is_whole: part.is_none_or(|(first, _)| first == 0 && read.next.is_none()),
                summary: read
                    .conversation
                    .into_summary(id.to_string(), &self.tags())?,
                messages: read.messages.read_known().collect(),
            });
        }
        Ok((conversations, stop))
    }

    async fn texts(
        &self,
        ids: &[ConversationId],
        part: Option<(u64, u64)>,
        max_weight: u64,
    ) -> Result<Vec<Option<ReadConversation>>, StoreError> {
        let call = TextsRead {
            first: part.map(|(first, _)| first),
            count: part.map_or(0, |(_, count)| count),
            max_weight,
            ids,
        };
        let reply = self.within_call().read(call).await?;
        let conversations = reply.conversations.into_iter();
        Ok(conversations.map(|Nested(read)| read).collect())
    }

    /// Gives signatures to conversations that have none, the last changed first, as many as may be prepared at once.
    pub(super) async fn index_more(&self) -> Result<(), StoreError> {
        let scope = SearchScope::default();
        let start = SearchCursor::default();
        let call = self.match_call(&Query::default(), &scope, 0, &start);
        let reply = self.within_call().read(call).await?;
        let ids = stored_ids(&reply.unindexed.0)?;
        match ids.is_empty() {
            true => Ok(()),
            false => self.index(&ids).await,
        }
    }

    /// Gives these conversations signatures.
    pub(super) async fn index(&self, ids: &[ConversationId]) -> Result<(), StoreError> {
        let read = self.texts(ids, None, INDEXED_WEIGHT).await?;
        let mut entries = Vec::new();
        for (index, (id, read)) in ids.iter().zip(read).enumerate() {
            let Some(read) = read else { continue };
            let is_read = read.next.is_none();
            // What did not fit beside others comes next time; what does not fit by itself is given up.
            if !is_read && index > 0 {
                break;
            }
            let summary = read.conversation.into_versioned(id.to_string())?;
            let Some((summary, version)) = summary else {
                continue;
            };
            let messages = read.messages.read_known();
            entries.push(SignatureEntry {
                id,
                version: version.to_word(),
                signature: match is_read {
                    true => signature_of(&summary, messages),
                    false => String::new(),
                },
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

fn signature_of(summary: &Summary, messages: impl Iterator<Item = StoredMessage>) -> String {
    let mut signature = Signature::default();
    if let Some(title) = summary.title_text() {
        signature.add_title(&title);
    }
    for message in messages {
        signature.add_text(&message.search_text());
    }
    signature.to_text()
}

/// How far a step came.
#[derive(Default)]
struct Stop {
    /// How many of the candidates it has read, or begun to read.
    taken: usize,
    /// Where the rest of the last one begins: how many messages were read.
    rest: Option<u32>,
}

impl Stop {
    /// Behind which candidate the next step begins; `None` behind all.
    fn last_of<'r>(&self, reply: &'r MatchedSignatures) -> Option<&'r Candidate> {
        let is_all = self.rest.is_none() && self.taken == reply.candidates.len();
        let last = self.taken.checked_sub(1)?;
        reply
            .candidates
            .get(last)
            .filter(|_| !is_all || reply.has_more)
    }
}

/// The tier of what has changed since the search began, see `signatures_match.lua`.
const CHANGED: u32 = 5;

impl MatchedSignatures {
    fn began(&self) -> Option<Beginning> {
        Some(Beginning {
            changes: self.began,
            prepared: self.prepared,
        })
    }

    /// The beginning of the page that this was, among those that were looked at for it.
    fn page(&self, after: &SearchCursor) -> SearchCursor {
        SearchCursor {
            began: self.began(),
            window: after.window.clone(),
            until: self.last.clone(),
            place: after.place.clone(),
            part: None,
        }
    }

    /// Behind all of those that were looked at.
    fn behind_all(&self, after: &SearchCursor) -> Option<SearchCursor> {
        let is_in_changed = after
            .place
            .as_ref()
            .is_some_and(|(tier, _)| *tier == CHANGED);
        let last = self.last.clone();
        let (window, place) = match &*self.then {
            "window" => (last, None),
            "changed" => (None, Some((CHANGED, last.filter(|_| is_in_changed)))),
            "again" => return Some(SearchCursor::default()),
            _ => return None,
        };
        Some(SearchCursor {
            began: self.began(),
            window,
            place,
            ..SearchCursor::default()
        })
    }
}

/// Which of the candidates are read, and of a large one, which comes alone, the part: how many messages are passed over, and how many
/// read.
fn plan<'c>(
    candidates: &'c [Candidate],
    after: &SearchCursor,
) -> (&'c [Candidate], Option<(u64, u64)>) {
    let Some(first) = candidates.first() else {
        return (candidates, None);
    };
    let passed = after.passed(first);
    if passed.is_some() || first.bytes > READ_BYTES {
        let average = (first.bytes / first.messages.max(1)).max(1);
        let count = (READ_BYTES / average).clamp(1, PART);
        return (&candidates[..1], Some((passed.unwrap_or(0), count)));
    }
    let mut bytes = 0;
    let fits = candidates.iter().take_while(|candidate| {
        bytes += candidate.bytes;
        bytes <= READ_BYTES
    });
    (&candidates[..fits.count()], None)
}
