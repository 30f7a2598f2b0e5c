//! Lists of conversations that match a filter.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::common::{Client, Site, ids, message};
use serde_json::{Value, json};

on_both_stores!(
    a_list_shows_matching_conversations,
    filters_combine,
    a_tag_matches_in_every_json_spelling,
    a_tag_matches_as_a_whole,
    a_filtered_list_is_paged,
    conversations_expiring_within_days_are_listed,
    an_invalid_filter_is_refused,
    a_filtered_list_costs_the_same_for_every_account,
    a_large_account_is_scanned_page_by_page,
    deleted_conversations_do_not_match,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn list(user: &Client, query: &str) -> Value {
    user.get(&format!("/api/conversations?{query}"))
        .await
        .expect(200)
}

/// The ids of a page, sorted, and the count.
async fn found(user: &Client, query: &str) -> (Vec<String>, Value) {
    let list = list(user, query).await;
    let mut found = ids(&list["data"]);
    found.sort();
    (found, list["count"].clone())
}

async fn import(user: &Client, conversations: Vec<Value>) {
    for chunk in conversations.chunks(500) {
        user.post("/api/import", &json!(chunk)).await.expect(200);
    }
}

async fn a_list_shows_matching_conversations(site: Site) {
    let user = site.user().await;
    let all = vec![
        json!({ "id": "plain" }),
        json!({ "id": "archived", "archived": true, "tags": ["work"] }),
        json!({ "id": "pinned", "pinned": true, "tags": ["work", "home"] }),
        json!({ "id": "both", "pinned": true, "archived": true }),
        json!({ "id": "unpinned", "pinned": false, "archived": false, "tags": [] }),
    ];
    import(&user, all).await;
    let expect = async |query: &str, expected: &[&str]| {
        let (found, count) = found(&user, query).await;
        assert_eq!(found, expected, "{query}");
        assert_eq!(count, expected.len(), "{query}");
    };
    expect("archived=true", &["archived", "both"]).await;
    expect("archived=false", &["pinned", "plain", "unpinned"]).await;
    expect("pinned=true", &["both", "pinned"]).await;
    expect("pinned=false", &["archived", "plain", "unpinned"]).await;
    expect("tag=work", &["archived", "pinned"]).await;
    expect("tag=home", &["pinned"]).await;
    expect("tag=other", &[]).await;
    let unfiltered = list(&user, "limit=50").await;
    assert_eq!(ids(&unfiltered["data"]).len(), 5);
    assert!(unfiltered.get("count").is_none());
    // The same summaries, in the same order.
    let filtered = list(&user, "archived=false").await;
    let mut expected = unfiltered["data"].as_array().unwrap().clone();
    expected.retain(|summary| summary["archived"] == false);
    assert_eq!(filtered["data"], json!(expected));
    assert_eq!(filtered["clock"], unfiltered["clock"]);
}

async fn filters_combine(site: Site) {
    let user = site.user().await;
    let mut all = Vec::new();
    for (index, (archived, pinned, tags)) in [
        (true, true, json!(["a"])),
        (true, false, json!(["a"])),
        (false, true, json!(["a", "b"])),
        (false, false, json!(["b"])),
    ]
    .into_iter()
    .enumerate()
    {
        all.push(json!({ "id": format!("c{index}"), "archived": archived, "pinned": pinned, "tags": tags }));
    }
    import(&user, all).await;
    let one = |id: &str| (vec![id.to_owned()], json!(1));
    assert_eq!(found(&user, "archived=true&pinned=true").await, one("c0"));
    assert_eq!(found(&user, "archived=false&tag=a").await, one("c2"));
    assert_eq!(
        found(&user, "pinned=false&tag=b&archived=false").await,
        one("c3")
    );
    assert_eq!(
        found(&user, "pinned=false&tag=a&expiring=365").await,
        one("c1")
    );
    assert_eq!(
        found(&user, "pinned=true&expiring=365").await,
        (vec![], json!(0))
    );
}

async fn a_tag_matches_in_every_json_spelling(site: Site) {
    let user = site.user().await;
    let spelled = [
        r#"["caf\u00e9/\ud83d\ude00"]"#,
        r#"["x", "caf\u00E9\/\uD83D\uDE00"]"#,
        "[\"caf\u{e9}/\u{1f600}\",\"y\"]",
    ];
    for (index, tags) in spelled.iter().enumerate() {
        let body = format!("{{\"tags\":{tags}}}");
        let path = format!("/api/conversations/c{index}");
        let saved = user.send(reqwest::Method::PUT, &path, Some(body)).await;
        saved.expect(201);
    }
    let (ids, count) = found(&user, "tag=caf%C3%A9/%F0%9F%98%80").await;
    assert_eq!((ids.len(), count), (3, json!(3)));
}

async fn a_tag_matches_as_a_whole(site: Site) {
    let user = site.user().await;
    let all = vec![
        json!({ "id": "two", "tags": ["a", "b"] }),
        json!({ "id": "comma", "tags": [","] }),
        json!({ "id": "quoted", "tags": ["x\"a\"", "\\"] }),
        json!({ "id": "title", "title": "a", "note": { "tags": ["a"] } }),
        json!({ "id": "empty", "tags": [""] }),
        json!({ "id": "pattern", "tags": ["%a+", "[a]"] }),
    ];
    import(&user, all).await;
    for (query, expected) in [
        ("tag=a", vec!["two"]),
        ("tag=%2C", vec!["comma"]),
        ("tag=%5C", vec!["quoted"]),
        ("tag=", vec!["empty"]),
        ("tag=%25a%2B", vec!["pattern"]),
        ("tag=x%22a%22", vec!["quoted"]),
    ] {
        let (found, count) = found(&user, query).await;
        assert_eq!(found, expected, "{query}");
        assert_eq!(count, expected.len(), "{query}");
    }
}

/// The ids on all pages, and the counts that the pages report.
async fn pages(user: &Client, query: &str) -> (Vec<String>, BTreeSet<String>) {
    let (mut all, mut counts, mut cursor) = (Vec::new(), BTreeSet::new(), String::new());
    loop {
        let page = list(user, &format!("{query}{cursor}")).await;
        all.extend(ids(&page["data"]));
        counts.insert(page["count"].to_string());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (all, counts),
        }
    }
}

async fn a_filtered_list_is_paged(site: Site) {
    let user = site.user().await;
    let all = (0..47)
        .map(|index| json!({ "id": format!("c{index}"), "archived": index % 3 == 0 }))
        .collect();
    import(&user, all).await;
    let everything = list(&user, "limit=50").await;
    let expected: Vec<String> = everything["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|summary| summary["archived"] == true)
        .map(|summary| summary["id"].as_str().unwrap().to_owned())
        .collect();
    for limit in [1, 4, 8, 16, 50] {
        let (all, counts) = pages(&user, &format!("archived=true&limit={limit}")).await;
        assert_eq!(all, expected, "{limit}");
        assert_eq!(counts, BTreeSet::from(["16".to_owned()]));
        let (all, counts) = pages(&user, &format!("expiring=365&limit={limit}")).await;
        assert_eq!(all.len(), 47);
        assert_eq!(counts, BTreeSet::from(["47".to_owned()]));
    }
}

async fn conversations_expiring_within_days_are_listed(site: Site) {
    let user = site.user().await;
    user.create("old", vec![message("m", "user", "x")]).await;
    user.put("/api/conversations/kept", &json!({ "keep": true }))
        .await
        .expect(201);
    site.advance(30 * DAY);
    user.create("new", vec![message("m", "user", "x")]).await;
    site.advance(50 * DAY);
    assert_eq!(found(&user, "expiring=9").await, (vec![], json!(0)));
    assert_eq!(
        found(&user, "expiring=14").await,
        (vec!["old".into()], json!(1))
    );
    let (both, count) = found(&user, "expiring=365").await;
    assert_eq!((both, count), (vec!["new".into(), "old".into()], json!(2)));
}

async fn an_invalid_filter_is_refused(site: Site) {
    let user = site.user().await;
    for query in [
        "archived=yes",
        "pinned=1",
        "expiring=0",
        "expiring=366",
        "expiring=soon",
        "expiring=",
        &format!("tag={}", "x".repeat(101)),
    ] {
        user.get(&format!("/api/conversations?{query}"))
            .await
            .expect_error(400, "invalid_query");
    }
}

async fn a_filtered_list_costs_the_same_for_every_account(site: Site) {
    let (small, large) = (site.user().await, site.user().await);
    for (user, size) in [(&small, 50), (&large, 2_000)] {
        let all = (0..size)
            .map(|index| json!({ "id": format!("c{index}"), "archived": index % 2 == 0, "tags": ["t"] }))
            .collect();
        import(user, all).await;
        list(user, "").await;
        list(user, "archived=true").await;
        site.idle().await;
        site.begin_window();
        list(user, "archived=true").await;
        for query in ["archived=true&tag=t&expiring=365", "expiring=100"] {
            let (page, cost) = site.cost_of(list(user, query)).await;
            assert_eq!((cost.requests, cost.commands), (1, 5), "{query}");
            assert_eq!(page["data"].as_array().unwrap().len(), 20);
            assert!(page["count"].as_u64().unwrap() >= size / 2);
        }
    }
}

async fn a_large_account_is_scanned_page_by_page(site: Site) {
    let user = site.user().await;
    // By their number.
    let all = (0..3_600)
        .map(|index| json!({ "id": format!("c{index}"), "archived": index % 90 == 0 }))
        .collect();
    import(&user, all).await;
    let (all, counts) = pages(&user, "archived=true&limit=30").await;
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 40);
    assert_eq!(all.len(), 40);
    assert_eq!(counts, BTreeSet::from(["null".to_owned()]));
    // By the size of their metadata.
    let large = site.user().await;
    let note = crate::common::incompressible(7, 250_000);
    for index in 0..80 {
        let body = json!({ "note": note, "pinned": index % 10 == 0 });
        large
            .with_header("x-real-ip", &format!("address {}", index / 8))
            .put(&format!("/api/conversations/c{index}"), &body)
            .await
            .expect(201);
    }
    let (all, counts) = pages(&large, "pinned=true&limit=50").await;
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 8);
    assert_eq!(all.len(), 8);
    assert_eq!(counts, BTreeSet::from(["null".to_owned()]));
}

async fn deleted_conversations_do_not_match(site: Site) {
    let user = site.user().await;
    for id in ["a", "b", "c"] {
        user.put(
            &format!("/api/conversations/{id}"),
            &json!({ "tags": ["t"] }),
        )
        .await
        .expect(201);
    }
    user.delete("/api/conversations/a").await.expect(200);
    assert_eq!(found(&user, "tag=t").await.1, 2);
    site.advance(80 * DAY);
    user.open("c").await;
    site.idle().await;
    site.advance(11 * DAY);
    assert_eq!(found(&user, "tag=t").await, (vec!["c".into()], json!(1)));
}
