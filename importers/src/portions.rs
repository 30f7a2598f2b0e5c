//! Packs converted conversations into requests.

use std::collections::{HashMap, HashSet};

use serde_json::value::{RawValue, to_raw_value};

use crate::conversation::{Conversation, ImportedConversation, Message};

/// The most conversations of one request.
const CONVERSATIONS: usize = 1_000;

/// Bodies for `POST /api/import`, each an array of conversations with at most `max_bytes` (4,500,000 is what a request may
/// have).
///
/// A conversation that is larger goes on in further requests, to be sent in this order: each with messages that follow those
/// of the one before. A single message that is larger than `max_bytes` gets its own request; with the service's limit none
/// is.
pub fn portions(conversations: &[ImportedConversation], max_bytes: usize) -> Vec<String> {
    let mut bodies = Vec::new();
    let (mut body, mut count) = (String::from("["), 0);
    for piece in conversations
        .iter()
        .flat_map(|conversation| pieces(conversation, max_bytes))
    {
        let is_full = count == CONVERSATIONS || body.len() + piece.get().len() + 2 > max_bytes;
        if count > 0 && is_full {
            bodies.push(std::mem::replace(&mut body, String::from("[")) + "]");
            count = 0;
        }
        body += if count > 0 { "," } else { "" };
        body += piece.get();
        count += 1;
    }
    if count > 0 {
        bodies.push(body + "]");
    }
    bodies
}

/// A conversation, in as many pieces as it takes.
fn pieces(conversation: &ImportedConversation, max_bytes: usize) -> Vec<Box<RawValue>> {
    let whole = to_raw_value(conversation).unwrap_or_else(|_| RawValue::NULL.to_owned());
    match conversation {
        ImportedConversation::Converted(conversation) if whole.get().len() + 2 > max_bytes => {
            cut(conversation, max_bytes)
        }
        _ => vec![whole],
    }
}

fn cut(conversation: &Conversation, max_bytes: usize) -> Vec<Box<RawValue>> {
    let without_messages = Conversation {
        messages: Vec::new(),
        ..conversation.clone()
    };
    let around = serde_json::to_string(&without_messages).map_or(0, |json| json.len()) + 200;
    let room = max_bytes.saturating_sub(around);
    let mut pieces = Vec::new();
    let (mut messages, mut size) = (Vec::new(), 0);
    for message in path_first(conversation) {
        let length = serde_json::to_string(message).map_or(0, |json| json.len()) + 1;
        if !messages.is_empty() && size + length > room {
            pieces.push(piece(&without_messages, std::mem::take(&mut messages)));
            size = 0;
        }
        size += length;
        messages.push(message.clone());
    }
    pieces.push(piece(&without_messages, messages));
    pieces
}

/// The messages of the active path, then the others: the service makes the path of what comes first.
fn path_first(conversation: &Conversation) -> Vec<&Message> {
    let messages = &conversation.messages;
    let by_id: HashMap<&str, &Message> = messages
        .iter()
        .map(|message| (message.id.as_str(), message))
        .collect();
    let mut path = HashSet::new();
    let mut at = conversation.head_id.as_deref();
    while let Some(message) = at
        .and_then(|id| by_id.get(id))
        .filter(|message| path.insert(&*message.id))
    {
        at = message.parent_id.as_deref();
    }
    let (mut on_path, beside): (Vec<_>, Vec<_>) = messages
        .iter()
        .partition(|message| path.contains(&*message.id));
    on_path.extend(beside);
    on_path
}

fn piece(conversation: &Conversation, messages: Vec<Message>) -> Box<RawValue> {
    let piece = Conversation {
        messages,
        ..conversation.clone()
    };
    to_raw_value(&piece).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
