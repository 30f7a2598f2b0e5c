//! Exports: a user's conversations as a stream of text, read piece by piece. The HTTP part is in `api/export.rs`.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use crate::context::Caller;
use crate::model::{
    ConversationId, ExportEnd, ExportMetadata, StoredMessage, Summary, Timestamp, in_one_line,
};
use crate::store::{Cursor, Exported, List, StoreError};
use crate::{App, ErrorCode};

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A conversation per line as JSON, and a last line that tells a complete export from a broken one.
    Lines,
    /// One conversation as a JSON object.
    Json,
    /// One conversation to be read by people.
    Markdown,
}

/// An export under way. Of the user's data it holds one piece at a time, a few megabytes; and the ids of
/// what it has given out.
#[derive(Debug)]
pub struct Export {
    app: Arc<App>,
    user: Caller,
    format: ExportFormat,
    /// Where the list is gone through; `None` for one conversation, and behind the end of the list.
    walk: Option<Walk>,
    is_one: bool,
    waiting: VecDeque<ConversationId>,
    /// Where the rest of the first one waiting begins, when a part of it was given out.
    rest: Option<Cursor>,
    conversations: u64,
    messages: u64,
    /// Bytes of messages in the line under way.
    line: usize,
    /// What of the conversation of the line under way is told behind its messages.
    metadata: ExportMetadata,
    /// Whether the head of the conversation under way has been written: what follows belongs to other branches.
    is_past_head: bool,
    is_over: bool,
}

/// The most bytes of messages in a line, where it holds more than one: an import takes a line as it is, and no
/// request is longer than 4.5 MB. What does not fit goes on in a line of the same conversation.
const LINE: usize = 3_000_000;

impl Export {
    /// Everything of `user`, in the order of the list.
    pub fn all(app: Arc<App>, user: Caller) -> Self {
        let mut export = Self::new(app, user, ExportFormat::Lines);
        export.walk = Some(Walk::default());
        export
    }

    /// One conversation.
    pub fn one(app: Arc<App>, user: Caller, id: ConversationId, format: ExportFormat) -> Self {
        let mut export = Self::new(app, user, format);
        export.is_one = true;
        export.waiting.push_back(id);
        export
    }

    fn new(app: Arc<App>, user: Caller, format: ExportFormat) -> Self {
        Self {
            app,
            user,
            format,
            walk: None,
            is_one: false,
            waiting: VecDeque::new(),
            rest: None,
            conversations: 0,
            messages: 0,
            line: 0,
            metadata: ExportMetadata {
                place: Timestamp::from_ms(0),
                titled: false,
                numbers: Vec::new(),
            },
            is_past_head: false,
            is_over: false,
        }
    }

    /// Starts: the first piece, and the stream of all others. A failure before there is anything to send is thus an
    /// ordinary error.
    ///
    /// # Errors
    /// `ConversationNotFound` where the one asked for is not there; or the database failed.
    pub async fn begin(
        mut self,
    ) -> Result<impl Stream<Item = Result<Bytes, StoreError>> + Send, StoreError> {
        let first = self.next().await?.unwrap_or_default();
        let rest = stream::try_unfold(self, |mut export| async move {
            let text = export.next().await?;
            Ok(text.map(|text| (Bytes::from(text), export)))
        });
        Ok(stream::iter([Ok(Bytes::from(first))]).chain(rest))
    }

    /// The next piece of text; `None` behind the last one.
    async fn next(&mut self) -> Result<Option<String>, StoreError> {
        if self.is_over {
            return Ok(None);
        }
        while self.waiting.is_empty() {
            let Some(walk) = &mut self.walk else {
                return Ok(Some(self.end()));
            };
            let store = self.app.store.for_user(&self.user);
            let page = store.list_ids(walk.list, walk.cursor.as_ref()).await?;
            self.waiting = walk.take(page).into();
            if walk.is_over {
                self.walk = walk.next();
            }
        }
        self.read().await.map(Some)
    }

    /// Reads what fits of the conversations waiting.
    async fn read(&mut self) -> Result<String, StoreError> {
        let ids = self.waiting.make_contiguous();
        let store = self.app.store.for_user(&self.user);
        let exported = store.export(ids, self.rest.as_ref()).await?;
        let mut text = String::with_capacity(65_536);
        for conversation in exported {
            let is_partly_out = self.rest.is_some();
            match conversation {
                Some(conversation) => self.write(&mut text, conversation),
                // Deleted since it was listed: there is nothing to export. But a partly written one cannot be ended
                // as if it were complete.
                None if self.is_one || is_partly_out => {
                    return Err(StoreError::Refused(ErrorCode::ConversationNotFound));
                }
                None => {
                    self.waiting.pop_front();
                }
            }
        }
        Ok(text)
    }

    fn write(&mut self, text: &mut String, exported: Exported) {
        let Exported {
            summary,
            place,
            messages,
            rest,
        } = exported;
        if self.rest.is_none() {
            self.is_past_head = false;
            self.conversations += 1;
            self.begin_object(text, &summary, place);
        }
        for message in &messages {
            // A text for people has the active path only.
            if self.format == ExportFormat::Markdown && self.is_past_head {
                break;
            }
            self.write_message(text, message, &summary, place);
            self.is_past_head |= summary.head.as_deref() == Some(message.id());
        }
        self.messages += messages.len() as u64;
        if rest.is_none() {
            self.waiting.pop_front();
            self.end_object(text);
        }
        self.rest = rest;
    }

    /// The conversation up to its first message.
    fn begin_object(&mut self, text: &mut String, summary: &Summary, place: i64) {
        self.line = 0;
        self.metadata = ExportMetadata {
            place: Timestamp::from_ms(place),
            titled: summary.has_title(),
            numbers: Vec::new(),
        };
        match self.format {
            ExportFormat::Markdown => text.push_str(&summary.to_markdown()),
            ExportFormat::Json => text.push_str(&begin_object(summary)),
            ExportFormat::Lines => text.push_str(&in_one_line(begin_object(summary))),
        }
    }

    fn write_message(
        &mut self,
        text: &mut String,
        message: &StoredMessage,
        summary: &Summary,
        place: i64,
    ) {
        let written = match self.format {
            ExportFormat::Markdown => message.to_markdown(),
            ExportFormat::Json => message.to_json(),
            ExportFormat::Lines => in_one_line(message.to_json()).into_owned(),
        };
        let is_full = self.line > 0 && self.line + written.len() > LINE;
        if is_full && self.format == ExportFormat::Lines {
            self.end_object(text);
            self.begin_object(text, summary, place);
        }
        if self.line > 0 && self.format != ExportFormat::Markdown {
            text.push(',');
        }
        self.line += written.len();
        self.metadata.numbers.extend(message.number());
        text.push_str(&written);
    }

    fn end_object(&self, text: &mut String) {
        if self.format != ExportFormat::Markdown {
            let metadata = self.metadata.to_json();
            text.push_str(&format!("],\"{}\":{metadata}}}\n", ExportMetadata::FIELD));
        }
    }

    /// The last piece.
    fn end(&mut self) -> String {
        self.is_over = true;
        if self.format != ExportFormat::Lines {
            return String::new();
        }
        let end = ExportEnd {
            conversations: self.conversations,
            messages: self.messages,
        };
        end.to_json() + "\n"
    }
}

/// The conversation up to its first message.
fn begin_object(summary: &Summary) -> String {
    let object = summary.to_exported_json();
    let begun = object.strip_suffix('}').unwrap_or(&object);
    format!("{begun},\"messages\":[")
}

/// A walk through a whole list while others write.
///
/// Conversations changed meanwhile move to the top of the list, past the walk. So it is walked again from the top
/// down to where the last walk began, until nothing was written during a walk.
#[derive(Debug, Default)]
struct Walk {
    list: List,
    /// Where this walk is; `None` at the top.
    cursor: Option<Cursor>,
    /// The user's change sequence when this walk began, and when the one before it did.
    began: Option<i64>,
    before: Option<i64>,
    seen: HashSet<ConversationId>,
    is_over: bool,
}

impl Walk {
    /// The walk through the list behind this one, if there is one.
    fn next(&self) -> Option<Self> {
        (self.list == List::Chats).then(|| Self {
            list: List::Sessions,
            ..Self::default()
        })
    }

    /// Takes a page of the list: returns its new ids, and moves on.
    fn take(
        &mut self,
        (ids, next, clock): (Vec<ConversationId>, Option<Cursor>, i64),
    ) -> Vec<ConversationId> {
        let began = *self.began.get_or_insert(clock);
        // Below this are only conversations that the walk before has passed.
        let is_down = |cursor: &Cursor| self.before.is_some_and(|before| cursor.score() <= before);
        self.cursor = next.filter(|cursor| !is_down(cursor));
        if self.cursor.is_none() {
            self.is_over = clock == began;
            self.before = self.began.take();
        }
        ids.into_iter()
            .filter(|id| self.seen.insert(id.clone()))
            .collect()
    }
}
