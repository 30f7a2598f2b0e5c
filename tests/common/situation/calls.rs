//! Every call that changes something, and the state it finds.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Request;
use super::account::{copy, five, said};

/// A call in a situation.
#[derive(Clone, Debug)]
pub struct Situation {
    pub name: &'static str,
    /// The requests before it.
    pub before: Vec<Request>,
    pub call: Request,
    /// How many requests to the store it makes.
    pub requests: u32,
    /// Whether there is another user to be claimed.
    pub has_source: bool,
    /// Whether a day passes before it, so that upkeep is due.
    pub is_days_later: bool,
    /// Whether it is a stream that follows another one after its time limit. If its place is resumed, no script runs.
    pub is_following: bool,
    /// The conversation that it is about, or another one.
    pub target: &'static str,
    pub is_about_conversations: bool,
}

impl Situation {
    fn after(mut self, before: Vec<Request>) -> Self {
        self.before = before;
        self
    }

    fn of_requests(mut self, requests: u32) -> Self {
        self.requests = requests;
        self
    }

    fn about(mut self, target: &'static str) -> Self {
        self.target = target;
        self
    }

    fn with_source(mut self) -> Self {
        self.has_source = true;
        self
    }
}

fn situation(name: &'static str, call: Request) -> Situation {
    Situation {
        name,
        before: Vec::new(),
        call,
        requests: 1,
        has_source: false,
        is_days_later: false,
        is_following: false,
        target: "a",
        is_about_conversations: true,
    }
}

const A: &str = "/api/conversations/a";
const A_MESSAGES: &str = "/api/conversations/a/messages";
const SESSION: &str = "/api/session";

/// Every call that changes something.
pub fn situations() -> Vec<Situation> {
    let mut all = saves();
    all.extend(messages());
    all.extend(agent_sessions());
    all.extend(trash());
    all.extend(shares_and_files());
    let mut others = sessions();
    others.extend(users());
    others.extend(upkeep());
    for situation in &mut others {
        situation.is_about_conversations = situation.has_source;
    }
    all.extend(others);
    all
}

fn later((name, path): (&'static str, &str)) -> Situation {
    Situation {
        is_days_later: true,
        requests: 2,
        ..situation(name, Request::get(path))
    }
}

/// Reads that cause further requests after their response.
fn upkeep() -> Vec<Situation> {
    let paths = [
        ("clear away", "/api/conversations"),
        ("renew a conversation", A),
        ("renew a session", SESSION),
    ];
    let mut all: Vec<Situation> = paths.into_iter().map(later).collect();
    all.push(preparation());
    all
}

/// A search that prepares a conversation: its own two requests, one that reads the texts, and one that writes the signature.
fn preparation() -> Situation {
    let delete = |id: &str| Request::delete(&format!("{A_MESSAGES}/{id}"));
    let path = "/api/conversations?q=said";
    // The first search prepares what there is. What the second one prepares behind the first deletion, none prepares behind the second one, so
    // soon.
    let search = || Request::get(path);
    later(("prepare for a search", path))
        .after(vec![search(), delete("m4"), search(), delete("m3")])
        .of_requests(4)
}

fn whole(messages: &[Value]) -> Value {
    json!({ "title": "Saved", "messages": messages })
}

fn saves() -> Vec<Situation> {
    let new = json!({ "id": "new", "title": "New", "messages": [said("n1", 1), said("n2", 2)] });
    let mut edited = said("m1", 1);
    edited["content"] = json!("edited");
    let fewer = whole(&[edited, said("m3", 3), said("m9", 2), said("m5", 1)]);
    let save = |body: &Value| Request::put(A, body.clone());
    vec![
        situation("create", Request::post("/api/conversations", new)).about("new"),
        situation(
            "create an empty one",
            Request::post("/api/conversations", json!({ "id": "new" })),
        )
        .about("new"),
        situation(
            "save a new one",
            Request::put("/api/conversations/new", whole(&five())),
        )
        .about("new"),
        situation("save with messages left out", save(&fewer)),
        situation("save without messages", save(&whole(&[]))),
        situation("save the same", save(&whole(&five()))).after(vec![save(&whole(&five()))]),
    ]
}

/// A message that begins a branch.
fn behind(id: &str, parent: &str) -> Value {
    let mut message = said(id, 6);
    message["parentId"] = json!(parent);
    message
}

fn messages() -> Vec<Situation> {
    let two = json!({ "messages": [said("m6", 6), said("m7", 7)] });
    let mut again = said("b2", 2);
    again["content"] = json!("back");
    let back = json!({ "messages": [again, said("b3", 3)] });
    let create = Request::post("/api/conversations", json!({ "id": "new" }));
    let m2 = format!("{A_MESSAGES}/m2");
    let edit = json!({ "content": "edited", "x": [1] });
    let branch = Request::post(A_MESSAGES, json!({ "messages": [behind("m6", "m3")] }));
    let move_it = json!({ "content": "moved", "timestamp": 9, "tokens": { "total": 90 } });
    vec![
        situation("append", Request::post(A_MESSAGES, two.clone())),
        situation(
            "append to an empty one",
            Request::post("/api/conversations/new/messages", two),
        )
        .after(vec![create])
        .about("new"),
        situation(
            "append a deleted id",
            Request::post("/api/conversations/b/messages", back),
        )
        .about("b"),
        situation(
            "change metadata",
            Request::patch(A, json!({ "title": "T", "folder": "f" })),
        ),
        situation(
            "append to a message in the middle",
            Request::post(
                A_MESSAGES,
                json!({ "messages": [behind("m6", "m3"), said("m7", 7)] }),
            ),
        ),
        situation(
            "fork",
            Request::post(
                "/api/conversations",
                json!({ "id": "new", "forkOf": { "conversationId": "a", "messageId": "m3" } }),
            ),
        )
        .about("new"),
        situation(
            "fork a share",
            Request::post(
                "/api/conversations",
                json!({ "id": "new", "forkOf": { "shareId": "{share}" } }),
            ),
        )
        .about("new"),
        situation(
            "switch the branch",
            Request::patch(A, json!({ "headId": "m5" })),
        )
        .after(vec![branch.clone()]),
        situation(
            "save the path of a branched one",
            Request::put(A, whole(&[said("m1", 1), said("m6", 6), said("m8", 8)])),
        )
        .after(vec![branch.clone()]),
        situation(
            "delete a message that branches follow",
            Request::delete(&format!("{A_MESSAGES}/m3")),
        )
        .after(vec![branch.clone()]),
        situation(
            "delete it and all branches that follow",
            Request::delete(&format!("{m2}?andAfter=true")),
        )
        .after(vec![branch]),
        situation("pin", Request::patch(A, json!({ "pinned": true }))),
        situation(
            "stop keeping",
            Request::patch(A, json!({ "keep": null, "folder": "f" })),
        )
        .after(vec![Request::patch(A, json!({ "keep": true }))]),
        situation("edit", Request::patch(&m2, edit)),
        situation("replace a message", Request::put(&m2, said("m2", 20))),
        situation(
            "create a message by its id",
            Request::put(&format!("{A_MESSAGES}/m6"), said("m6", 6)),
        ),
        situation("edit with a timestamp", Request::patch(&m2, move_it)),
        situation("delete a message", Request::delete(&m2)),
        situation(
            "delete it and what follows",
            Request::delete(&format!("{m2}?andAfter=true")),
        ),
        situation("delete a conversation", Request::delete(A)),
    ]
}

fn agent_sessions() -> Vec<Situation> {
    let append = |entries: Value| {
        let (path, body) = entries_to_append("s", entries);
        Request::post(&path, body)
    };
    let entry = |uuid: &str| json!({ "type": "user", "uuid": uuid, "timestamp": "2025-07-03T12:30:00.000Z" });
    let first = append(json!([entry("e1"), entry("e2")]));
    let more = append(json!([entry("e1"), entry("e3"), entry("e4")]));
    vec![
        situation("begin an agent session", first.clone()),
        situation("append to an agent session", more).after(vec![first]),
    ]
}

/// Entries for an agent session: where they are sent, and in what.
pub fn entries_to_append(session: &str, entries: Value) -> (String, Value) {
    let hash = |text: &str, length: usize| {
        let hash = Sha256::digest(text.as_bytes());
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        digits[..length].to_owned()
    };
    let id = format!("session-{}-{}", hash("p", 24), hash(session, 32));
    let key = json!({ "projectKey": "p", "sessionId": session });
    let path = format!("/api/conversations/{id}/messages");
    (path, json!({ "session": key, "entries": entries }))
}

fn trash() -> Vec<Situation> {
    let trash = "/api/conversations?trash=true";
    let for_good = format!("{A}?permanent=true");
    let restore = || Request::patch(A, json!({ "trashed": false }));
    let pinned = Request::patch(A, json!({ "pinned": true }));
    vec![
        situation("delete a pinned one", Request::delete(A)).after(vec![pinned.clone()]),
        situation("delete for good", Request::delete(&for_good)),
        situation("delete out of the trash", Request::delete(&for_good))
            .after(vec![Request::delete(A)]),
        situation("restore", restore()).after(vec![pinned, Request::delete(A)]),
        situation("restore what is there", restore()),
        situation("empty the trash", Request::delete(trash))
            .after(vec![
                Request::delete(A),
                Request::delete("/api/conversations/b"),
            ])
            .of_requests(2),
    ]
}

fn shares_and_files() -> Vec<Situation> {
    let share = json!({ "conversationId": "b" });
    let mut more = five();
    more.extend([said("m8", 8), said("m9", 9)]);
    let file = json!([
        { "id": "n1", "title": "N1", "messages": [said("x1", 1), said("x2", 2)] },
        { "id": "a", "messages": more },
        copy(),
    ]);
    vec![
        situation("share", Request::post("/api/shares", share)).about("b"),
        situation("revoke", Request::delete("/api/shares?id={share}")),
        situation("import", Request::post("/api/import", file)),
        situation(
            "follow a source",
            Request::post("/api/import?follow=true", json!([changed_copy()])),
        )
        .about("copy"),
    ]
}

/// A later state of what was imported: another title, a message changed, and another branch the active one.
fn changed_copy() -> Value {
    let mut messages = vec![said("c1", 1), said("c2", 2), said("c3", 3)];
    messages[0]["content"] = "c1 said, and more".into();
    messages[0]["parentId"] = Value::Null;
    messages[1]["parentId"] = "c1".into();
    messages[2]["parentId"] = "c1".into();
    json!({ "id": "copy", "title": "Copy, changed", "updatedAt": 2000, "headId": "c3", "messages": messages })
}

fn sessions() -> Vec<Situation> {
    let act = |action: &str| Request::post(SESSION, json!({ "action": action }));
    let redeem = json!({ "action": "redeem", "code": "{code}" });
    let current = |id: Value| Request::patch(SESSION, json!({ "currentConversationId": id }));
    vec![
        situation("link", act("link")).of_requests(2),
        situation(
            "redeem",
            Request::post(SESSION, redeem).by_anonymous_caller(),
        ),
        situation("create a recovery code", act("createRecoveryCode")).of_requests(2),
        situation("revoke a recovery code", act("revokeRecoveryCode")).of_requests(2),
        situation("make a read token", act("createReadToken")),
        situation("revoke the read token", act("revokeReadToken")),
        situation(
            "recover",
            Request::post(
                SESSION,
                json!({ "action": "recover", "code": "{recovery}" }),
            )
            .by_anonymous_caller(),
        ),
        situation("set the current one", current(json!("b"))),
        situation("clear the current one", current(Value::Null)),
        situation(
            "begin a session",
            Request::post(SESSION, json!({})).by_anonymous_caller(),
        ),
        situation("go on with a session", Request::post(SESSION, json!({}))),
        situation("sign out", act("signOutEverywhere")),
    ]
}

fn users() -> Vec<Situation> {
    let claim = json!({ "action": "claim", "token": "{source}" });
    let stream = Request::stream("/api/sync");
    let choose = |days: Value| Request::patch("/api/user", json!({ "conversationTtlDays": days }));
    vec![
        situation("claim", Request::post(SESSION, claim))
            .with_source()
            .of_requests(5),
        situation("erase", Request::delete("/api/user")).of_requests(2),
        situation("choose a ttl", choose(json!(30))),
        // Conversations are extended after the response: the first request names them.
        situation("choose to keep all", choose(Value::Null)).of_requests(3),
        situation("open a stream", stream),
        Situation {
            is_following: true,
            ..situation(
                "follow a stream",
                Request::stream("/api/sync?place={place}"),
            )
        },
    ]
}
