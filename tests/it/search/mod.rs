//! Search: matches, their pages and costs, and what is no longer found.

mod expected;
mod figures;
mod indexing;
mod paging;

use std::collections::BTreeMap;

use crate::common::{Client, Site, incompressible, message, use_every_script};
use expected::Expected;
use indexing::stored;
use serde_json::{Value, json};

on_both_stores!(
    words_prefixes_and_phrases_are_found_and_marked,
    results_agree_with_regular_expressions,
    a_page_costs_the_same_for_every_account,
    deleted_conversations_are_not_found,
    a_large_conversation_is_read_in_parts,
    branches_forks_and_imports_are_found,
    filters_narrow_the_search,
    an_unsearchable_query_is_refused,
);

async fn page(user: &Client, query: &str) -> Value {
    user.get(&format!("/api/conversations?{query}"))
        .await
        .expect(200)
}

fn encoded(query: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://search", [("q", query)]).unwrap();
    url.query().unwrap().to_owned()
}

/// All hits, page by page.
async fn all(user: &Client, query: &str) -> Vec<Value> {
    let (mut hits, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut found = page(user, &format!("{}{cursor}", encoded(query))).await;
        hits.append(found["data"].as_array_mut().unwrap());
        match found["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return hits,
        }
    }
}

/// The ids of the conversations found, sorted.
async fn found(user: &Client, query: &str) -> Vec<String> {
    let hits = all(user, query).await;
    let id = |hit: &Value| hit["conversation"]["id"].as_str().unwrap().to_owned();
    let mut ids: Vec<String> = hits.iter().map(id).collect();
    ids.sort();
    ids.dedup();
    ids
}

fn said(content: &str) -> Vec<Value> {
    vec![message("m", "user", content)]
}

fn marked(excerpt: &Value) -> Vec<String> {
    let units: Vec<u16> = excerpt["text"].as_str().unwrap().encode_utf16().collect();
    let at = |mark: &Value, index: usize| usize::try_from(mark[index].as_u64().unwrap()).unwrap();
    let marks = excerpt["marks"].as_array().unwrap().iter();
    marks
        .map(|mark| String::from_utf16(&units[at(mark, 0)..at(mark, 1)]).unwrap())
        .collect()
}

async fn words_prefixes_and_phrases_are_found_and_marked(site: Site) {
    let user = site.user().await;
    let parts = json!([{ "type": "reasoning", "text": "Thinking of Zürich" }, { "type": "text", "text": "Hm" }]);
    let spoken = json!({ "id": "p", "type": "assistant", "parts": parts });
    let cafe =
        json!({ "id": "cafe", "title": "t", "messages": said("😀 A Café, and redistribution") });
    user.post("/api/conversations", &cafe).await.expect(201);
    user.create("parts", vec![spoken]).await;
    user.create("cjk", said("私は東京都に住んでいます")).await;
    let titled =
        json!({ "id": "titled", "title": "Redis at the café", "messages": said("nothing") });
    user.post("/api/conversations", &titled).await.expect(201);
    assert_eq!(found(&user, "CAFE").await, ["cafe", "titled"]);
    assert_eq!(found(&user, "redis").await, ["titled"]);
    assert_eq!(found(&user, "redis*").await, ["cafe", "titled"]);
    assert_eq!(found(&user, "\"and redistribution\"").await, ["cafe"]);
    assert_eq!(found(&user, "\"redistribution and\"").await, [""; 0]);
    assert_eq!(found(&user, "zurich thinking").await, ["parts"]);
    assert_eq!(found(&user, "東京").await, ["cjk"]);
    assert_eq!(found(&user, "京東").await, [""; 0]);
    user.create(
        "apart",
        said("か\u{3099}くせい \u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}"),
    )
    .await;
    assert_eq!(found(&user, "がく").await, ["apart"]);
    assert_eq!(found(&user, "か").await, [""; 0]);
    assert_eq!(found(&user, "한국").await, ["apart"]);
    // One word in the title, one in a message.
    assert_eq!(found(&user, "redis nothing").await, ["titled"]);
    let page = page(&user, "q=cafe").await;
    // Matches in the title come first.
    assert_eq!(page["data"][0]["conversation"]["id"], "titled");
    assert_eq!(marked(&page["data"][0]["title"]), ["café"]);
    let hit = &page["data"][1]["messages"][0];
    assert_eq!(hit["id"], "m");
    assert_eq!(hit["excerpt"]["marks"], json!([[5, 9]]));
    assert_eq!(marked(&hit["excerpt"]), ["Café"]);
    assert_eq!(page["indexed"], json!({ "done": 5, "of": 5, "total": 5 }));
}

/// Random conversations and queries, compared with regular expressions over what was sent.
async fn results_agree_with_regular_expressions(site: Site) {
    for seed in [7, 8] {
        let user = site.user().await;
        let expected = Expected::new(seed, 40);
        for conversation in &expected.conversations {
            user.post("/api/import", &json!([conversation]))
                .await
                .expect(200);
        }
        for query in expected.queries(25) {
            let mut by_conversation = BTreeMap::new();
            for hit in all(&user, &query).await {
                let id = hit["conversation"]["id"].as_str().unwrap().to_owned();
                by_conversation.insert(id, hit["matches"].as_u64().unwrap());
            }
            assert_eq!(by_conversation, expected.found(&query), "{seed}: {query}");
        }
    }
}

async fn a_page_costs_the_same_for_every_account(site: Site) {
    for conversations in [50, 2_000] {
        let user = site.user().await;
        use_every_script(&user).await;
        let all: Vec<Value> = (0..conversations)
            .map(|index| {
                let text = format!("The word{index} of {}", index % 7);
                json!({ "id": format!("c{index}"), "title": "t", "messages": said(&text) })
            })
            .collect();
        for chunk in all.chunks(500) {
            user.post("/api/import", &json!(chunk)).await.expect(200);
        }
        page(&user, "q=warm").await;
        site.idle().await;
        site.begin_window();
        page(&user, "q=warm").await;
        site.idle().await;
        for query in [
            "the",
            "word7",
            "word1*",
            "%22of+3%22",
            "nothing",
            "of&tag=x&type=user",
        ] {
            let (page, cost) = site.cost_of(page(&user, &format!("q={query}"))).await;
            assert!(cost.commands <= 12, "{query}: {cost:?}");
            assert!(cost.requests <= 2, "{query}: {cost:?}");
            assert_eq!(page["indexed"]["done"], page["indexed"]["of"]);
        }
        // The last page costs no more than the first.
        let first = page(&user, "q=the").await;
        let cursor = first["nextCursor"].as_str().unwrap();
        let next = format!("q=the&cursor={cursor}");
        let (_, cost) = site.cost_of(page(&user, &next)).await;
        assert_eq!((cost.requests, cost.commands), (2, 12));
    }
}

async fn deleted_conversations_are_not_found(site: Site) {
    let user = site.user().await;
    user.create("a", said("needle")).await;
    user.create("b", said("needle")).await;
    user.delete("/api/conversations/a").await.expect(200);
    assert_eq!(found(&user, "needle").await, ["b"]);
    assert!(stored(&site, "a").await.is_empty());
    user.patch("/api/conversations/a", &json!({ "trashed": false }))
        .await
        .expect(200);
    // It is searched whether or not it has a signature yet.
    assert_eq!(found(&user, "needle").await, ["a", "b"]);
    site.idle().await;
    assert!(!stored(&site, "a").await.is_empty());
    assert_eq!(found(&user, "needle").await, ["a", "b"]);
    user.delete("/api/conversations/a?permanent=true")
        .await
        .expect(200);
    user.put(
        "/api/conversations/b",
        &json!({ "messages": said("other") }),
    )
    .await
    .expect(200);
    assert_eq!(found(&user, "needle").await, [""; 0]);
    assert_eq!(found(&user, "other").await, ["b"]);
    user.delete("/api/user").await.expect(200);
    assert!(site.keys("*conversations:meta").await.len() <= 1);
    assert!(stored(&site, "b").await.is_empty());
}

async fn a_large_conversation_is_read_in_parts(site: Site) {
    let user = site.user().await;
    user.create("large", said("needle")).await;
    user.create("small", said("needle")).await;
    for part in 0..4 {
        let messages = (0..60).map(|index| {
            let noise = incompressible(part * 100 + index, 12_000);
            message(
                &format!("l{part}-{index}"),
                "user",
                &format!("{noise} needle"),
            )
        });
        user.append("large", messages.collect()).await.expect(201);
    }
    let hits = all(&user, "needle").await;
    let of_large = hits
        .iter()
        .filter(|hit| hit["conversation"]["id"] == "large");
    let matches: Vec<u64> = of_large
        .map(|hit| hit["matches"].as_u64().unwrap())
        .collect();
    assert!(matches.len() > 1, "{matches:?}");
    assert_eq!(matches.iter().sum::<u64>(), 241);
    assert_eq!(found(&user, "needle").await, ["large", "small"]);
    // It has too many words for a signature, and the attempt to make one is not part of the page's cost.
    site.idle().await;
    site.begin_window();
    page(&user, "q=needle").await;
    site.idle().await;
    let (_, cost) = site.cost_of(page(&user, "q=needle")).await;
    assert!(cost.commands <= 12 && cost.requests == 2, "{cost:?}");
}

async fn branches_forks_and_imports_are_found(site: Site) {
    let user = site.user().await;
    user.create(
        "a",
        vec![message("m", "user", "root"), message("n", "user", "first")],
    )
    .await;
    let mut other = message("o", "user", "second");
    other["parentId"] = json!("m");
    user.append("a", vec![other]).await.expect(201);
    assert_eq!(found(&user, "first").await, ["a"]);
    let fork = json!({ "id": "fork", "forkOf": { "conversationId": "a" } });
    user.post("/api/conversations", &fork).await.expect(201);
    assert_eq!(found(&user, "second").await, ["a", "fork"]);
    assert_eq!(
        page(&user, "q=x").await["indexed"],
        json!({ "done": 2, "of": 2, "total": 2 })
    );
    let share = json!({ "conversationId": "fork" });
    let share = user.post("/api/shares", &share).await.expect(201);
    let copy = json!({ "id": "copy", "forkOf": { "shareId": share["id"] } });
    user.post("/api/conversations", &copy).await.expect(201);
    assert_eq!(found(&user, "second").await, ["a", "copy", "fork"]);
    user.patch("/api/conversations/fork", &json!({ "title": "Renamed" }))
        .await
        .expect(200);
    assert_eq!(found(&user, "renamed").await, ["fork"]);
    user.patch(
        "/api/conversations/a/messages/m",
        &json!({ "content": "edited" }),
    )
    .await
    .expect(200);
    user.put(
        "/api/conversations/a/messages/n",
        &message("n", "user", "replaced"),
    )
    .await
    .expect(200);
    assert_eq!(found(&user, "edited").await, ["a"]);
    assert_eq!(found(&user, "replaced").await, ["a"]);
    assert_eq!(found(&user, "first").await, [""; 0]);
    let more = json!([{ "id": "a", "messages": [message("p", "user", "imported")] }]);
    user.post("/api/import", &more).await.expect(200);
    assert_eq!(found(&user, "imported").await, ["a"]);
}

async fn filters_narrow_the_search(site: Site) {
    let user = site.user().await;
    let all = json!([
        { "id": "work", "tags": ["work"], "archived": true, "messages": said("needle") },
        { "id": "home", "tags": ["home"], "messages": [message("m", "assistant", "needle")] },
        { "id": "old", "updatedAt": "2020-01-01T00:00:00Z", "messages": said("needle") },
    ]);
    user.post("/api/import", &all).await.expect(200);
    let found = async |rest: &str| {
        let page = page(&user, &format!("q=needle&{rest}")).await;
        let hits = page["data"].as_array().unwrap().iter();
        let mut ids: Vec<String> = hits
            .map(|hit| hit["conversation"]["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(found("tag=work").await, ["work"]);
    assert_eq!(found("archived=false").await, ["home", "old"]);
    assert_eq!(found("type=assistant").await, ["home"]);
    assert_eq!(found("from=2021-01-01T00:00:00Z").await, ["home", "work"]);
    assert_eq!(found("until=1600000000000").await, ["old"]);
    assert_eq!(found("limit=1").await.len(), 1);
}

async fn an_unsearchable_query_is_refused(site: Site) {
    let user = site.user().await;
    let refused = async |query: &str, code: &str| {
        let path = format!("/api/conversations?{query}");
        user.get(&path).await.expect_error(400, code);
    };
    refused("q=", "query_too_short").await;
    refused("q=%22%22*", "query_too_short").await;
    refused(&format!("q={}", "a".repeat(257)), "query_too_long").await;
    refused("q=a&cursor=x", "invalid_cursor").await;
    refused("q=a&type=robot", "invalid_query").await;
    refused("q=a&from=soon", "invalid_query").await;
    refused("q=a&limit=0", "invalid_query").await;
    refused("q=a&trash=true", "invalid_query").await;
    refused("q=a&kind=session", "invalid_query").await;
    refused("q=a&projectKey=p", "invalid_query").await;
    refused("type=user", "invalid_query").await;
    refused("from=0", "invalid_query").await;
    assert_eq!(page(&user, "q=a").await["data"], json!([]));
}
