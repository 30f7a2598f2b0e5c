//! Large accounts in bounded steps, and what happens in between.

use super::{EXPORT, assert_travels, export, import_lines, lines};
use crate::common::{Site, ids, message, message_at};
use embedded_store::front::Fault;
use serde_json::{Value, json};

on_both_stores!(
    a_large_conversation_is_exported_in_pieces,
    a_conversation_larger_than_a_request_is_exported_in_several_lines,
    small_conversations_are_read_in_batches,
    a_failure_midway_breaks_the_stream_off,
    a_conversation_that_moves_up_during_an_export_is_not_missed,
);

async fn a_large_conversation_is_exported_in_pieces(site: Site) {
    let user = site.user().await;
    let many: Vec<Value> = (0..5_200)
        .map(|index| message_at(&format!("m{index}"), index / 2_600))
        .collect();
    let conversation = json!({ "id": "many", "messages": many });
    user.post("/api/import", &json!([conversation]))
        .await
        .expect(200);
    let text = "y".repeat(400_000);
    let heavy: Vec<Value> = (0..6)
        .map(|index| message(&format!("h{index}"), "user", &text))
        .collect();
    user.create("heavy", heavy).await;
    user.get(EXPORT).await;
    site.idle().await;
    let (response, cost) = site.cost_of(user.get(EXPORT)).await;
    let exported = lines(&response);
    assert_eq!(
        exported[2]["export"],
        json!({ "conversations": 2, "messages": 5_206, "complete": true })
    );
    let sent: Vec<String> = (0..5_200).map(|index| format!("m{index}")).collect();
    assert_eq!(ids(&exported[1]["messages"]), sent);
    assert_eq!(
        cost.requests, 4,
        "two lists, and two pieces of up to 5,000 messages"
    );
    assert_travels(&site, &user).await;
}

async fn a_conversation_larger_than_a_request_is_exported_in_several_lines(site: Site) {
    let user = site.user().await;
    let texts: Vec<Value> = (0..7)
        .map(|index| {
            message(
                &format!("h{index}"),
                "user",
                &index.to_string().repeat(900_000),
            )
        })
        .collect();
    user.create("before", vec![message("m", "user", "x")]).await;
    let body = json!({ "id": "heavy", "messages": &texts[..4], "updatedAt": 1_000 });
    user.post("/api/import", &json!([body])).await.expect(200);
    user.append("heavy", texts[4..].to_vec()).await.expect(201);
    user.get(EXPORT).await;
    // Upkeep found due by the first is not counted with the second.
    site.idle().await;
    let (response, cost) = site.cost_of(user.get(EXPORT)).await;
    assert_eq!(cost.requests, 4, "two lists, and two pieces of up to 6 MB");
    assert!(response.text.lines().all(|line| line.len() < 4_500_000));
    let exported = lines(&response);
    let parts: Vec<Vec<String>> = exported
        .iter()
        .filter(|line| line["id"] == "heavy")
        .map(|line| ids(&line["messages"]))
        .collect();
    let expected: [&[&str]; 3] = [&["h0", "h1", "h2"], &["h3", "h4", "h5"], &["h6"]];
    assert_eq!(parts, expected);
    let end = exported.last().unwrap();
    assert_eq!(end["export"]["conversations"], 2);

    // Line by line, as many per request as fit.
    let texts: Vec<&str> = response.text.lines().collect();
    for requests in [vec![0..1, 1..2, 2..3, 3..5], vec![0..1, 1..5]] {
        let to = site.user().await;
        for lines in requests {
            let report = import_lines(&to, texts[lines].join("\n")).await;
            assert_eq!(report["rejected"], 0, "{report}");
        }
        assert_eq!(export(&to).await, export(&user).await);
        for line in &texts {
            let again = import_lines(&to, (*line).to_owned()).await;
            assert_eq!(again["imported"], 0);
        }
    }
}

async fn small_conversations_are_read_in_batches(site: Site) {
    let user = site.user().await;
    let all: Vec<Value> = (0..200)
        .map(|index| json!({ "id": format!("c{index}"), "messages": [message("a", "user", "x"), message("b", "assistant", "y")] }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    site.begin_window();
    user.get(EXPORT).await;
    site.idle().await;
    let (response, cost) = site.cost_of(user.get(EXPORT)).await;
    assert_eq!(lines(&response).len(), 201);
    // Per 50 conversations one request for their ids and one for what is in them; and one for those of agent sessions.
    assert_eq!(cost.requests, 9);
    assert!(cost.commands <= 9 * 5 + 200 * 2, "{cost:?}");
}

async fn a_failure_midway_breaks_the_stream_off(site: Site) {
    let user = site.user().await;
    let all: Vec<Value> = (0..120)
        .map(|index| json!({ "id": format!("c{index}") }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    user.get(EXPORT).await;
    // The first two requests of the six succeed.
    site.faults()
        .push(Fault::Delay(std::time::Duration::ZERO), 2);
    site.faults().push(Fault::QuotaError, 1);
    let (status, body) = user.try_get(EXPORT).await;
    assert!([0, 200].contains(&status), "no error can follow: {status}");
    assert!(body.is_err(), "the connection has to break");
    assert_eq!(user.get(EXPORT).await.text.lines().count(), 121);
}

async fn a_conversation_that_moves_up_during_an_export_is_not_missed(site: Site) {
    let user = site.user().await;
    let all: Vec<Value> = (0..120)
        .map(|index| json!({ "id": format!("c{index}"), "updatedAt": 1_000_000 - index }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    user.get(EXPORT).await;
    site.faults()
        .set_latency(std::time::Duration::from_millis(150));
    let before = site.front.counts().requests;
    let export = tokio::spawn({
        let user = user.clone();
        async move { user.get(EXPORT).await }
    });
    site.until_requests(before, 2).await;
    // The last one of the list, and one that was already sent.
    for id in ["c119", "c0"] {
        let path = format!("/api/conversations/{id}");
        user.patch(&path, &json!({ "pinned": true }))
            .await
            .expect(200);
    }
    let response = export.await.unwrap();
    let mut exported = lines(&response);
    let end = exported.pop().unwrap();
    assert_eq!(end["export"]["conversations"], 120);
    let mut found = ids(&json!(exported));
    assert_eq!(found.last().unwrap(), "c119");
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 120);
}
