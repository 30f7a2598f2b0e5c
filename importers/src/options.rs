//! What a caller may state about a source.

use crate::Continuation;

/// What a caller may state about a source. The default suits a complete source.
#[derive(Clone, Debug)]
pub struct Options {
    /// The source's file name, with or without its extension. A Claude Code session is named by it, rather than by its lines:
    /// those that were copied from an earlier session have that one's name. `agent-….jsonl` is a subagent's. A `UIMessage[]`,
    /// which has no id of its own, is named by it too.
    pub name: Option<String>,
    /// The continuation of earlier portions.
    pub continuation: Option<Continuation>,
    /// The most conversations to be converted; further ones are reported as skipped.
    pub max_conversations: usize,
    /// The most messages of a conversation, hidden ones included; one with more is skipped.
    pub max_messages: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: None,
            continuation: None,
            max_conversations: 10_000,
            max_messages: 100_000,
        }
    }
}

impl Options {
    /// The file name without directories and extension.
    pub(crate) fn stem(&self) -> Option<&str> {
        let name = self.name.as_deref()?;
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        Some(stem).filter(|stem| !stem.is_empty())
    }
}
