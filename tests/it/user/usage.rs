//! What a user has written by day, and received by model.

use super::USER;
use crate::common::{Client, Site};
use serde_json::{Value, json};

on_both_stores!(
    an_import_of_old_chats_is_no_activity_of_today,
    a_message_counts_on_the_day_of_its_timestamp,
    existing_messages_are_not_counted_again,
    a_save_counts_only_new_messages,
    a_fork_is_in_the_totals_only,
    messages_are_counted_by_model,
    an_edit_may_name_the_model,
    models_beyond_the_limit_are_grouped,
    an_erasure_forgets_the_models,
);

const DAY_MS: i64 = 86_400_000;

fn of_model(id: &str, model: &str, total: u64) -> Value {
    json!({ "id": id, "type": "assistant", "content": "x", "model": model, "tokens": { "total": total } })
}

fn at(mut message: Value, time: i64) -> Value {
    message["timestamp"] = json!(time);
    message
}

fn dated(id: &str, total: u64, time: i64) -> Value {
    let message = json!({ "id": id, "type": "user", "content": "x", "tokens": { "total": total } });
    at(message, time)
}

async fn statistics(user: &Client) -> Value {
    user.get(USER).await.expect(200)
}

/// Days with any activity: how long ago each is, messages and tokens; the oldest first.
async fn active_days(user: &Client) -> Vec<(usize, u64, u64)> {
    let statistics = statistics(user).await;
    let days = statistics["activity"].as_array().unwrap();
    let number = |day: &Value, name: &str| day[name].as_u64().unwrap();
    days.iter()
        .enumerate()
        .map(|(at, day)| (29 - at, number(day, "messages"), number(day, "tokens")))
        .filter(|(_, messages, tokens)| messages + tokens > 0)
        .collect()
}

async fn lifetime(user: &Client) -> Value {
    statistics(user).await["totals"]["lifetime"].clone()
}

async fn models(user: &Client) -> Value {
    statistics(user).await["models"].clone()
}

fn model(name: impl Into<Value>, messages: u64, tokens: u64) -> Value {
    json!({ "model": name.into(), "messages": messages, "tokens": tokens })
}

async fn import(user: &Client, id: &str, messages: &[Value]) {
    let conversations = json!([{ "id": id, "messages": messages }]);
    user.post("/api/import", &conversations).await.expect(200);
}

async fn an_import_of_old_chats_is_no_activity_of_today(site: Site) {
    let (user, now) = (site.user().await, site.clock.now_ms());
    let last_summer: Vec<Value> = (0..50)
        .map(|index| dated(&format!("m{index}"), 2, now - 150 * DAY_MS + index))
        .collect();
    import(&user, "old", &last_summer).await;
    assert_eq!(active_days(&user).await, []);
    assert_eq!(
        lifetime(&user).await,
        json!({ "conversations": 1, "messages": 50, "tokens": 100 })
    );
    // Only new messages of a later import are counted.
    let mut more = last_summer.clone();
    more.push(dated("new", 3, now));
    import(&user, "old", &more).await;
    assert_eq!(active_days(&user).await, [(0, 1, 3)]);
}

async fn a_message_counts_on_the_day_of_its_timestamp(site: Site) {
    let (user, now) = (site.user().await, site.clock.now_ms());
    user.create("c", vec![dated("a", 1, now - 2 * DAY_MS)])
        .await;
    let turn = vec![
        dated("b", 2, now - DAY_MS),
        dated("c", 4, now),
        dated("ahead", 8, now + 400 * DAY_MS),
        dated("first", 16, now - 29 * DAY_MS),
        dated("before", 32, now - 30 * DAY_MS),
        dated("ancient", 64, -DAY_MS),
    ];
    user.append("c", turn).await.expect(201);
    let path = "/api/conversations/c/messages/put";
    user.put(path, &dated("put", 128, now - DAY_MS))
        .await
        .expect(201);
    let expected = [(29, 1, 16), (2, 1, 1), (1, 2, 130), (0, 2, 12)];
    assert_eq!(active_days(&user).await, expected);
    assert_eq!(lifetime(&user).await["tokens"], 255);
    // Tokens added to a message count on its own day.
    let path = "/api/conversations/c/messages/a";
    user.patch(path, &json!({ "tokens": { "total": 11 } }))
        .await
        .expect(200);
    assert_eq!(active_days(&user).await[1], (2, 1, 11));
}

async fn existing_messages_are_not_counted_again(site: Site) {
    let (user, now) = (site.user().await, site.clock.now_ms());
    let said = [
        dated("q", 1, now - DAY_MS),
        at(of_model("a", "m-1", 5), now - DAY_MS),
    ];
    import(&user, "c", &said).await;
    let before = statistics(&user).await;
    assert_eq!(active_days(&user).await, [(1, 2, 6)]);
    import(&user, "c", &said).await;
    let body = json!({ "title": "other", "messages": said });
    user.post(
        "/api/import",
        &json!([{ "id": "c", "title": "other", "messages": said }]),
    )
    .await
    .expect(200);
    user.append("c", said.to_vec()).await.expect(200);
    user.put("/api/conversations/c", &body).await.expect(200);
    user.put("/api/conversations/c/messages/a", &said[1])
        .await
        .expect(200);
    let after = statistics(&user).await;
    for name in ["activity", "models"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    assert_eq!(after["totals"], before["totals"]);
}

async fn a_save_counts_only_new_messages(site: Site) {
    let (user, now) = (site.user().await, site.clock.now_ms());
    user.create(
        "c",
        vec![
            dated("a", 1, now - 3 * DAY_MS),
            dated("b", 2, now - 2 * DAY_MS),
        ],
    )
    .await;
    // One message is removed, another added, and the last one has grown.
    let grown = at(of_model("c", "m-1", 7), now - DAY_MS);
    let messages = [dated("b", 2, now - 2 * DAY_MS), grown];
    let body = json!({ "messages": messages });
    user.put("/api/conversations/c", &body).await.expect(200);
    assert_eq!(active_days(&user).await, [(3, 1, 1), (2, 1, 2), (1, 1, 7)]);
    let messages = [
        &messages[..1],
        &[at(of_model("c", "m-1", 10), now - DAY_MS)],
    ]
    .concat();
    user.put("/api/conversations/c", &json!({ "messages": messages }))
        .await
        .expect(200);
    assert_eq!(active_days(&user).await, [(3, 1, 1), (2, 1, 2), (1, 1, 10)]);
    assert_eq!(
        lifetime(&user).await,
        json!({ "conversations": 1, "messages": 3, "tokens": 13 })
    );
    assert_eq!(models(&user).await, json!([model("m-1", 1, 7)]));
}

async fn a_fork_is_in_the_totals_only(site: Site) {
    let user = site.user().await;
    user.create("c", vec![of_model("a", "m-1", 5)]).await;
    let body = json!({ "id": "f", "forkOf": { "conversationId": "c" } });
    user.post("/api/conversations", &body).await.expect(201);
    assert_eq!(active_days(&user).await, [(0, 1, 5)]);
    assert_eq!(models(&user).await, json!([model("m-1", 1, 5)]));
    assert_eq!(
        lifetime(&user).await,
        json!({ "conversations": 2, "messages": 2, "tokens": 10 })
    );
}

async fn messages_are_counted_by_model(site: Site) {
    let user = site.user().await;
    assert_eq!(models(&user).await, json!([]));
    let none = json!({ "id": "none", "type": "user", "content": "x", "model": null });
    let empty = of_model("empty", "", 1);
    user.create("c", vec![none, empty, of_model("a", "small", 2)])
        .await;
    user.append(
        "c",
        vec![of_model("b", "large", 30), of_model("d", "large", 40)],
    )
    .await
    .expect(201);
    import(&user, "i", &[of_model("m", "v/1 \"x\"", 5)]).await;
    // A deletion subtracts nothing.
    user.delete("/api/conversations/c/messages/d")
        .await
        .expect(200);
    assert_eq!(
        models(&user).await,
        json!([
            model("large", 2, 70),
            model("small", 1, 2),
            model("v/1 \"x\"", 1, 5)
        ])
    );
}

async fn an_edit_may_name_the_model(site: Site) {
    let user = site.user().await;
    let begun = json!({ "id": "a", "type": "assistant", "content": "", "streaming": true });
    user.create("c", vec![begun]).await;
    assert_eq!(models(&user).await, json!([]));
    let path = "/api/conversations/c/messages/a";
    let done = json!({ "content": "done", "model": "m-1", "tokens": { "total": 9 } });
    user.patch(path, &done).await.expect(200);
    assert_eq!(models(&user).await, json!([model("m-1", 1, 9)]));
    // More tokens are the same message; another model is another one.
    user.patch(path, &json!({ "tokens": { "total": 12 } }))
        .await
        .expect(200);
    user.patch(path, &json!({ "content": "edited" }))
        .await
        .expect(200);
    assert_eq!(models(&user).await, json!([model("m-1", 1, 12)]));
    user.put(path, &of_model("a", "m-2", 5)).await.expect(200);
    assert_eq!(
        models(&user).await,
        json!([model("m-1", 1, 12), model("m-2", 1, 5)])
    );
}

async fn models_beyond_the_limit_are_grouped(site: Site) {
    let user = site.user().await;
    let long = "x".repeat(129);
    // So long that its value is compressed where it is stored.
    let longest = "y".repeat(5_000);
    let mut messages: Vec<Value> = (0..40)
        .map(|index| of_model(&format!("m{index}"), &format!("model-{index:02}"), 1))
        .collect();
    messages.push(of_model("long", &long, 10));
    messages.push(of_model("longest", &longest, 10));
    messages.push(of_model("again", "model-00", 100));
    user.create("c", messages).await;
    let all = models(&user).await;
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 33);
    assert_eq!(all[0], model("model-00", 2, 101));
    assert_eq!(all[31], model("model-31", 1, 1));
    assert_eq!(all[32], model(Value::Null, 10, 28));
}

async fn an_erasure_forgets_the_models(site: Site) {
    let user = site.user().await;
    user.create("c", vec![of_model("a", "m-1", 5)]).await;
    user.delete(USER).await.expect(200);
    assert_eq!(models(&user).await, json!([]));
    user.create("c", vec![of_model("a", "m-2", 5)]).await;
    assert_eq!(models(&user).await, json!([model("m-2", 1, 5)]));
}
