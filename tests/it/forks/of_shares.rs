//! Forks of shares: anybody who knows the link can continue with a conversation of their own.

use std::time::Duration;

use super::said;
use crate::common::{Client, DAY, Site, ids, incompressible, message, state};
use serde_json::{Value, json};

on_both_stores!(
    anybody_can_fork_a_share,
    a_fork_shows_nothing_of_the_owner_and_outlives_the_share,
    texts_are_copied_byte_for_byte,
    a_repeat_gets_the_same_fork_and_a_new_request_another,
    an_unreadable_share_cannot_be_forked,
    quotas_and_limits_are_the_callers,
    a_fork_of_a_share_stays_in_its_budget,
);

const ALL: &str = "/api/conversations";

async fn share(owner: &Client, conversation: &str) -> String {
    let body = json!({ "conversationId": conversation });
    let share = owner.post("/api/shares", &body).await.expect(201);
    share["id"].as_str().unwrap().to_owned()
}

fn fork_of(share: &str) -> Value {
    json!({ "forkOf": { "shareId": share } })
}

async fn owner(site: &Site) -> Client {
    let owner = site.user().await;
    let body = json!({
        "id": "private-name", "title": "Original", "tags": ["work"], "folder": "taxes",
        "messages": [said("q1"), said("a1"), said("q2")],
    });
    owner.post(ALL, &body).await.expect(201);
    owner
}

async fn anybody_can_fork_a_share(site: Site) {
    let (owner, user) = (owner(&site).await, site.user().await);
    let share = share(&owner, "private-name").await;
    let fork = user.post(ALL, &fork_of(&share)).await;
    let location = fork.header("location").unwrap().to_owned();
    let fork = fork.expect(201);
    assert_eq!(
        (&fork["title"], &fork["messageCount"], &fork["totalTokens"]),
        (&json!("Original"), &json!(3), &json!(6))
    );
    assert_eq!(fork["headId"], "q2");
    assert_eq!(
        fork["forkedFrom"],
        json!({ "shareId": share, "title": "Original" })
    );
    let id = fork["id"].as_str().unwrap();
    assert_eq!(location, format!("{ALL}/{id}"));
    let original = owner.open("private-name").await;
    assert_eq!(user.open(id).await["messages"], original["messages"]);
    // Each continues independently.
    user.append(id, vec![said("a2")]).await.expect(201);
    assert_eq!(
        ids(&user.open(id).await["messages"]),
        ["q1", "a1", "q2", "a2"]
    );
    assert_eq!(owner.open("private-name").await, original);
    let totals = user.get("/api/user").await.expect(200)["totals"]["current"].clone();
    assert_eq!(
        totals,
        json!({ "conversations": 1, "messages": 4, "tokens": 8 })
    );
    // The title sent replaces the original; and the owner can fork too.
    let mut own = fork_of(&share);
    own["title"] = json!("Mine");
    own["tags"] = json!(["b"]);
    let own = owner.post(ALL, &own).await.expect(201);
    assert_eq!(
        (&own["title"], &own["tags"]),
        (&json!("Mine"), &json!(["b"]))
    );
    assert_eq!(own["forkedFrom"]["title"], "Original");
}

async fn a_fork_shows_nothing_of_the_owner_and_outlives_the_share(site: Site) {
    let (owner, user) = (owner(&site).await, site.user().await);
    let owners_id = owner.get("/api/session").await.expect(200)["userId"].clone();
    let share = share(&owner, "private-name").await;
    // Later messages are not visible through the link.
    owner
        .append("private-name", vec![said("secret")])
        .await
        .expect(201);
    let mut body = fork_of(&share);
    body["id"] = json!("f");
    let written = user.post(ALL, &body).await.text;
    owner.delete("/api/user").await.expect(200);
    let opened = user.get("/api/conversations/f").await;
    let exported = user.get("/api/export").await;
    for text in [&written, &opened.text, &exported.text] {
        for hidden in [
            owners_id.as_str().unwrap(),
            "private-name",
            "taxes",
            "work",
            "secret",
        ] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
    assert_eq!(ids(&opened.expect(200)["messages"]), ["q1", "a1", "q2"]);
}

async fn texts_are_copied_byte_for_byte(site: Site) {
    let (owner, user) = (site.user().await, site.user().await);
    let long = "All work and no play makes Jack a dull boy.\r\n\t".repeat(200);
    let odd = [
        "",
        " 5 ",
        "true",
        "{\"a\":1}",
        "\u{1d}\u{1e}\u{1f}",
        "~",
        "\u{1f600}",
        &long,
    ];
    let mut messages: Vec<Value> = odd
        .iter()
        .enumerate()
        .map(|(at, text)| message(&format!("odd{at}"), "user", text))
        .collect();
    // Several parts, and timestamps that do not follow the order.
    messages.extend((0..250).map(|at| {
        let mut message = said(&format!("m{at}"));
        message["timestamp"] = json!(1000 - at);
        message
    }));
    owner
        .put("/api/conversations/c", &json!({ "messages": messages }))
        .await
        .expect(201);
    let mut body = fork_of(&share(&owner, "c").await);
    body["id"] = json!("f");
    user.post(ALL, &body).await.expect(201);
    let lines = async |user: &Client, id: &str| {
        let exported = user
            .get(&format!("/api/export?conversation={id}&format=ndjson"))
            .await;
        let line = exported
            .text
            .lines()
            .find(|line| line.contains("odd0"))
            .unwrap()
            .to_owned();
        let line: Value = serde_json::from_str(&line).unwrap();
        line["messages"].clone()
    };
    let copied = lines(&user, "f").await;
    assert_eq!(copied, lines(&owner, "c").await);
    assert_eq!(copied.as_array().unwrap().len(), 258);
    // An empty one, too.
    owner.create("empty", vec![]).await;
    let empty = user
        .post(ALL, &fork_of(&share(&owner, "empty").await))
        .await
        .expect(201);
    assert_eq!(
        (&empty["messageCount"], &empty["headId"]),
        (&json!(0), &Value::Null)
    );
}

async fn a_repeat_gets_the_same_fork_and_a_new_request_another(site: Site) {
    let (owner, user) = (owner(&site).await, site.user().await);
    let share = share(&owner, "private-name").await;
    let named = user.with_header("idempotency-key", "k");
    let fork = named.post(ALL, &fork_of(&share)).await.expect(201);
    let other = user.post(ALL, &fork_of(&share)).await.expect(201);
    assert_ne!(fork["id"], other["id"]);
    let mut chosen = fork_of(&share);
    chosen["id"] = json!("f");
    let written = user.post(ALL, &chosen).await.expect(201);
    owner
        .delete(&format!("/api/shares?id={share}"))
        .await
        .expect(200);
    assert_eq!(named.post(ALL, &fork_of(&share)).await.expect(201), fork);
    let again = user.post(ALL, &chosen).await.expect(200);
    assert_eq!(state(again), state(written));
    named
        .post(ALL, &fork_of(&"A".repeat(32)))
        .await
        .expect_error(422, "idempotency_key_reused");
}

async fn an_unreadable_share_cannot_be_forked(site: Site) {
    let (owner, user) = (owner(&site).await, site.user().await);
    let living = share(&owner, "private-name").await;
    let revoked = share(&owner, "private-name").await;
    owner
        .delete(&format!("/api/shares?id={revoked}"))
        .await
        .expect(200);
    let mut forged = living.clone();
    forged.replace_range(31.., if living.ends_with('A') { "B" } else { "A" });
    for gone in [&*revoked, &forged, &"A".repeat(32), &"A".repeat(22), "x"] {
        let response = user.post(ALL, &fork_of(gone)).await;
        response.expect_error(404, "share_not_found");
        site.anonymous_caller()
            .get(&format!("/api/shares?id={gone}"))
            .await
            .expect_error(404, "share_not_found");
    }
    for (of, code) in [
        (
            json!({ "shareId": living, "conversationId": "c" }),
            "invalid_field",
        ),
        (
            json!({ "shareId": living, "messageId": "q1" }),
            "invalid_field",
        ),
        (json!({ "shareId": 5 }), "invalid_field"),
        (json!({ "shareId": null }), "invalid_id"),
    ] {
        let response = user.post(ALL, &json!({ "forkOf": of })).await;
        response.expect_error(400, code);
    }
    let with_messages = json!({ "forkOf": { "shareId": living }, "messages": [said("m")] });
    user.post(ALL, &with_messages)
        .await
        .expect_error(400, "invalid_field");
    user.create("taken", vec![]).await;
    let mut taken = fork_of(&living);
    taken["id"] = json!("taken");
    user.post(ALL, &taken)
        .await
        .expect_error(409, "conversation_exists");
    site.anonymous_caller()
        .post(ALL, &fork_of(&living))
        .await
        .expect_error(401, "missing_token");
    site.advance(90 * DAY);
    site.user()
        .await
        .post(ALL, &fork_of(&living))
        .await
        .expect_error(404, "share_not_found");
}

async fn quotas_and_limits_are_the_callers(site: Site) {
    let owner = owner(&site).await;
    owner
        .append(
            "private-name",
            vec![message("long", "user", &incompressible(1, 9_000))],
        )
        .await
        .expect(201);
    let share = share(&owner, "private-name").await;
    for (name, value, status, code) in [
        ("MAX_USER_BYTES", "8000", 403, "too_much_text_kept"),
        (
            "MAX_MESSAGES_PER_CONVERSATION",
            "3",
            413,
            "conversation_too_long",
        ),
        ("MAX_CONVERSATIONS", "1", 403, "too_many_conversations_kept"),
    ] {
        let strict = site.deployment(&[(name, value)]).await;
        let user = strict.user().await;
        user.create("one", vec![]).await;
        user.post(ALL, &fork_of(&share))
            .await
            .expect_error(status, code);
        assert_eq!(
            user.get(ALL).await.expect(200)["data"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
    site.begin_window();
    let strict = site.deployment(&[("RATE_LIMIT_PER_MINUTE", "3")]).await;
    let user = strict.user().await;
    for _ in 0..3 {
        user.post(ALL, &fork_of(&share)).await.expect(201);
    }
    user.post(ALL, &fork_of(&share))
        .await
        .expect_error(429, "rate_limited");
    site.advance(Duration::from_secs(60));
    user.post(ALL, &fork_of(&share)).await.expect(201);
}

async fn a_fork_of_a_share_stays_in_its_budget(site: Site) {
    let (owner, user) = (site.user().await, site.user().await);
    for (id, count) in [("c", 100), ("large", 250)] {
        let messages = (0..count)
            .map(|index| said(&format!("m{index}")))
            .collect::<Vec<_>>();
        let body = json!({ "messages": messages });
        owner
            .put(&format!("/api/conversations/{id}"), &body)
            .await
            .expect(201);
    }
    let (small, large) = (share(&owner, "c").await, share(&owner, "large").await);
    // The script is in the cache then, and the user's keys are renewed for the day.
    user.post(ALL, &fork_of(&small)).await.expect(201);
    site.idle().await;
    for (share, commands) in [(&small, 11), (&large, 12)] {
        // Whatever follows the response is counted: the copy waits for a search to be prepared for it.
        let body = fork_of(share);
        let (fork, cost) = site.whole_cost_of(user.post(ALL, &body)).await;
        fork.expect(201);
        assert_eq!(cost.requests, 1);
        assert_eq!(cost.commands, commands);
    }
}
