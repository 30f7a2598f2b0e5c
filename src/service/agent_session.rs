//! Agent sessions: appending entries, and showing them as a conversation to be read.

use importers::{Format, Options};

use super::ServiceError;
use crate::App;
use crate::context::Caller;
use crate::model::{
    ConversationId, EntriesToAppend, Preconditions, StoredMessage, Timestamp, in_one_line,
};
use crate::store::AppendedEntries;

/// Appends the entries that `body` has to the session of this id. Where an entry has no id of its own, the same `key` makes
/// the same one.
///
/// # Errors
/// `Invalid`; the store's refusals; or the database failed.
pub async fn append(
    app: &App,
    caller: &Caller,
    id: &ConversationId,
    body: &[u8],
    key: Option<&str>,
    preconditions: &Preconditions,
) -> Result<AppendedEntries, ServiceError> {
    let now = Timestamp::from_ms(app.clock.now_ms());
    let name = key.map_or_else(|| ConversationId::generate(None).to_string(), str::to_owned);
    let entries = EntriesToAppend::parse(body, id, &name, now)?;
    let store = app.store.for_user(caller);
    Ok(store.append_entries(id, &entries, preconditions).await?)
}

/// The entries among these messages, as they were sent.
pub fn entries(messages: &[StoredMessage]) -> Vec<&str> {
    let entries = messages.iter().filter_map(StoredMessage::session_entry);
    entries.collect()
}

/// The entries as messages in the service's own form, as the import of a Claude Code session makes them. Entries that are no
/// lines of such a session are left out.
pub fn to_chat(entries: &[&str]) -> Vec<String> {
    let lines = entries.iter().map(|entry| in_one_line(*entry));
    let source = lines.collect::<Vec<_>>().join("\n");
    let converted = importers::convert(Format::ClaudeCode, source.as_bytes(), &Options::default());
    let conversations = converted.map(|converted| converted.conversations);
    let conversations = conversations.unwrap_or_default();
    let messages = conversations
        .iter()
        .filter_map(|conversation| conversation.converted())
        .flat_map(|conversation| &conversation.messages);
    messages
        .filter_map(|message| serde_json::to_string(message).ok())
        .collect()
}
