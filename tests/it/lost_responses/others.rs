//! What another device writes in between.

use serde_json::json;

use crate::common::message;
use crate::common::situation::{Request, Situation};

/// Writes to the conversation that the call is about, and to all.
pub fn others(situation: &Situation) -> Vec<Request> {
    let conversation = situation.target;
    let path = format!("/api/conversations/{conversation}");
    let at = |text: &str, timestamp: i64| {
        let mut message = message(&format!("other-{text}"), "user", text);
        message["timestamp"] = json!(timestamp);
        message["tokens"] = json!({ "total": timestamp });
        message
    };
    let appended = json!({ "messages": [at("appended", 50)] });
    let saved = json!({ "title": "Other", "messages": [at("saved", 60)] });
    let imported = json!([{ "id": conversation, "messages": [at("imported", 70)] }]);
    let mut all = vec![
        erasure(),
        Request::patch("/api/session", json!({ "currentConversationId": "b" })),
        Request::post(&format!("{path}/messages"), appended),
    ];
    if !situation.is_about_conversations {
        return all;
    }
    all.extend([
        Request::put(&path, saved),
        Request::patch(&path, json!({ "folder": "other" })),
        Request::delete(&format!("{path}/messages/m3?andAfter=true")),
        Request::delete(&path),
        Request::post("/api/import", imported),
        Request::post("/api/shares", json!({ "conversationId": conversation })),
    ]);
    all
}

fn erasure() -> Request {
    Request::delete("/api/user")
}

/// Whether nothing is left afterwards, not even the log of requests.
pub fn is_erasure(other: &Request) -> bool {
    other.path == erasure().path
}
