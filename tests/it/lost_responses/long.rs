//! Calls of many requests.

use serde_json::json;

use crate::common::situation::{Request, Situation};
use crate::lost_responses::laboratory::{Laboratory, Loss};

fn many(count: usize) -> Request {
    let conversations: Vec<_> = (0..count)
        .map(|index| json!({ "id": format!("c{index}") }))
        .collect();
    Request::post("/api/import", json!(conversations))
}

fn long(name: &'static str, call: Request, requests: u32) -> Situation {
    Situation {
        name,
        before: vec![many(110)],
        call,
        requests,
        has_source: false,
        is_days_later: false,
        is_following: false,
        target: "c0",
        is_about_conversations: true,
    }
}

/// An erasure, an export and an import in several steps.
pub async fn lose_responses(laboratory: Laboratory) {
    let texts: Vec<_> = (0..10_001)
        .map(|index| json!({ "id": format!("t{index}"), "type": "user", "content": "", "timestamp": index, "tokens": { "total": 1 } }))
        .collect();
    let file = json!([{ "id": "c0", "messages": texts }, { "id": "c1", "messages": texts }]);
    let append = json!({ "messages": [{ "id": "other", "type": "user", "content": "x", "timestamp": 1, "tokens": {"total": 3} }] });
    let append = Request::post("/api/conversations/c0/messages", append);
    let delete = Request::delete("/api/conversations/c105");
    for (situation, other) in [
        (
            long("erase in steps", Request::delete("/api/user"), 3),
            &append,
        ),
        (
            long("erase in steps", Request::delete("/api/user"), 3),
            &delete,
        ),
        (long("export", Request::get("/api/export"), 2), &append),
        (
            long("import in portions", Request::post("/api/import", file), 2),
            &append,
        ),
    ] {
        laboratory
            .lose_responses_of(&situation, other, Loss::OfTheStore)
            .await;
    }
}
