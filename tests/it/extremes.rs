//! The largest and the oldest things that an account can hold: all of it can be read, counted and got rid of.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::common::{Client, Cost, Site, ids, message};
use embedded_store::reply::Reply;
use serde_json::{Value, json};

on_both_stores!(
    metadata_count_towards_the_quota,
    all_that_is_kept_counts_and_deleting_gives_it_back,
    pages_of_large_metadata_fit_an_answer_and_go_on,
    an_import_of_very_many_fields_passes_exactly,
    a_save_that_the_database_does_not_take_at_once_is_refused,
    a_message_that_is_mostly_escapes_is_too_large,
    the_largest_token_counts_leave_everything_readable,
    sums_beyond_all_bounds_by_an_earlier_release_are_readable,
    tombstones_of_an_old_account_live_as_long_as_others,
    an_id_used_again_outlives_its_dropped_tombstone,
    thousands_of_revoked_shares_cost_little_and_can_be_erased,
);

const DAY: Duration = Duration::from_secs(86_400);
/// What Vercel lets through.
const LARGEST_ANSWER: usize = 4_500_000;
const MOST_TOKENS: u64 = 9_007_199_254_740_991;

/// Text that no compression makes much smaller.
fn noise(seed: u64, length: usize) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..length).map(|_| random.alphanumeric()).collect()
}

async fn bytes(user: &Client) -> u64 {
    let statistics = user.get("/api/user").await.expect(200);
    statistics["bytes"].as_u64().unwrap()
}

async fn metadata_count_towards_the_quota(site: Site) {
    let strict = site.deployment(&[("MAX_USER_BYTES", "1000000")]).await;
    let code = "too_much_text_kept";
    let user = strict.user().await;
    let large = |index: u64| json!({ "id": format!("c{index}"), "notes": noise(index, 200_000) });
    let mut accepted = 0;
    for index in 0..20 {
        let answer = user.post("/api/conversations", &large(index)).await;
        match answer.status {
            201 => accepted += 1,
            _ => drop(answer.expect_error(403, code)),
        }
    }
    assert_eq!(accepted, 4);
    let chunk: Vec<Value> = (20..40).map(large).collect();
    let report = user.post("/api/import", &json!(chunk)).await.expect(200);
    for result in report["results"].as_array().unwrap() {
        assert_eq!(result["code"], code, "{result}");
    }
    let grown = json!({ "notes": noise(1, 200_000), "more": noise(2, 50_000) });
    for index in 0..20 {
        let path = format!("/api/conversations/c{}", index % 4);
        let answer = user.patch(&path, &grown).await;
        assert!([200, 403].contains(&answer.status), "{}", answer.text);
    }
    assert!(bytes(&user).await < 1_010_000);
}

async fn all_that_is_kept_counts_and_deleting_gives_it_back(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", &noise(0, 2_000))])
        .await;
    let mut before = bytes(&user).await;
    let mut grows = async |what: &str, least: u64| {
        let now = bytes(&user).await;
        assert!(now >= before + least, "{what}: {before} became {now}");
        before = now;
    };
    for index in 0..20 {
        let title = json!({ "title": format!("title {}", index % 2) });
        user.patch("/api/conversations/c", &title).await.expect(200);
    }
    grows("a log", 20 * 50).await;
    let share = json!({ "conversationId": "c" });
    user.post("/api/shares", &share).await.expect(201);
    grows("a snapshot", 1_500).await;
    for index in 0..20 {
        let id = format!("n{index}");
        user.append("c", vec![message(&id, "user", "x")])
            .await
            .expect(201);
        let path = format!("/api/conversations/c/messages/{id}");
        user.delete(&path).await.expect(200);
    }
    grows("tombstones", 20 * 60).await;
    user.delete("/api/conversations/c?permanent=true")
        .await
        .expect(200);
    let left = bytes(&user).await;
    // The log of what is gone still answers repeats.
    assert!(left < before - 4_000, "{before} became {left}");
    // Until the purge finds that its time is up.
    site.advance(90 * DAY + Duration::from_secs(3_600));
    user.get("/api/conversations").await.expect(200);
    site.idle().await;
    assert_eq!(bytes(&user).await, 0);
}

async fn pages_of_large_metadata_fit_an_answer_and_go_on(site: Site) {
    let user = site.user().await;
    for index in 0..50 {
        let body = json!({ "id": format!("c{index}"), "notes": noise(index, 262_000) });
        user.post("/api/conversations", &body).await.expect(201);
    }
    for (path, list, more) in [
        ("/api/conversations?limit=50", "data", "nextCursor"),
        ("/api/sync?limit=50", "changed", "hasMore"),
    ] {
        let (mut found, mut next, mut pages) = (BTreeSet::new(), String::new(), 0);
        loop {
            let answer = user.get(&format!("{path}{next}")).await;
            assert!(answer.body.len() < LARGEST_ANSWER);
            let page = answer.expect(200);
            let ids = ids(&page[list]);
            assert!(!ids.is_empty());
            found.extend(ids);
            pages += 1;
            if [json!(false), Value::Null].contains(&page[more]) {
                break;
            }
            next = format!("&cursor={}", page["nextCursor"].as_str().unwrap());
        }
        assert_eq!((found.len(), pages), (50, 4), "{path}");
    }
    // What changed since a cursor is told in pages too.
    let start = user.get("/api/sync").await.expect(200)["clock"].as_i64();
    for index in 0..50 {
        let path = format!("/api/conversations/c{index}");
        user.patch(&path, &json!({ "title": "x" }))
            .await
            .expect(200);
    }
    let (mut found, mut cursor) = (BTreeSet::new(), start.unwrap().to_string());
    loop {
        let answer = user
            .get(&format!("/api/sync?limit=50&cursor={cursor}"))
            .await;
        assert!(answer.body.len() < LARGEST_ANSWER);
        let page = answer.expect(200);
        assert_eq!(page["reset"], false);
        found.extend(ids(&page["changed"]));
        if page["hasMore"] == false {
            break;
        }
        cursor = page["nextCursor"].as_str().unwrap().to_owned();
    }
    assert_eq!(found.len(), 50);
}

fn message_of_many_fields(id: usize) -> Value {
    let mut message =
        json!({ "id": format!("m{id}"), "type": "user", "content": "", "timestamp": id });
    for field in 0..90 {
        message[format!("f{field}")] = json!(field % 10);
    }
    message
}

async fn an_import_of_very_many_fields_passes_exactly(site: Site) {
    let user = site.user().await;
    let messages: Vec<Value> = (0..580).map(message_of_many_fields).collect();
    let conversation = |id: usize| json!({ "id": format!("c{id}"), "messages": messages });
    let body: Value = (0..10).map(conversation).collect();
    let length = body.to_string().len();
    assert!((4_300_000..LARGEST_ANSWER).contains(&length), "{length}");
    let before = site.front.counts().requests;
    let report = user.post("/api/import", &body).await.expect(200);
    assert_eq!(report["imported"], 10, "{report}");
    assert!(site.front.counts().requests >= before + 2);
    let path = "/api/conversations/c9/messages?order=asc&limit=100";
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let page = user.get(&format!("{path}{next}")).await.expect(200);
        found.extend(page["data"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(found.len(), messages.len());
    for (found, sent) in found.iter().zip(&messages) {
        for (name, value) in sent.as_object().unwrap() {
            if name != "timestamp" {
                assert_eq!(&found[name], value, "{name}");
            }
        }
    }
    let again = user.post("/api/import", &body).await.expect(200);
    assert_eq!(again["unchanged"], 10, "{again}");
}

/// Escaped once more for the database, 4.4 MB become 11 MB, of which it takes 10 at once.
async fn a_save_that_the_database_does_not_take_at_once_is_refused(site: Site) {
    let user = site.user().await;
    let messages: Vec<Value> = (0..5_800).map(message_of_many_fields).collect();
    let body = json!({ "messages": messages });
    assert!(body.to_string().len() < LARGEST_ANSWER);
    user.put("/api/conversations/c", &body)
        .await
        .expect_error(413, "body_too_large");
    user.get("/api/conversations/c")
        .await
        .expect_error(404, "conversation_not_found");
}

async fn a_message_that_is_mostly_escapes_is_too_large(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut escapes = message("m", "user", &"\u{1}".repeat(730_000));
    let length = escapes.to_string().len();
    assert!((4_300_000..LARGEST_ANSWER).contains(&length), "{length}");
    user.append("c", vec![escapes.clone()])
        .await
        .expect_error(413, "message_too_large");
    escapes["content"] = json!("\u{1}".repeat(650_000));
    user.append("c", vec![escapes]).await.expect(201);
    let opened = user.get("/api/conversations/c").await;
    assert!(opened.body.len() < LARGEST_ANSWER);
    assert_eq!(
        opened.expect(200)["messages"][0]["content"],
        "\u{1}".repeat(650_000)
    );
}

async fn the_largest_token_counts_leave_everything_readable(site: Site) {
    let user = site.user().await;
    for id in ["c", "d"] {
        let messages = (0..50).map(|index| {
            json!({ "id": format!("m{index}"), "type": "user", "content": "x", "tokens": { "total": MOST_TOKENS } })
        });
        user.create(id, messages.collect()).await;
    }
    everything_is_readable(&user).await;
    user.delete("/api/conversations/c/messages/m1?andAfter=true")
        .await
        .expect(200);
    everything_is_readable(&user).await;
}

async fn everything_is_readable(user: &Client) {
    for path in [
        "/api/conversations",
        "/api/sync",
        "/api/user",
        "/api/conversations/c",
    ] {
        let answer = user.get(path).await.expect(200);
        for tokens in numbers_of("totalTokens", &answer) {
            assert!(tokens <= MOST_TOKENS, "{path}: {tokens}");
        }
        for tokens in numbers_of("tokens", &answer) {
            assert!(tokens <= MOST_TOKENS, "{path}: {tokens}");
        }
    }
    let export = user.get("/api/export").await;
    assert_eq!(export.status, 200, "{}", export.text);
    assert!(export.text.contains("\"m0\""));
}

/// The numbers of this name, wherever they are.
fn numbers_of(name: &str, value: &Value) -> Vec<u64> {
    match value {
        Value::Array(items) => items
            .iter()
            .flat_map(|item| numbers_of(name, item))
            .collect(),
        Value::Object(members) => {
            let own = members.get(name).filter(|value| value.is_number());
            let own = own.map(|value| value.as_u64().unwrap_or(u64::MAX));
            let others = members.values().flat_map(|value| numbers_of(name, value));
            own.into_iter().chain(others).collect()
        }
        _ => Vec::new(),
    }
}

async fn meta_of(site: &Site) -> String {
    let keys = site.keys("*conversations:meta").await;
    keys[0].clone()
}

async fn field(site: &Site, meta: &str, name: &str) -> String {
    match site.command(&["HGET", meta, name]).await {
        Reply::Bulk(text) => String::from_utf8(text).unwrap(),
        other => panic!("{name}: {other:?}"),
    }
}

async fn sums_beyond_all_bounds_by_an_earlier_release_are_readable(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m0", "user", "x")]).await;
    let meta = meta_of(&site).await;
    // A hundred times the largest count, as that release summed them up.
    let sum = "900719925474099100000";
    for (name, place) in [("c:counters", 2), (":user", 5)] {
        let text = field(&site, &meta, name).await;
        let (numbers, days) = text.split_once(';').unwrap_or((&text, ""));
        let mut words: Vec<&str> = numbers.split(' ').collect();
        words[place] = sum;
        let mut text = words.join(" ");
        if !days.is_empty() {
            let day: Vec<&str> = days.split(' ').collect();
            text = format!("{text};{} {} {}", day[0], day[1], sum);
        }
        site.command(&["HSET", &meta, name, &text]).await;
    }
    site.command(&[
        "HDEL",
        &meta,
        ":account",
        "c:state",
        "c:writes",
        "c:deleted",
    ])
    .await;
    everything_is_readable(&user).await;
    user.append("c", vec![message("m1", "user", "x")])
        .await
        .expect(201);
    everything_is_readable(&user).await;
    user.delete("/api/conversations/c").await.expect(200);
    user.get("/api/user").await.expect(200);
}

async fn tombstones_of_an_old_account_live_as_long_as_others(site: Site) {
    let patient = site.deployment(&[("TOKEN_TTL_DAYS", "400")]).await;
    let user = patient.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    site.advance(89 * DAY);
    user.delete("/api/conversations/c").await.expect(200);
    let late = json!({ "id": "c", "messages": [message("m", "user", "x")] });
    for days in [1, 60, 28] {
        site.advance(days * DAY);
        user.put("/api/conversations/c", &late)
            .await
            .expect_error(404, "conversation_deleted");
        user.post("/api/conversations", &late)
            .await
            .expect_error(404, "conversation_deleted");
    }
    site.advance(2 * DAY);
    user.put("/api/conversations/c", &late).await.expect(201);
}

async fn an_id_used_again_outlives_its_dropped_tombstone(site: Site) {
    let user = site.user().await;
    let path = "/api/conversations/again";
    for id in ["again", "other"] {
        user.create(id, vec![message("m", "user", "x")]).await;
    }
    user.delete(path).await.expect(200);
    site.advance(90 * DAY + Duration::from_secs(3_600));
    for id in ["again", "another"] {
        user.create(id, vec![message("m", "user", "x")]).await;
    }
    // As if there were so many that the next deletion drops the oldest.
    let meta = meta_of(&site).await;
    let account = field(&site, &meta, ":account").await;
    let (numbers, _) = account.rsplit_once(' ').unwrap();
    site.command(&["HSET", &meta, ":account", &format!("{numbers} 1000")])
        .await;
    user.delete("/api/conversations/another").await.expect(200);
    assert_eq!(ids(&user.open("again").await["messages"]), ["m"]);
}

async fn thousands_of_revoked_shares_cost_little_and_can_be_erased(site: Site) {
    let user = site.user().await;
    for id in ["a", "b", "c"] {
        user.create(id, vec![message("m", "user", "x")]).await;
    }
    let warm = json!({ "conversationId": "b" });
    user.post("/api/shares", &warm).await.expect(201);
    user.delete("/api/conversations/b").await.expect(200);
    let meta = meta_of(&site).await;
    let living = write_old_shares(&site, &meta).await;
    for id in &living {
        site.anonymous_caller()
            .get(&format!("/api/shares?id={id}"))
            .await
            .expect(200);
    }
    let list = user.get("/api/shares").await.expect(200);
    assert_eq!(ids(&list["data"]).len(), living.len());
    let (answer, cost) = site.cost_of(user.delete("/api/conversations/a")).await;
    answer.expect(200);
    let usual = Cost {
        requests: 1,
        commands: 7,
    };
    assert_eq!(cost, usual);
    // From then on only what is remembered is kept.
    assert!(field(&site, &meta, ":shares").await.len() < 20_000);
    user.delete("/api/user").await.expect(200);
    site.idle().await;
    let mut keys = site.keys("*").await;
    keys.retain(|key| !key.contains("address:"));
    assert!(keys.is_empty(), "{keys:?}");
}

/// The rows and keys of 9,000 shares, nearly all revoked; the ids of those that are not.
async fn write_old_shares(site: &Site, meta: &str) -> Vec<String> {
    let (now, mut rows, mut living) = (site.clock.now_ms(), String::new(), Vec::new());
    let expires = now + 80 * 86_400_000;
    for index in 0..9_000 {
        let id = format!("old-share-{index:011}A");
        let conversation = if index % 1_000 == 0 { "c" } else { "" };
        let row = [
            &id,
            conversation,
            &now.to_string(),
            &expires.to_string(),
            "0",
            "0",
            "\"T\"",
        ];
        rows += &format!("{}\u{1e}", row.join("\u{1f}"));
        if !conversation.is_empty() {
            let numbers = format!("{now} {expires} 0 0\u{1e}\"T\"");
            let key = format!("share:{id}");
            site.command(&["HSET", &key, ":share", &numbers]).await;
            living.push(id);
        }
    }
    site.command(&["HSET", meta, ":shares", &rows]).await;
    living
}
