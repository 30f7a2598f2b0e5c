//! `/api/shares`: read-only links to snapshots.

use std::time::Duration;

use crate::common::{Client, Site, ids, incompressible, message, message_at};
use embedded_store::front::Fault;
use serde_json::{Value, json};

on_both_stores!(
    anybody_with_the_id_reads_the_snapshot,
    nothing_of_the_user_or_the_servers_shows,
    texts_come_back_byte_for_byte,
    a_long_conversation_is_read_in_pages,
    an_empty_conversation_can_be_shared,
    own_shares_are_listed_newest_first,
    a_revoked_share_is_gone,
    nobody_revokes_or_lists_anothers_share,
    a_share_expires,
    deleting_the_conversation_takes_its_shares_along,
    erasing_the_user_takes_all_shares_along,
    sharing_twice_by_one_name_makes_one_share,
    a_share_whose_answer_was_lost_is_made_once,
    a_revocation_whose_answer_was_lost_succeeds,
    shares_are_counted_and_limited,
    snapshots_count_as_text_that_is_kept,
    readers_are_limited_by_address,
    bad_requests_change_nothing,
    calls_have_a_price_that_does_not_grow,
);

const SHARES: &str = "/api/shares";
const DAY: Duration = Duration::from_secs(86_400);

async fn share(user: &Client, conversation: &str) -> Value {
    let body = json!({ "conversationId": conversation });
    user.post(SHARES, &body).await.expect(201)
}

fn path(share: &Value) -> String {
    format!("{SHARES}?id={}", share["id"].as_str().unwrap())
}

async fn anybody_with_the_id_reads_the_snapshot(site: Site) {
    let user = site.user().await;
    user.create(
        "c",
        vec![message("m", "user", "hi"), message("n", "assistant", "ho")],
    )
    .await;
    let made = share(&user, "c").await;
    assert_eq!(made["id"].as_str().unwrap().len(), 32);
    assert_eq!(
        (&made["conversationId"], &made["messageCount"]),
        (&json!("c"), &json!(2))
    );
    // What happens later is nothing to those who have the link.
    user.append("c", vec![message("o", "user", "secret")])
        .await
        .expect(201);
    user.patch(
        "/api/conversations/c/messages/m",
        &json!({ "content": "secret" }),
    )
    .await
    .expect(200);
    user.patch("/api/conversations/c", &json!({ "title": "secret" }))
        .await
        .expect(200);

    let answer = site.anonymous_caller().get(&path(&made)).await;
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    assert_eq!(answer.header("x-robots-tag"), Some("noindex"));
    let shown = answer.expect(200);
    assert!(!answer.text.contains("secret"), "{}", answer.text);
    assert_eq!((&shown["id"], &shown["title"]), (&made["id"], &json!("hi")));
    assert_eq!(ids(&shown["messages"]), ["m", "n"]);
    assert_eq!(shown["messages"][1]["content"], "ho");
    assert_eq!(
        (&shown["nextCursor"], &shown["messageCount"]),
        (&Value::Null, &json!(2))
    );
    // A token is neither needed nor looked at.
    site.anonymous_caller()
        .with_token("nonsense")
        .get(&path(&made))
        .await
        .expect(200);
}

async fn nothing_of_the_user_or_the_servers_shows(site: Site) {
    let user = site.user().await;
    let id = user.get("/api/session").await.expect(200)["userId"].clone();
    let body = json!({
        "id": "private-name", "mcpServers": { "files": { "token": "hunter2" } }, "folder": "taxes",
        "tags": ["work"], "messages": [message("m", "user", "hi")],
    });
    user.post("/api/conversations", &body).await.expect(201);
    let made = share(&user, "private-name").await;
    let text = site.anonymous_caller().get(&path(&made)).await.text;
    for hidden in [
        id.as_str().unwrap(),
        "private-name",
        "hunter2",
        "taxes",
        "work",
    ] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}

async fn texts_come_back_byte_for_byte(site: Site) {
    let user = site.user().await;
    let long = "All work and no play makes Jack a dull boy.\r\n\t".repeat(200);
    let texts = [
        "",
        " 5 ",
        "true",
        "{\"a\":1}",
        "\u{1d}\u{1e}\u{1f}",
        "~",
        "\u{1f600}",
        &long,
    ];
    let messages: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| message(&format!("m{at}"), "user", text))
        .collect();
    user.create("c", messages).await;
    let shown = site
        .anonymous_caller()
        .get(&path(&share(&user, "c").await))
        .await
        .expect(200);
    let original = user.open("c").await;
    assert_eq!(shown["messages"], original["messages"]);
    assert_eq!(shown["messages"][7]["content"], long.as_str());
}

async fn a_long_conversation_is_read_in_pages(site: Site) {
    let user = site.user().await;
    let messages: Vec<Value> = (0..250)
        .map(|at| message_at(&format!("m{at}"), at))
        .collect();
    user.put("/api/conversations/c", &json!({ "messages": messages }))
        .await
        .expect(201);
    let made = share(&user, "c").await;
    let (mut seen, mut pages, mut from) = (Vec::new(), 0, String::new());
    loop {
        let page = site
            .anonymous_caller()
            .get(&format!("{}{from}", path(&made)))
            .await
            .expect(200);
        seen.extend(ids(&page["messages"]));
        pages += 1;
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        from = format!("&cursor={cursor}");
    }
    assert_eq!(
        seen,
        (0..250).map(|at| format!("m{at}")).collect::<Vec<_>>()
    );
    assert_eq!(pages, 3);
    let behind = site
        .anonymous_caller()
        .get(&format!("{}&cursor=99", path(&made)))
        .await
        .expect(200);
    assert_eq!(
        (&behind["messages"], &behind["nextCursor"]),
        (&json!([]), &Value::Null)
    );
    site.anonymous_caller()
        .get(&format!("{}&cursor=x", path(&made)))
        .await
        .expect_error(400, "invalid_cursor");
    user.get("/api/shares?cursor=x")
        .await
        .expect_error(400, "invalid_cursor");
}

async fn an_empty_conversation_can_be_shared(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let shown = site
        .anonymous_caller()
        .get(&path(&share(&user, "c").await))
        .await
        .expect(200);
    assert_eq!(shown["title"], "New Conversation");
    assert_eq!(shown["messages"], json!([]));
}

async fn own_shares_are_listed_newest_first(site: Site) {
    let user = site.user().await;
    assert_eq!(user.get(SHARES).await.expect(200), json!({ "data": [] }));
    user.create("a", vec![message("m", "user", "one")]).await;
    user.create("b", vec![]).await;
    let (first, second) = (share(&user, "a").await, share(&user, "b").await);
    let third = share(&user, "a").await;
    assert_ne!(first["id"], third["id"]);
    let listed = user.get(SHARES).await.expect(200);
    assert_eq!(listed["data"], json!([third, second, first]));
}

async fn a_revoked_share_is_gone(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    let (made, other) = (share(&user, "c").await, share(&user, "c").await);
    let answer = user.delete(&path(&made)).await.expect(200);
    assert_eq!(answer, json!({ "id": made["id"], "deleted": true }));
    // Again, as when the answer was lost.
    user.delete(&path(&made)).await.expect(200);
    site.anonymous_caller()
        .get(&path(&made))
        .await
        .expect_error(404, "share_not_found");
    site.anonymous_caller().get(&path(&other)).await.expect(200);
    assert_eq!(user.get(SHARES).await.expect(200)["data"], json!([other]));
    let id = made["id"].as_str().unwrap();
    let stored = site.keys("share:*").await;
    assert!(stored.len() == 1 && !stored[0].contains(id), "{stored:?}");
    assert_eq!(user.open("c").await["messageCount"], 1);
}

async fn nobody_revokes_or_lists_anothers_share(site: Site) {
    let (user, other) = (site.user().await, site.user().await);
    user.create("c", vec![]).await;
    other.create("c", vec![]).await;
    let made = share(&user, "c").await;
    other
        .delete(&path(&made))
        .await
        .expect_error(404, "share_not_found");
    site.anonymous_caller()
        .delete(&path(&made))
        .await
        .expect_error(401, "missing_token");
    site.anonymous_caller()
        .get(SHARES)
        .await
        .expect_error(401, "missing_token");
    assert_eq!(other.get(SHARES).await.expect(200)["data"], json!([]));
    // Nor does what the other one deletes under the same id touch it.
    other.delete("/api/conversations/c").await.expect(200);
    site.anonymous_caller().get(&path(&made)).await.expect(200);
}

async fn a_share_expires(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    let now = site.clock.now_ms();
    let body = json!({ "conversationId": "c", "expiresAt": now + 3_600_000 });
    let short = user.post(SHARES, &body).await.expect(201);
    let long = share(&user, "c").await;
    for time in [now - 1, now + 91 * 86_400_000] {
        let body = json!({ "conversationId": "c", "expiresAt": time });
        user.post(SHARES, &body)
            .await
            .expect_error(400, "invalid_field");
    }
    site.anonymous_caller().get(&path(&short)).await.expect(200);
    site.advance(Duration::from_secs(3_601));
    site.anonymous_caller()
        .get(&path(&short))
        .await
        .expect_error(404, "share_not_found");
    site.anonymous_caller().get(&path(&long)).await.expect(200);
    assert_eq!(user.get(SHARES).await.expect(200)["data"], json!([long]));
    // A day before its end the conversation itself has outlived nothing, and the user can still revoke.
    site.advance(88 * DAY);
    site.anonymous_caller().get(&path(&long)).await.expect(200);
    user.delete(&path(&long)).await.expect(200);
}

async fn deleting_the_conversation_takes_its_shares_along(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    user.create("d", vec![message("m", "user", "hi")]).await;
    let (first, second) = (share(&user, "c").await, share(&user, "c").await);
    let kept = share(&user, "d").await;
    user.delete("/api/conversations/c").await.expect(200);
    for gone in [&first, &second] {
        site.anonymous_caller()
            .get(&path(gone))
            .await
            .expect_error(404, "share_not_found");
        user.delete(&path(gone)).await.expect(200);
    }
    site.anonymous_caller().get(&path(&kept)).await.expect(200);
    assert_eq!(user.get(SHARES).await.expect(200)["data"], json!([kept]));
    assert_eq!(site.keys("share:*").await.len(), 1);
    user.post(SHARES, &json!({ "conversationId": "c" }))
        .await
        .expect_error(404, "conversation_not_found");
}

async fn erasing_the_user_takes_all_shares_along(site: Site) {
    let (user, bystander) = (site.user().await, site.user().await);
    for client in [&user, &bystander] {
        client.create("c", vec![message("m", "user", "hi")]).await;
    }
    let made = share(&user, "c").await;
    let kept = share(&bystander, "c").await;
    share(&user, "c").await;
    user.delete("/api/user").await.expect(200);
    site.anonymous_caller()
        .get(&path(&made))
        .await
        .expect_error(404, "share_not_found");
    site.anonymous_caller().get(&path(&kept)).await.expect(200);
    assert_eq!(site.keys("share:*").await.len(), 1);
    assert_eq!(user.get(SHARES).await.expect(200)["data"], json!([]));
}

async fn sharing_twice_by_one_name_makes_one_share(site: Site) {
    let (user, other) = (site.user().await, site.user().await);
    for client in [&user, &other] {
        client.create("c", vec![]).await;
    }
    user.create("d", vec![]).await;
    let named = user.with_header("idempotency-key", "click-1");
    let made = share(&named, "c").await;
    user.append("c", vec![message("m", "user", "later")])
        .await
        .expect(201);
    let again = share(&named, "c").await;
    assert_eq!(again["id"], made["id"]);
    assert_eq!(again["messageCount"], made["messageCount"]);
    assert_ne!(share(&named, "d").await["id"], made["id"]);
    let others = other.with_header("idempotency-key", "click-1");
    assert_ne!(share(&others, "c").await["id"], made["id"]);
    // Once it was revoked, a late repeat does not share again.
    user.delete(&path(&made)).await.expect(200);
    assert_eq!(share(&named, "c").await["id"], made["id"]);
    site.anonymous_caller()
        .get(&path(&made))
        .await
        .expect_error(404, "share_not_found");
}

async fn a_share_whose_answer_was_lost_is_made_once(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    share(&user, "c").await;
    site.faults().push(Fault::CutAfter, 1);
    share(&user, "c").await;
    let listed = user.get(SHARES).await.expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    assert_eq!(site.keys("share:*").await.len(), 2);
}

async fn a_revocation_whose_answer_was_lost_succeeds(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let made = share(&user, "c").await;
    user.get(SHARES).await.expect(200);
    site.faults().push(Fault::CutAfter, 1);
    user.delete(&path(&made)).await.expect(200);
}

async fn shares_are_counted_and_limited(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut last = Value::Null;
    for _ in 0..100 {
        last = share(&user, "c").await;
    }
    let body = json!({ "conversationId": "c" });
    user.post(SHARES, &body)
        .await
        .expect_error(403, "too_many_shares");
    // However many come and go, few are remembered.
    for _ in 0..110 {
        user.delete(&path(&last)).await.expect(200);
        last = share(&user, "c").await;
    }
    user.post(SHARES, &body)
        .await
        .expect_error(403, "too_many_shares");
    assert_eq!(site.keys("share:*").await.len(), 100);
}

async fn snapshots_count_as_text_that_is_kept(site: Site) {
    let strict = site.deployment(&[("MAX_USER_BYTES", "10000")]).await;
    let user = strict.user().await;
    user.create("c", vec![message("m", "user", &incompressible(1, 4_000))])
        .await;
    let made = share(&user, "c").await;
    let body = json!({ "conversationId": "c" });
    user.post(SHARES, &body)
        .await
        .expect_error(403, "too_much_text_kept");
    user.delete(&path(&made)).await.expect(200);
    user.post(SHARES, &body).await.expect(201);
}

async fn readers_are_limited_by_address(site: Site) {
    let strict = site
        .deployment(&[
            ("SHARE_RATE_LIMIT_PER_MINUTE", "2"),
            ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1"),
        ])
        .await;
    let user = site.user().await;
    user.create("c", vec![]).await;
    let made = share(&user, "c").await;
    site.begin_window();
    let from = |address: &str| strict.anonymous_caller().with_header("x-real-ip", address);
    for left in ["1", "0"] {
        let answer = from("192.0.2.1").get(&path(&made)).await;
        answer.expect(200);
        assert_eq!(answer.header("ratelimit-remaining"), Some(left));
    }
    let answer = from("192.0.2.1").get(&path(&made)).await;
    answer.expect_error(429, "rate_limited");
    assert!(answer.header("retry-after").is_some());
    // Guessing is counted too, and readers take nothing from those who begin a session.
    from("192.0.2.1")
        .get(&format!("{SHARES}?id={}", "A".repeat(22)))
        .await
        .expect_error(429, "rate_limited");
    from("192.0.2.1")
        .post("/api/session", &json!({}))
        .await
        .expect(201);
    from("192.0.2.2").get(&path(&made)).await.expect(200);
}

async fn bad_requests_change_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    for (body, code) in [
        (json!({}), "invalid_id"),
        (json!({ "conversationId": 5 }), "invalid_id"),
        (json!({ "conversationId": "a:b" }), "invalid_id"),
        (json!([]), "invalid_json"),
        (
            json!({ "conversationId": "c", "expiresAt": "soon" }),
            "invalid_field",
        ),
    ] {
        user.post(SHARES, &body).await.expect_error(400, code);
    }
    user.post(SHARES, &json!({ "conversationId": "nope" }))
        .await
        .expect_error(404, "conversation_not_found");
    user.delete(SHARES).await.expect_error(400, "invalid_query");
    for id in ["x", "..%2F", &"A".repeat(22), "AAAAAAAAAAAAAAAAAAAA:A"] {
        let path = format!("{SHARES}?id={id}");
        site.anonymous_caller()
            .get(&path)
            .await
            .expect_error(404, "share_not_found");
        user.delete(&path)
            .await
            .expect_error(404, "share_not_found");
    }
    user.put(SHARES, &json!({}))
        .await
        .expect_error(405, "method_not_allowed");
    let off = site.deployment(&[("REDIS_ENABLED", "false")]).await;
    let made = share(&user, "c").await;
    off.anonymous_caller()
        .get(&path(&made))
        .await
        .expect_error(503, "storage_disabled");
    off.anonymous_caller()
        .with_token(user.token())
        .delete(&path(&made))
        .await
        .expect(200);
    assert_eq!(site.keys("share:*").await.len(), 0);
}

async fn calls_have_a_price_that_does_not_grow(site: Site) {
    let user = site.user().await;
    let messages: Vec<Value> = (0..1_000)
        .map(|at| message_at(&format!("m{at}"), at))
        .collect();
    user.put("/api/conversations/long", &json!({ "messages": messages }))
        .await
        .expect(201);
    user.create("short", vec![message("m", "user", "hi")]).await;
    let warm = share(&user, "short").await;
    user.delete(&path(&warm)).await.expect(200);
    site.anonymous_caller().get(&path(&warm)).await.expect(404);
    user.get(SHARES).await.expect(200);
    user.create("gone", vec![]).await;
    user.delete("/api/conversations/gone").await.expect(200);
    for conversation in ["short", "long"] {
        site.begin_window();
        user.get("/api/session").await.expect(200);
        site.anonymous_caller().get(&path(&warm)).await.expect(404);
        let (made, cost) = site.cost_of(share(&user, conversation)).await;
        assert_eq!(
            (cost.requests, cost.commands),
            (1, 8),
            "share {conversation}"
        );
        let (_, cost) = site
            .cost_of(site.anonymous_caller().get(&path(&made)))
            .await;
        assert_eq!(
            (cost.requests, cost.commands),
            (1, 3),
            "read {conversation}"
        );
        let (_, cost) = site.cost_of(user.get(SHARES)).await;
        assert_eq!((cost.requests, cost.commands), (1, 3), "list");
        let (_, cost) = site.cost_of(user.delete(&path(&made))).await;
        assert_eq!((cost.requests, cost.commands), (1, 4), "revoke");
        let again = share(&user, conversation).await;
        let shared = format!("/api/conversations/{conversation}");
        let (_, cost) = site.cost_of(user.delete(&shared)).await;
        assert_eq!(
            (cost.requests, cost.commands),
            (1, 8),
            "delete a shared one"
        );
        site.anonymous_caller().get(&path(&again)).await.expect(404);
    }
}
