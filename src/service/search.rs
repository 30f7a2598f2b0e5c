//! Search in all conversations of a user, by titles and messages, a page at a time.

use std::cmp::Reverse;

use super::ServiceError;
use crate::App;
use crate::context::Caller;
use crate::model::{Invalid, StoredMessage, Summary, Timestamp, limits};
use crate::search::{Excerpt, Found, Query};
use crate::store::{SearchCursor, SearchScope, Searched};

/// A query, its scope, and the page.
#[derive(Clone, Debug)]
pub struct SearchQuery {
    /// What is looked for.
    pub text: Query,
    /// Where.
    pub scope: SearchScope,
    /// The kind of message that it has to be in: user, assistant, system or tool; `None` for any, and for titles.
    pub kind: Option<String>,
    /// How many conversations a page has at most; it may have fewer.
    pub limit: usize,
    /// Where the page begins.
    pub after: Option<SearchCursor>,
}

impl SearchQuery {
    /// A search for a typed query, everywhere, from the first page.
    ///
    /// # Errors
    /// `query_too_short`; `query_too_long`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Ok(Self {
            text: Query::parse(text)?,
            scope: SearchScope::default(),
            kind: None,
            limit: limits::CONVERSATION_PAGE.most,
            after: None,
        })
    }
}

/// How many messages of a conversation are shown.
pub const MOST_SHOWN: usize = 5;

/// A page of what was found.
#[derive(Debug)]
pub struct SearchPage {
    /// The conversations, the best first. There may be none although there are more pages.
    pub hits: Vec<Hit>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<SearchCursor>,
    /// How many conversations have a signature, or have too many words to get one, ...
    pub indexed: u64,
    /// ...of those that were looked at. Those without one are read by every search that comes to them, and come last.
    pub looked_at: u64,
    /// How many there are.
    pub total: u64,
}

/// A conversation in which something was found.
#[derive(Debug)]
pub struct Hit {
    /// The conversation.
    pub conversation: Summary,
    /// Its title, with what was found there; `None` where nothing was.
    pub title: Option<Excerpt>,
    /// In how many messages it was found, of those that this page has read.
    pub matches: usize,
    /// The best of them, the best first.
    pub messages: Vec<MessageHit>,
    /// Whether all messages of the conversation were read for this page. A large one comes on several pages.
    pub is_whole: bool,
}

/// A message in which something was found.
#[derive(Debug)]
pub struct MessageHit {
    /// Its id.
    pub id: String,
    /// What kind of message it is: user, assistant, system or tool.
    pub kind: Option<String>,
    /// When it was written.
    pub timestamp: Timestamp,
    /// What was found.
    pub excerpt: Excerpt,
}

/// A page of `caller`'s conversations that match `query`.
///
/// A message is found where its text and the conversation's title have all of the query, and the text at least a part; a
/// conversation where one of its messages is, or where the title has all of it.
///
/// # Errors
/// When the database fails.
pub async fn search(
    app: &App,
    caller: &Caller,
    query: &SearchQuery,
) -> Result<SearchPage, ServiceError> {
    let store = app.store.for_user(caller);
    let (limit, after) = (query.limit, query.after.as_ref());
    let step = store
        .search_step(&query.text, &query.scope, limit, after)
        .await?;
    let found = step.conversations.into_iter();
    let mut hits: Vec<(u64, Hit)> = found.filter_map(|one| hit(query, one)).collect();
    hits.sort_by_key(|(score, hit)| (Reverse(*score), Reverse(hit.conversation.counters.updated)));
    Ok(SearchPage {
        hits: hits.into_iter().map(|(_, hit)| hit).collect(),
        next: step.next,
        indexed: step.indexed,
        looked_at: step.looked_at,
        total: step.total,
    })
}

/// What was found in a conversation, and how good it is.
fn hit(query: &SearchQuery, searched: Searched) -> Option<(u64, Hit)> {
    let conversation = searched.summary;
    let tag = query.scope.filter.tag.as_deref();
    if tag.is_some_and(|tag| !conversation.has_tag(tag)) {
        return None;
    }
    let title = conversation.title_text().unwrap_or_default();
    let in_title = query.text.find(&title);
    let mut messages: Vec<Match<'_>> = searched
        .messages
        .iter()
        .filter_map(|message| match_message(query, &in_title, message))
        .collect();
    let is_titled = query.kind.is_none() && in_title.is_all();
    if messages.is_empty() && !is_titled {
        return None;
    }
    messages.sort_by_key(|one| (Reverse(one.score), Reverse(one.message.timestamp())));
    let matches = messages.len();
    let best = messages.first().map_or(0, |one| one.score);
    let score = weight(&in_title) * 3 + best + (matches as u64).min(10);
    let shown = messages.iter().take(MOST_SHOWN);
    let hit = Hit {
        title: in_title
            .is_some()
            .then(|| Excerpt::whole(&title, &in_title)),
        conversation,
        matches,
        messages: shown.map(|one| one.to_hit(query)).collect(),
        is_whole: searched.is_whole,
    };
    Some((score, hit))
}

/// A message in which something was found. Thousands of them may be in one conversation, so the text is not kept.
struct Match<'m> {
    message: &'m StoredMessage,
    score: u64,
}

impl Match<'_> {
    fn to_hit(&self, query: &SearchQuery) -> MessageHit {
        let text = self.message.search_text();
        MessageHit {
            id: self.message.id().to_owned(),
            kind: self.message.kind(),
            timestamp: self.message.timestamp(),
            excerpt: Excerpt::of(&text, &query.text.find(&text)),
        }
    }
}

fn match_message<'m>(
    query: &SearchQuery,
    in_title: &Found,
    message: &'m StoredMessage,
) -> Option<Match<'m>> {
    if query.kind.is_some() && query.kind != message.kind() {
        return None;
    }
    let found = query.text.find(&message.search_text());
    let is_found = found.is_some() && found.is_all_with(in_title);
    is_found.then(|| Match {
        message,
        score: weight(&found),
    })
}

/// Different parts of a query count more than one part many times.
fn weight(found: &Found) -> u64 {
    (found.parts() * 10 + found.places().min(10)) as u64
}
