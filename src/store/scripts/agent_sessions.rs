//! What the scripts take and return that work on agent sessions.

use super::conversations::ConversationsPage;
use super::messages::AppendedMessages;
use crate::model::NewMessage;
use crate::store::Cursor;
use crate::store::contract::procedure;

procedure! {
    /// Appends entries to a session, which begins with its first ones.
    AgentSessionAppend<'a> -> AppendedMessages {
        record: &'a str,
        title: &'a str,
        entries: &'a [NewMessage],
    }
}

procedure! {
    /// A page of sessions, last changed first.
    AgentSessionsList<'a> -> ConversationsPage {
        limit: usize,
        prefix: String,
        is_flat: bool,
        after: Option<&'a Cursor>,
    }
}
