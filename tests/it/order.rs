//! Messages keep the order in which they were written, whatever the writers' clocks said.

use crate::common::{Site, ids, message_at};
use serde_json::{Value, json};

on_both_stores!(
    a_slow_clock_moves_nothing_above_existing_messages,
    a_clock_set_back_swaps_no_turns,
    a_fast_clock_delays_nobody,
    a_saved_conversation_keeps_its_order,
    an_imported_conversation_keeps_its_order,
    imported_messages_follow_their_predecessors,
    pages_go_both_ways_regardless_of_clocks,
    a_cursor_of_a_size_limited_page_continues,
);

async fn order_of(user: &crate::common::Client) -> Vec<String> {
    ids(&user.open("c").await["messages"])
}

async fn a_slow_clock_moves_nothing_above_existing_messages(site: Site) {
    let user = site.user().await;
    user.create(
        "c",
        vec![message_at("q1", 600_000), message_at("a1", 600_001)],
    )
    .await;
    user.append("c", vec![message_at("q2", 5)])
        .await
        .expect(201);
    user.append("c", vec![message_at("a2", 600_002)])
        .await
        .expect(201);
    assert_eq!(order_of(&user).await, ["q1", "a1", "q2", "a2"]);
    // The timestamp is still the one sent.
    let opened = user.open("c").await;
    assert_eq!(
        opened["messages"][2]["timestamp"],
        "1970-01-01T00:00:00.005Z"
    );
    assert_eq!(opened["headId"], "a2");
}

async fn a_clock_set_back_swaps_no_turns(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    user.append("c", vec![message_at("q", 90), message_at("a", 30)])
        .await
        .expect(201);
    user.append("c", vec![message_at("b", 30)])
        .await
        .expect(201);
    user.append("c", vec![message_at("d", 90)])
        .await
        .expect(201);
    assert_eq!(order_of(&user).await, ["q", "a", "b", "d"]);
}

async fn a_fast_clock_delays_nobody(site: Site) {
    let user = site.user().await;
    const YEAR_3000: i64 = 32_503_680_000_000;
    user.create("c", vec![message_at("ahead", YEAR_3000)]).await;
    for index in 0..60 {
        let id = format!("m{index}");
        user.append("c", vec![message_at(&id, 1_000 + index)])
            .await
            .expect(201);
    }
    let page = user
        .get("/api/conversations/c/messages?order=asc&limit=100")
        .await
        .expect(200);
    let expected: Vec<String> = std::iter::once("ahead".to_owned())
        .chain((0..60).map(|index| format!("m{index}")))
        .collect();
    assert_eq!(ids(&page["data"]), expected);
}

async fn a_saved_conversation_keeps_its_order(site: Site) {
    let user = site.user().await;
    // A system message that was added last and comes first.
    let messages = [("rules", 99), ("q", 1), ("a", 2), ("b", 2)]
        .map(|(id, at)| message_at(id, at))
        .to_vec();
    user.create("c", messages.clone()).await;
    assert_eq!(order_of(&user).await, ["rules", "q", "a", "b"]);
    let mut turned = messages;
    turned.swap(1, 2);
    user.put("/api/conversations/c", &json!({ "messages": turned }))
        .await
        .expect(200);
    assert_eq!(order_of(&user).await, ["rules", "a", "q", "b"]);
    user.append("c", vec![message_at("late", 3)])
        .await
        .expect(201);
    assert_eq!(order_of(&user).await, ["rules", "a", "q", "b", "late"]);
}

fn import_of(messages: &[(&str, i64)]) -> Value {
    let messages: Vec<Value> = messages
        .iter()
        .map(|(id, at)| message_at(id, *at))
        .collect();
    json!([{ "id": "c", "title": "Imported", "messages": messages }])
}

async fn an_imported_conversation_keeps_its_order(site: Site) {
    let user = site.user().await;
    let sent = import_of(&[("rules", 99), ("q", 1), ("a", 2)]);
    user.post("/api/import", &sent).await.expect(200);
    assert_eq!(order_of(&user).await, ["rules", "q", "a"]);
}

async fn imported_messages_follow_their_predecessors(site: Site) {
    let user = site.user().await;
    user.post(
        "/api/import",
        &import_of(&[("q1", 10), ("a1", 20), ("q3", 50)]),
    )
    .await
    .expect(200);
    let longer = import_of(&[
        ("q1", 10),
        ("a1", 20),
        ("q2", 5),
        ("a2", 30),
        ("q3", 50),
        ("a3", 1),
    ]);
    user.post("/api/import", &longer).await.expect(200);
    let expected = ["q1", "a1", "q2", "a2", "q3", "a3"];
    assert_eq!(order_of(&user).await, expected);
    let opened = user.open("c").await;
    assert_eq!(
        (&opened["headId"], &opened["messageCount"]),
        (&json!("a3"), &json!(6))
    );
    user.append("c", vec![message_at("q4", 2)])
        .await
        .expect(201);
    assert_eq!(order_of(&user).await[6], "q4");
}

async fn pages_go_both_ways_regardless_of_clocks(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let sent: Vec<String> = (0..23).map(|index| format!("m{index}")).collect();
    for (index, id) in sent.iter().enumerate() {
        // Up and down again.
        let timestamp = [500, 100, 100, 900, 901, 7][index % 6];
        user.append("c", vec![message_at(id, timestamp)])
            .await
            .expect(201);
    }
    for limit in [1, 4, 9, 100] {
        for order in ["asc", "desc"] {
            let (mut all, mut cursor) = (Vec::new(), String::new());
            loop {
                let path =
                    format!("/api/conversations/c/messages?order={order}&limit={limit}{cursor}");
                let page = user.get(&path).await.expect(200);
                all.extend(ids(&page["data"]));
                match page["nextCursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            if order == "desc" {
                all.reverse();
            }
            assert_eq!(all, sent, "{order}, limit {limit}");
        }
    }
}

async fn a_cursor_of_a_size_limited_page_continues(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let large = "x".repeat(1_000_000);
    for (id, at) in [("a", 900), ("b", 5), ("d", 4), ("e", 3), ("f", 2), ("g", 1)] {
        let sent = json!({ "id": id, "type": "user", "content": large, "timestamp": at });
        user.append("c", vec![sent]).await.expect(201);
    }
    let first = user.open("c").await;
    let newest = ids(&first["messages"]);
    assert!(newest.len() < 6, "it is cut: {newest:?}");
    let cursor = first["nextCursor"].as_str().unwrap();
    let path = format!("/api/conversations/c/messages?order=desc&cursor={cursor}");
    let mut older = ids(&user.get(&path).await.expect(200)["data"]);
    older.reverse();
    older.extend(newest);
    assert_eq!(older, ["a", "b", "d", "e", "f", "g"]);
}
