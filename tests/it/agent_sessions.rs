//! Agent sessions: entries are appended and read, and some lists include them.

use crate::common::events::Events;
use crate::common::{Client, Site, ids, message};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

on_both_stores!(
    entries_come_back_as_they_were_appended,
    a_repeated_uuid_is_ignored_whatever_it_says,
    entries_without_a_uuid_are_appended_once_per_request,
    sessions_are_listed_separately,
    lists_are_by_project_and_by_session,
    a_long_list_is_paged_without_gaps,
    a_session_is_exported_and_imported,
    a_deleted_session_is_gone_and_its_id_stays_taken,
    streams_do_not_report_sessions,
    invalid_requests_are_refused,
    a_full_session_says_so,
    a_session_can_be_read_as_a_conversation,
    a_session_moves_with_a_claim_and_is_restored_from_the_trash,
);

/// What identifies a session.
#[derive(Clone, Copy)]
struct Key<'a> {
    project: &'a str,
    session: &'a str,
    subpath: Option<&'a str>,
}

const fn main_of<'a>(project: &'a str, session: &'a str) -> Key<'a> {
    Key {
        project,
        session,
        subpath: None,
    }
}

fn hash(text: &str, length: usize) -> String {
    let hash = Sha256::digest(text.as_bytes());
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    digits[..length].to_owned()
}

impl Key<'_> {
    fn path(self) -> String {
        let subpath = self
            .subpath
            .map(|subpath| format!("-{}", hash(subpath, 32)));
        format!(
            "/api/conversations/session-{}-{}{}",
            hash(self.project, 24),
            hash(self.session, 32),
            subpath.unwrap_or_default()
        )
    }

    fn messages(self) -> String {
        format!("{}/messages", self.path())
    }

    fn body(self, entries: Value) -> Value {
        let mut session = json!({ "projectKey": self.project, "sessionId": self.session });
        if let Some(subpath) = self.subpath {
            session["subpath"] = json!(subpath);
        }
        json!({ "session": session, "entries": entries })
    }

    async fn append(self, user: &Client, entries: Value) -> Value {
        let response = user.post(&self.messages(), &self.body(entries)).await;
        assert!([200, 201].contains(&response.status), "{}", response.text);
        serde_json::from_str(&response.text).unwrap()
    }

    async fn load(self, user: &Client) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("{}?view=entries{cursor}", self.messages());
            let page = user.get(&path).await.expect(200);
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}

const MAIN: Key<'_> = main_of("p", "s");

async fn listed(user: &Client, query: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/conversations?limit=3{query}{cursor}");
        let page = user.get(&path).await.expect(200);
        let name = |one: &Value| {
            let id = one["sessionId"].as_str().or(one["id"].as_str());
            one["subpath"].as_str().or(id).unwrap().to_owned()
        };
        all.extend(page["data"].as_array().unwrap().iter().map(name));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

async fn entries_come_back_as_they_were_appended(site: Site) {
    let user = site.user().await;
    let first = json!([
        { "type": "user", "uuid": "b", "n": 1, "timestamp": "2030-01-01T00:00:00.000Z" },
        { "type": "x", "uuid": "a", "n": 2, "timestamp": "2020-01-01T00:00:00.000Z" },
    ]);
    let response = MAIN.append(&user, first).await;
    assert_eq!(response["appended"], 2);
    assert_eq!(response["ignored"], json!([]));
    assert_eq!(response["conversation"]["kind"], "session");
    assert_eq!(response["conversation"]["messageCount"], 2);
    // More than one page, and one that is stored compressed.
    let more: Value = (0..500)
        .map(|n| json!({ "type": "x", "n": n, "text": "hi ".repeat(n) }))
        .collect();
    MAIN.append(&user, more).await;
    MAIN.append(&user, json!([{ "type": "x", "n": "last" }]))
        .await;
    let loaded = MAIN.load(&user).await;
    assert_eq!(loaded.len(), 503);
    assert_eq!((&loaded[0]["n"], &loaded[1]["n"]), (&json!(1), &json!(2)));
    for (n, entry) in loaded[2..502].iter().enumerate() {
        assert_eq!(entry["n"], n);
        assert_eq!(entry["text"], "hi ".repeat(n));
    }
    assert_eq!(loaded[502]["n"], "last");
    let raw = r#"{ "uuid":"raw",	"type":"x", "n":1.50, "s":"\u00e9 \ud83d" }"#;
    let body = MAIN.body(json!([0])).to_string();
    let body = body.replace("[0]", &format!("[{raw}]"));
    let method = reqwest::Method::POST;
    user.send(method, &MAIN.messages(), Some(body))
        .await
        .expect(201);
    let path = format!("{}?view=entries&limit=500", MAIN.messages());
    let first = user.get(&path).await.expect(200);
    let next = first["nextCursor"].as_str().unwrap();
    let rest = user.get(&format!("{path}&cursor={next}")).await;
    assert!(rest.text.contains(raw), "{}", rest.text);
}

async fn a_repeated_uuid_is_ignored_whatever_it_says(site: Site) {
    let user = site.user().await;
    let entry = |uuid: &str, n: i64| json!({ "type": "x", "uuid": uuid, "n": n });
    MAIN.append(&user, json!([entry("a", 1), entry("b", 2)]))
        .await;
    let again = json!([entry("b", 9), entry("c", 3), entry("c", 8), entry("a", 1)]);
    let response = MAIN.append(&user, again.clone()).await;
    assert_eq!(response["appended"], 1);
    assert_eq!(response["ignored"], json!([0, 2, 3]));
    let all = MAIN.append(&user, again).await;
    assert_eq!(all["appended"], 0);
    assert_eq!(all["ignored"], json!([0, 1, 2, 3]));
    assert_eq!(
        MAIN.load(&user).await,
        [entry("a", 1), entry("b", 2), entry("c", 3)]
    );
    // Nor does it come back once it was deleted.
    let path = format!("{}/messages/b", MAIN.path());
    user.delete(&path).await.expect(200);
    MAIN.append(&user, json!([entry("b", 2)])).await;
    assert_eq!(MAIN.load(&user).await.len(), 2);
}

async fn entries_without_a_uuid_are_appended_once_per_request(site: Site) {
    let user = site.user().await;
    let named = user.with_header("idempotency-key", "batch-1");
    let same = json!([{ "type": "x" }, { "type": "x" }]);
    let first = MAIN.append(&named, same.clone()).await;
    assert_eq!(first["appended"], 2);
    MAIN.append(&user, same.clone()).await;
    let repeat = MAIN.append(&named, same).await;
    assert_eq!(repeat["appended"], 2, "as it was told the first time");
    assert_eq!(MAIN.load(&user).await.len(), 4);
}

async fn sessions_are_listed_separately(site: Site) {
    let user = site.user().await;
    user.create("chat", vec![message("m", "user", "x")]).await;
    let sync = user.get("/api/sync").await.expect(200);
    MAIN.append(&user, json!([{ "type": "x" }])).await;
    assert_eq!(listed(&user, "").await, ["chat"]);
    let filtered = user.get("/api/conversations?archived=false").await;
    assert_eq!(filtered.expect(200)["count"], 1);
    let cursor = sync["nextCursor"].as_str().unwrap();
    let changes = user.get(&format!("/api/sync?cursor={cursor}")).await;
    let changes = changes.expect(200);
    assert_eq!(changes["changed"], json!([]));
    let all = user.get("/api/sync").await.expect(200);
    assert_eq!(all["changed"].as_array().unwrap().len(), 1);
    assert_eq!(listed(&user, "&kind=session").await, ["s"]);
    // Renaming does not move it, and a session never becomes a chat, nor a chat a session.
    let rename = json!({ "title": "Mine" });
    user.patch(&MAIN.path(), &rename).await.expect(200);
    assert_eq!(listed(&user, "").await, ["chat"]);
    for (path, body) in [
        (MAIN.path(), json!({ "kind": null })),
        (
            "/api/conversations/chat".into(),
            json!({ "kind": "session" }),
        ),
    ] {
        let patch = user.patch(&path, &body).await;
        patch.expect_error(412, "field_mismatch");
        let body = json!({ "kind": body["kind"], "messages": [] });
        let put = user.put(&path, &body).await;
        put.expect_error(412, "field_mismatch");
    }
    assert_eq!(listed(&user, "").await, ["chat"]);
}

async fn lists_are_by_project_and_by_session(site: Site) {
    let user = site.user().await;
    let entry = || json!([{ "type": "x" }]);
    let agent = |subpath| Key {
        subpath: Some(subpath),
        ..MAIN
    };
    for key in [
        MAIN,
        main_of("p", "t"),
        main_of("q", "s"),
        agent("subagents/agent-1"),
        agent("subagents/agent-2"),
    ] {
        key.append(&user, entry()).await;
    }
    assert_eq!(listed(&user, "&kind=session").await.len(), 5);
    let project = "&kind=session&projectKey=p";
    assert_eq!(listed(&user, project).await, ["t", "s"]);
    let of = |session| format!("{project}&sessionId={session}");
    let agents = ["subagents/agent-2", "subagents/agent-1"];
    assert_eq!(listed(&user, &of("s")).await, agents);
    assert!(listed(&user, &of("t")).await.is_empty());
    assert!(
        listed(&user, "&kind=session&projectKey=none")
            .await
            .is_empty()
    );
}

async fn a_long_list_is_paged_without_gaps(site: Site) {
    let user = site.user().await;
    let names: Vec<String> = (0..8).map(|n| format!("s{n}")).collect();
    for name in &names {
        let key = main_of("p", name);
        key.append(&user, json!([{ "type": "x" }])).await;
    }
    let mut found = listed(&user, "&kind=session&projectKey=p").await;
    found.reverse();
    assert_eq!(found, names);
}

async fn a_session_is_exported_and_imported(site: Site) {
    let (user, other) = (site.user().await, site.user().await);
    user.create("chat", vec![message("m", "user", "x")]).await;
    let entries = json!([{ "type": "x", "uuid": "a", "n": 1 }, { "type": "x", "n": 2 }]);
    MAIN.append(&user, entries.clone()).await;
    let exported = user.get("/api/export").await;
    assert_eq!(exported.status, 200);
    let lines: Vec<Value> = exported
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3, "a chat, a session, and the end");
    other
        .post("/api/import", &json!(lines[..2]))
        .await
        .expect(200);
    assert_eq!(json!(MAIN.load(&other).await), entries);
    assert_eq!(listed(&other, "").await, ["chat"]);
    assert_eq!(listed(&other, "&kind=session").await, ["s"]);
    let again = other.get("/api/export").await;
    assert_eq!(again.text.lines().count(), 3);
}

async fn a_deleted_session_is_gone_and_its_id_stays_taken(site: Site) {
    let user = site.user().await;
    MAIN.append(&user, json!([{ "type": "x" }])).await;
    user.delete(&format!("{}?permanent=true", MAIN.path()))
        .await
        .expect(200);
    let path = format!("{}?view=entries", MAIN.messages());
    user.get(&path)
        .await
        .expect_error(404, "conversation_not_found");
    assert!(listed(&user, "&kind=session").await.is_empty());
    let body = MAIN.body(json!([{ "type": "x" }]));
    user.post(&MAIN.messages(), &body)
        .await
        .expect_error(404, "conversation_deleted");
}

async fn streams_do_not_report_sessions(site: Site) {
    let user = site.user().await;
    user.create("chat", vec![message("m", "user", "x")]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    assert_eq!(events.next().await.name, "sync");
    MAIN.append(&user, json!([{ "type": "x" }])).await;
    user.append("chat", vec![message("n", "user", "y")])
        .await
        .expect(201);
    // The chat's notice does not follow on, so the stream syncs, with the chat only.
    let changes = events.next().await;
    assert_eq!(changes.name, "sync");
    assert_eq!(ids(&changes.data["changed"]), ["chat"]);
}

async fn invalid_requests_are_refused(site: Site) {
    let user = site.user().await;
    let post = async |body: Value| user.post(&MAIN.messages(), &body).await;
    let entry = json!([{ "type": "x" }]);
    let others = main_of("p", "other").body(entry.clone());
    post(others).await.expect_error(400, "id_mismatch");
    let empty = MAIN.body(json!([]));
    post(empty).await.expect_error(400, "invalid_field");
    let no_type = MAIN.body(json!([{ "uuid": "a" }]));
    post(no_type).await.expect_error(400, "invalid_field");
    let many: Value = (0..501).map(|_| json!({ "type": "x" })).collect();
    let many = MAIN.body(many);
    post(many).await.expect_error(400, "too_many_messages");
    let no_session = json!({ "entries": entry });
    post(no_session).await.expect_error(400, "invalid_field");
    for query in [
        "kind=chat",
        "projectKey=p",
        "kind=session&sessionId=s",
        "kind=session&pinned=true",
        "kind=session&projectKey=",
    ] {
        user.get(&format!("/api/conversations?{query}"))
            .await
            .expect_error(400, "invalid_query");
    }
    // An ordinary conversation that has the id is left alone.
    let id = MAIN.path().rsplit('/').next().unwrap().to_owned();
    user.create(&id, vec![message("m", "user", "x")]).await;
    post(MAIN.body(entry))
        .await
        .expect_error(409, "conversation_exists");
}

async fn a_full_session_says_so(site: Site) {
    let small = site
        .deployment(&[("MAX_MESSAGES_PER_CONVERSATION", "3")])
        .await;
    let user = small.anonymous_caller().newcomer().await;
    let entries = |count: usize| -> Value { (0..count).map(|_| json!({ "type": "x" })).collect() };
    MAIN.append(&user, entries(2)).await;
    let body = MAIN.body(entries(2));
    user.post(&MAIN.messages(), &body)
        .await
        .expect_error(413, "conversation_too_long");
    assert_eq!(MAIN.load(&user).await.len(), 2);
}

async fn a_session_can_be_read_as_a_conversation(site: Site) {
    let user = site.user().await;
    let line = |uuid: &str, parent: Value, kind: &str, content: Value| {
        json!({ "type": kind, "uuid": uuid, "parentUuid": parent, "sessionId": "s", "cwd": "/w",
            "version": "2.1.144", "isSidechain": false, "userType": "external",
            "timestamp": "2025-07-03T12:30:00.000Z", "message": { "role": kind, "content": content } })
    };
    let text = json!([{ "type": "text", "text": "It is a session." }]);
    let entries = json!([
        { "type": "mode", "mode": "normal", "sessionId": "s" },
        line("u1", Value::Null, "user", json!("What is this?")),
        line("a1", json!("u1"), "assistant", text),
    ]);
    let appended = MAIN.append(&user, entries).await;
    assert_eq!(appended["conversation"]["title"], "What is this?");
    let path = format!("{}?view=chat", MAIN.messages());
    let page = user.get(&path).await.expect(200);
    let data = page["data"].as_array().unwrap();
    assert_eq!(data.len(), 2);
    assert_eq!(data[0]["content"], "What is this?");
    assert_eq!(data[1]["type"], "assistant");
    // A session without entries cannot be read.
    let other = main_of("p", "other");
    other.append(&user, json!([{ "type": "x" }])).await;
    let path = format!("{}?view=chat", other.messages());
    assert_eq!(user.get(&path).await.expect(200)["data"], json!([]));
}

async fn a_session_moves_with_a_claim_and_is_restored_from_the_trash(site: Site) {
    let (source, user) = (site.user().await, site.user().await);
    let entries = json!([{ "type": "x", "uuid": "a" }]);
    MAIN.append(&source, entries.clone()).await;
    let claim = json!({ "action": "claim", "token": source.token() });
    user.post("/api/session", &claim).await.expect(200);
    user.delete(&MAIN.path()).await.expect(200);
    assert!(listed(&user, "&kind=session").await.is_empty());
    let restore = json!({ "trashed": false });
    user.patch(&MAIN.path(), &restore).await.expect(200);
    assert_eq!(json!(MAIN.load(&user).await), entries);
    assert_eq!(listed(&user, "&kind=session&projectKey=p").await, ["s"]);
    assert!(listed(&user, "").await.is_empty());
}
