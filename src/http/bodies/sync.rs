//! What has changed: a page of it, and one change as it happens.

use super::conversation;
use crate::model::{ObjectWriter, StoredMessage};
use crate::store::Changes;

/// A step of a sync.
pub fn changes(changes: &Changes) -> String {
    ObjectWriter::with_capacity(changes.changed.len() * 400 + 200)
        .array("changed", changes.changed.iter().map(conversation))
        .display_array("deleted", &changes.deleted)
        .string("nextCursor", &changes.next.encode())
        .plain("hasMore", changes.has_more)
        .plain("reset", changes.reset)
        .plain("clock", changes.change_sequence)
        .finish()
}

/// A change: the object of a script's notice, with the messages that came with it.
pub fn change(notice: &str, messages: &[StoredMessage]) -> String {
    let Some(start) = notice.strip_suffix('}').filter(|_| !messages.is_empty()) else {
        return notice.to_owned();
    };
    let messages = messages.iter().map(StoredMessage::to_json);
    let list = ObjectWriter::with_capacity(1_024)
        .array("messages", messages)
        .finish();
    format!("{start},{}", list.trim_start_matches('{'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_gets_its_messages() {
        let notice = r#"{"type":"append","clock":5}"#;
        assert_eq!(change(notice, &[]), notice);
        let body = "1 7 0 digest\u{1e}\"type\"\u{1f}\"user\"\u{1e}";
        let message = StoredMessage::parse("m".into(), body).unwrap();
        let json = change(notice, &[message]);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["messages"][0]["id"], "m");
        assert_eq!(value["clock"], 5);
    }
}
