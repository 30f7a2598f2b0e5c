//! Current and all-time totals.

use super::{DAY, USER};
use crate::common::{Client, Site, message};
use embedded_store::front::Fault;
use serde_json::{Value, json};

on_both_stores!(
    statistics_report_current_and_all_time_totals,
    a_new_user_has_done_nothing,
    activity_is_counted_by_day,
    a_repeated_write_is_counted_once,
    statistics_cost_the_same_for_every_account,
);

fn with_tokens(id: &str, total: u64) -> Value {
    json!({ "id": id, "type": "user", "content": "x", "tokens": { "total": total } })
}

async fn statistics(user: &Client) -> Value {
    user.get(USER).await.expect(200)
}

/// Messages and tokens of the last days, today last.
fn activity(statistics: &Value, days: usize) -> Vec<(u64, u64)> {
    let all = statistics["activity"].as_array().unwrap();
    assert_eq!(all.len(), 30);
    let number = |day: &Value, name: &str| day[name].as_u64().unwrap();
    all[30 - days..]
        .iter()
        .map(|day| (number(day, "messages"), number(day, "tokens")))
        .collect()
}

async fn statistics_report_current_and_all_time_totals(site: Site) {
    let user = site.user().await;
    user.create("a", vec![with_tokens("m", 10), with_tokens("n", 5)])
        .await;
    user.create("b", vec![with_tokens("m", 1)]).await;
    let all = statistics(&user).await;
    user.create("gone", vec![with_tokens("m", 100)]).await;
    user.delete("/api/conversations/gone").await.expect(200);
    user.delete("/api/conversations/a/messages/n")
        .await
        .expect(200);
    let left = statistics(&user).await;
    let session = user.get("/api/session").await.expect(200);
    assert_eq!(left["userId"], session["userId"]);
    let expected = json!({
        "current": { "conversations": 2, "messages": 2, "tokens": 11 },
        "lifetime": { "conversations": 3, "messages": 4, "tokens": 116 },
    });
    assert_eq!(left["totals"], expected);
    assert_eq!(
        all["messagesPerConversation"],
        json!({ "mean": 1.5, "max": 2 })
    );
    assert_eq!(
        left["messagesPerConversation"],
        json!({ "mean": 1.0, "max": 1 })
    );
    let (before, after) = (all["bytes"].as_u64(), left["bytes"].as_u64());
    // Records of deletions take up room too, but less than any real text.
    assert!(after > Some(100), "{before:?} {after:?}");
    assert_eq!(activity(&left, 1), [(4, 116)]);
}

async fn a_new_user_has_done_nothing(site: Site) {
    let user = site.user().await;
    let nothing = statistics(&user).await;
    let zero = json!({ "conversations": 0, "messages": 0, "tokens": 0 });
    assert_eq!(
        nothing["totals"],
        json!({ "current": zero, "lifetime": zero })
    );
    assert_eq!(nothing["bytes"], 0);
    assert_eq!(
        nothing["messagesPerConversation"],
        json!({ "mean": 0.0, "max": 0 })
    );
    assert_eq!(activity(&nothing, 30), [(0, 0); 30]);
    user.post(USER, &json!({}))
        .await
        .expect_error(405, "method_not_allowed");
    site.anonymous_caller()
        .delete(USER)
        .await
        .expect_error(401, "missing_token");
}

async fn activity_is_counted_by_day(site: Site) {
    let user = site.user().await;
    user.create("c", vec![with_tokens("a", 1)]).await;
    site.advance(2 * DAY);
    user.append("c", vec![with_tokens("b", 10), with_tokens("c", 20)])
        .await
        .expect(201);
    // Renaming is no activity, more tokens are.
    user.patch("/api/conversations/c", &json!({ "title": "x" }))
        .await
        .expect(200);
    let path = "/api/conversations/c/messages/b";
    user.patch(path, &json!({ "tokens": { "total": 15 } }))
        .await
        .expect(200);
    user.post(
        "/api/import",
        &json!([{ "id": "i", "messages": [with_tokens("m", 100)] }]),
    )
    .await
    .expect(200);
    let after = statistics(&user).await;
    assert_eq!(activity(&after, 3), [(1, 1), (0, 0), (3, 135)]);
    let dates: Vec<&str> = after["activity"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["date"].as_str().unwrap())
        .collect();
    assert!(dates.is_sorted() && dates.iter().all(|date| date.len() == 10));
    let now = user.get("/api/health/redis").await.expect(200);
    assert!(now["timestamp"].as_str().unwrap().starts_with(dates[29]));
    site.advance(28 * DAY);
    user.put(
        "/api/conversations/d",
        &json!({ "messages": [with_tokens("m", 7)] }),
    )
    .await
    .expect(201);
    let later = activity(&statistics(&user).await, 30);
    assert_eq!((later[0], later[1], later[29]), ((0, 0), (3, 135), (1, 7)));
    assert_eq!(
        statistics(&user).await["totals"]["lifetime"]["messages"],
        5,
        "what is too old for the days is not lost from the totals"
    );
}

async fn a_repeated_write_is_counted_once(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    user.append("c", vec![with_tokens("l", 1)])
        .await
        .expect(201);
    for status in [201, 200] {
        site.faults().push(Fault::CutAfter, 1);
        let response = user.append("c", vec![with_tokens("m", 3)]).await;
        assert_eq!(response.status, status, "{}", response.text);
    }
    assert_eq!(activity(&statistics(&user).await, 1), [(2, 4)]);
}

async fn statistics_cost_the_same_for_every_account(site: Site) {
    let (small, large) = (site.user().await, site.user().await);
    site.begin_window();
    statistics(&small).await;
    statistics(&large).await;
    let all: Vec<Value> = (0..1_000)
        .map(|index| json!({ "id": format!("c{index}"), "messages": [message("m", "user", "x")] }))
        .collect();
    large.post("/api/import", &json!(all)).await.expect(200);
    for user in [&small, &large] {
        let (response, cost) = site.cost_of(user.get(USER)).await;
        response.expect(200);
        assert_eq!((cost.requests, cost.commands), (1, 3));
    }
    assert_eq!(
        statistics(&large).await["totals"]["current"]["messages"],
        1_000
    );
}
