//! Whatever changes between two pages of a search, nothing that was there all along gets lost.

use std::collections::BTreeSet;
use std::time::Duration;

use super::indexing::{account_from_before, forget_signature, prepared_by_version_1, stored};
use super::{encoded, page, said};
use crate::common::{Client, Site, incompressible, message};
use serde_json::{Value, json};

on_both_stores!(
    what_is_indexed_meanwhile_is_found,
    what_is_written_meanwhile_is_found,
    what_is_imported_meanwhile_with_an_old_date_is_found,
    a_part_of_one_conversation_is_no_part_of_another,
    a_conversation_that_is_indexed_between_its_parts_goes_on,
    what_leaves_a_window_brings_nothing_else_into_it,
    what_unpacks_to_much_comes_on_several_pages,
    a_title_that_has_half_of_it_comes_before_texts,
    signatures_of_the_release_before_hide_nothing,
);

/// A search that goes on page by page.
struct Paging<'a> {
    user: &'a Client,
    query: String,
    cursor: Option<String>,
    /// The ids of the conversations that were found, in order.
    ids: Vec<String>,
    /// In how many messages.
    matches: u64,
    pages: usize,
}

impl<'a> Paging<'a> {
    fn new(user: &'a Client, query: &str) -> Self {
        Self {
            user,
            query: encoded(query),
            cursor: Some(String::new()),
            ids: Vec::new(),
            matches: 0,
            pages: 0,
        }
    }

    /// Reads a page, and returns whether there is another one.
    async fn next(&mut self) -> bool {
        let Some(cursor) = self.cursor.take() else {
            return false;
        };
        let found = page(self.user, &format!("{}{cursor}", self.query)).await;
        for hit in found["data"].as_array().unwrap() {
            let id = hit["conversation"]["id"].as_str().unwrap();
            self.ids.push(id.to_owned());
            self.matches += hit["matches"].as_u64().unwrap();
        }
        self.pages += 1;
        assert!(self.pages < 200, "the search does not end");
        let next = found["nextCursor"].as_str();
        self.cursor = next.map(|next| format!("&cursor={next}"));
        self.cursor.is_some()
    }

    async fn finish(&mut self) {
        while self.next().await {}
    }

    fn found(&self) -> BTreeSet<&str> {
        self.ids.iter().map(String::as_str).collect()
    }
}

async fn what_is_indexed_meanwhile_is_found(site: Site) {
    let user = account_from_before(&site, 60).await;
    let mut search = Paging::new(&user, "needle");
    while search.next().await {
        site.idle().await;
    }
    assert_eq!((search.found().len(), search.ids.len()), (60, 60));

    // By another search, and by the first write.
    let user = account_from_before(&site, 60).await;
    let mut search = Paging::new(&user, "needle");
    search.next().await;
    page(&user, "q=other").await;
    site.idle().await;
    search.next().await;
    site.advance(Duration::from_secs(61));
    user.append("c59", vec![message("more", "user", "later")])
        .await
        .expect(201);
    site.idle().await;
    search.finish().await;
    assert_eq!(search.found().len(), 60);
}

async fn what_is_written_meanwhile_is_found(site: Site) {
    let user = site.user().await;
    for index in 0..15 {
        user.create(&format!("c{index}"), said("needle")).await;
    }
    let mut search = Paging::new(&user, "needle");
    search.next().await;
    let all = search.found().len();
    assert!(all < 15);
    // It moves to where the search has been.
    user.append("c2", vec![message("n", "user", "more")])
        .await
        .expect(201);
    user.append("c14", vec![message("n", "user", "more")])
        .await
        .expect(201);
    search.next().await;
    user.append("c1", vec![message("n", "user", "more")])
        .await
        .expect(201);
    user.append("c2", vec![message("o", "user", "more")])
        .await
        .expect(201);
    search.finish().await;
    assert_eq!(search.found().len(), 15);
    // What was found before comes again, as it is now, and nothing else does.
    assert_eq!(search.ids.len(), 16);
    // So does what is changed while that is shown which has changed.
    let mut search = Paging::new(&user, "needle");
    search.next().await;
    for index in 0..15 {
        let more = vec![message("p", "user", "more")];
        user.append(&format!("c{index}"), more).await.expect(201);
    }
    search.next().await;
    search.next().await;
    for index in [3, 13] {
        let more = vec![message("q", "user", "more")];
        user.append(&format!("c{index}"), more).await.expect(201);
    }
    search.finish().await;
    assert_eq!(search.found().len(), 15);
}

async fn what_is_imported_meanwhile_with_an_old_date_is_found(site: Site) {
    let user = site.user().await;
    let dated = |index: usize, year: usize| {
        json!({ "id": format!("c{index}"), "updatedAt": format!("{year}-01-01T00:00:00Z"),
            "messages": said("needle") })
    };
    let all: Vec<Value> = (0..15).map(|index| dated(index, 2001 + index)).collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    let mut search = Paging::new(&user, "needle");
    search.next().await;
    // The oldest one moves to where the search has been, without being one of those that changed last.
    let moved = json!({ "messages": [message("m", "user", "needle again")], "updatedAt": "2016-06-01T00:00:00Z" });
    user.put("/api/conversations/c0", &moved).await.expect(200);
    search.finish().await;
    assert_eq!(search.found().len(), 15);
}

/// A conversation that comes in parts.
async fn create_large(user: &Client, id: &str, messages: u64) {
    user.create(id, vec![]).await;
    for first in (0..messages).step_by(40) {
        let some = first..messages.min(first + 40);
        let some = some.map(|index| {
            let noise = incompressible(index, 14_000);
            message(&format!("l{index}"), "user", &format!("{noise} needle"))
        });
        user.append(id, some.collect()).await.expect(201);
    }
}

async fn a_part_of_one_conversation_is_no_part_of_another(site: Site) {
    let user = site.user().await;
    let many = (0..200).map(|index| message(&format!("m{index}"), "user", "needle"));
    user.create("small", many.collect()).await;
    forget_signature(&site, "small").await;
    create_large(&user, "large", 160).await;
    let mut search = Paging::new(&user, "needle");
    while !search.found().contains("large") {
        search.next().await;
    }
    let before = search.matches;
    user.delete("/api/conversations/large").await.expect(200);
    search.finish().await;
    assert_eq!(search.matches - before, 200);
}

async fn a_conversation_that_is_indexed_between_its_parts_goes_on(site: Site) {
    let user = site.user().await;
    user.create("other", said("needle")).await;
    create_large(&user, "large", 160).await;
    forget_signature(&site, "large").await;
    let mut search = Paging::new(&user, "needle");
    while !search.found().contains("large") {
        search.next().await;
    }
    site.idle().await;
    search.finish().await;
    assert_eq!(search.matches, 161);
}

async fn what_leaves_a_window_brings_nothing_else_into_it(site: Site) {
    let user = site.user().await;
    // Behind the first 2,500, found in titles; among them, in texts.
    let all: Vec<Value> = (0..2_520)
        .map(|index| {
            let title = if index < 12 { "needle" } else { "t" };
            let text = if index > 2_500 { "needle" } else { "hay" };
            json!({ "id": format!("c{index}"), "title": title, "messages": said(text) })
        })
        .collect();
    for chunk in all.chunks(420) {
        user.post("/api/import", &json!(chunk)).await.expect(200);
    }
    let mut search = Paging::new(&user, "needle");
    search.next().await;
    for index in 1_000..1_015 {
        let path = format!("/api/conversations/c{index}");
        user.delete(&path).await.expect(200);
    }
    search.finish().await;
    assert_eq!((search.found().len(), search.ids.len()), (31, 31));
    let page = page(&user, "q=needle").await;
    let indexed = json!({ "done": 2_500, "of": 2_500, "total": 2_505 });
    assert_eq!(page["indexed"], indexed);
}

async fn what_unpacks_to_much_comes_on_several_pages(site: Site) {
    let user = site.user().await;
    user.create("other", said("needle x")).await;
    user.create("heavy", vec![]).await;
    for index in 0..12 {
        let text = format!("{} needle", "x y ".repeat(230_000));
        let one = message(&format!("m{index}"), "user", &text);
        user.append("heavy", vec![one]).await.expect(201);
    }
    let mut search = Paging::new(&user, "needle");
    let (mut before, mut most) = (0, 0);
    while search.next().await {
        most = most.max(search.matches - before);
        before = search.matches;
    }
    assert_eq!(search.matches, 13);
    assert!(most <= 5, "{most} at once");
    // It gets a signature all the same.
    forget_signature(&site, "heavy").await;
    page(&user, "q=nothing").await;
    site.idle().await;
    assert!(!stored(&site, "heavy").await.is_empty());
}

async fn a_title_that_has_half_of_it_comes_before_texts(site: Site) {
    let user = site.user().await;
    for (id, title) in [("best", "Locks of Redis"), ("half", "Redis"), ("old", "t")] {
        let conversation =
            json!({ "id": id, "title": title, "messages": said("a lock and the redis") });
        user.post("/api/conversations", &conversation)
            .await
            .expect(201);
    }
    for index in 0..8 {
        let id = format!("passing{index}");
        let passing = said("redis, lock, and other things");
        let passing = json!({ "id": id, "title": "t", "messages": passing });
        user.post("/api/conversations", &passing).await.expect(201);
    }
    let mut search = Paging::new(&user, "redis lock*");
    search.finish().await;
    assert_eq!(search.ids[..2], ["best", "half"]);
    assert_eq!(search.ids.len(), 11);
}

async fn signatures_of_the_release_before_hide_nothing(site: Site) {
    let user = site.user().await;
    user.create("a", said("in der Straße")).await;
    user.create("b", said("Hausnummer")).await;
    for id in ["a", "b"] {
        // Of other words: as the folding of that release has made them.
        prepared_by_version_1(&site, id, "1 !xabc").await;
    }
    let mut search = Paging::new(&user, "strasse");
    search.finish().await;
    assert_eq!(search.ids, ["a"]);
    site.idle().await;
    assert!(stored(&site, "a").await.starts_with('2'));
    let found = page(&user, "q=STRASSE").await;
    assert_eq!(found["indexed"], json!({ "done": 2, "of": 2, "total": 2 }));
    assert_eq!(found["data"][0]["conversation"]["id"], "a");
    // A write keeps nothing of it either.
    prepared_by_version_1(&site, "b", "1 !xabc").await;
    user.append("b", vec![message("n", "user", "Fluß")])
        .await
        .expect(201);
    for query in ["q=fluss", "q=hausnummer"] {
        let found = page(&user, query).await;
        assert_eq!(found["data"][0]["conversation"]["id"], "b");
    }
}
