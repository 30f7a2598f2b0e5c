//! A conversation, and how much of it an answer shows.

/// A message as it is shown: id, content, tokens.
pub type Line = (String, String, u64);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message {
    pub line: Line,
    /// Shown, and of no weight for the order: that is the one in which they were sent.
    pub timestamp: i64,
}

/// What an answer shows of a conversation.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    pub revision: Option<u64>,
    pub etag: Option<String>,
    pub title: String,
    pub count: usize,
    pub tokens: Option<u64>,
    pub page: Option<Page>,
}

/// The newest messages, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub limit: usize,
    pub lines: Vec<Line>,
}

/// What there is under an id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kept {
    Absent,
    /// Its id is not used again.
    Deleted,
    Present(Conversation),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conversation {
    pub title: String,
    pub messages: Vec<Message>,
    /// Unknown since the last change until an answer shows them.
    revision: Option<u64>,
    pub etag: Option<String>,
    /// Each change has a higher revision than the one before.
    least_revision: u64,
    /// The last one known before the present state.
    pub former_etag: Option<String>,
}

/// What a conversation without a title is called; here all have one.
const UNTITLED: &str = "New Conversation";

impl Conversation {
    /// A new one, of which nobody has been told anything yet.
    pub fn new(title: &str, messages: &[Message]) -> Self {
        let mut created = Self {
            title: title.to_owned(),
            ..Self::default()
        };
        created.add(messages);
        created
    }

    /// Becomes another state, with another revision.
    pub fn change(&mut self) {
        self.least_revision = self.revision.take().unwrap_or(self.least_revision) + 1;
        if let Some(etag) = self.etag.take() {
            self.former_etag = Some(etag);
        }
    }

    /// The same of another user, whose tags are others.
    pub fn moved(&self) -> Self {
        Self {
            etag: None,
            former_etag: self.etag.clone(),
            ..self.clone()
        }
    }

    /// Puts messages behind what is there.
    pub fn add(&mut self, messages: &[Message]) {
        self.messages.extend_from_slice(messages);
    }

    /// Whether this is what was shown; if so, its revision and ETag are known from now on.
    pub fn learn(&mut self, shown: &Shown) -> bool {
        if let Some(revision) = shown.revision {
            let known = self
                .revision
                .get_or_insert(revision.max(self.least_revision));
            if *known != revision {
                return false;
            }
        }
        if let Some(etag) = &shown.etag {
            let known = self.etag.get_or_insert_with(|| etag.clone());
            if known != etag || self.former_etag.as_ref() == Some(etag) {
                return false;
            }
        }
        let tokens: u64 = self.messages.iter().map(|message| message.line.2).sum();
        // Of a conversation that was deleted since, a repeat is answered without the title: nobody's text is kept.
        let is_title =
            shown.title == self.title || (shown.title == UNTITLED && shown.page.is_none());
        is_title
            && shown.count == self.messages.len()
            && shown.tokens.is_none_or(|shown| shown == tokens)
            && shown.page.as_ref().is_none_or(|page| self.shows(page))
    }

    fn shows(&self, page: &Page) -> bool {
        let newest = self.messages.len().saturating_sub(page.limit);
        let lines = self.messages[newest..].iter().map(|message| &message.line);
        lines.eq(&page.lines)
    }
}
