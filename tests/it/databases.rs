//! Users spread over two databases.

use std::collections::BTreeSet;

use crate::common::{Client, Deployment, Site, message};
use embedded_store::front::Fault;
use serde_json::{Value, json};

const TOKEN: &str = "a token for reading metrics, long enough";

/// Runs a test with two databases, embedded ones and, where redis-server is installed, real ones.
macro_rules! on_two_databases {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (one, two) = (super::Site::embedded().await, super::Site::embedded().await);
                super::$name(super::Pair::new(one, two).await).await;
            })+
        }
        mod redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (one, two) = (super::Site::redis().await, super::Site::redis().await);
                if let (Some(one), Some(two)) = (one, two) {
                    super::$name(super::Pair::new(one, two).await).await;
                }
            })+
        }
    };
}

on_two_databases!(
    each_user_is_in_one_database_and_all_are_used,
    codes_and_shares_are_found_wherever_they_are,
    a_share_in_another_database_can_be_forked,
    a_share_too_large_for_one_request_is_copied_in_several,
    an_unreachable_database_affects_only_its_users,
    metrics_and_health_are_of_both,
    claims_work_within_one_database_and_are_refused_across_two,
);

/// A deployment over the databases of two sites.
struct Pair {
    one: Site,
    two: Site,
    deployment: Deployment,
}

impl Pair {
    async fn new(one: Site, two: Site) -> Self {
        let deployment = one
            .deployment(&[
                ("UPSTASH_REDIS_REST_URL_2", &two.front.url()),
                ("UPSTASH_REDIS_REST_TOKEN_2", crate::common::STORE_TOKEN),
                ("METRICS_TOKEN", TOKEN),
                ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000"),
            ])
            .await;
        Self {
            one,
            two,
            deployment,
        }
    }

    /// A user in each database.
    async fn one_in_each(&self) -> (Client, Client) {
        let (mut first, mut second) = (None, None);
        while first.is_none() || second.is_none() {
            let user = self.deployment.user().await;
            let id = id_of(&user).await;
            match self.one.keys(&format!("user:{id}:*")).await.is_empty() {
                false => first = Some(user),
                true => second = Some(user),
            }
        }
        (first.unwrap(), second.unwrap())
    }
}

async fn id_of(user: &Client) -> String {
    let session = user.get("/api/session").await.expect(200);
    session["userId"].as_str().unwrap().to_owned()
}

/// The users whose keys are there.
async fn users_in(site: &Site) -> BTreeSet<String> {
    let keys = site.keys("user:*").await;
    keys.iter()
        .map(|key| key.split(':').nth(1).unwrap().to_owned())
        .collect()
}

async fn each_user_is_in_one_database_and_all_are_used(pair: Pair) {
    let mut users = BTreeSet::new();
    let is_enough = |there: &BTreeSet<String>| there.len() >= 4;
    // Each has an equal chance of either database.
    while users.len() < 24
        || !is_enough(&users_in(&pair.one).await)
        || !is_enough(&users_in(&pair.two).await)
    {
        assert!(users.len() < 100, "all are in one database");
        let user = pair.deployment.user().await;
        user.create("c", vec![message("m", "user", "hi")]).await;
        user.append("c", vec![message("n", "user", "ho")])
            .await
            .expect(201);
        assert_eq!(user.open("c").await["messageCount"], 2);
        users.insert(id_of(&user).await);
    }
    let (one, two) = (users_in(&pair.one).await, users_in(&pair.two).await);
    assert!(one.is_disjoint(&two));
    assert_eq!(&one | &two, users);
}

async fn codes_and_shares_are_found_wherever_they_are(pair: Pair) {
    let (first, second) = pair.one_in_each().await;
    for user in [first, second] {
        user.create("c", vec![message("m", "user", "hi")]).await;
        let link = user
            .post("/api/session", &json!({ "action": "link" }))
            .await
            .expect(201);
        let body = json!({ "action": "redeem", "code": link["code"] });
        let redeemed = pair
            .deployment
            .anonymous_caller()
            .post("/api/session", &body)
            .await
            .expect(200);
        assert_eq!(redeemed["userId"], id_of(&user).await);
        let recovery = json!({ "action": "createRecoveryCode" });
        let recovery = user.post("/api/session", &recovery).await.expect(201);
        let body = json!({ "action": "recover", "code": recovery["recoveryCode"] });
        let caller = pair.deployment.anonymous_caller();
        let back = caller.post("/api/session", &body).await.expect(200);
        assert_eq!(back["userId"], id_of(&user).await);
        let named = user.with_header("idempotency-key", "k");
        let mut ids = BTreeSet::new();
        for client in [&user, &user, &named, &named] {
            let body = json!({ "conversationId": "c" });
            let share = client.post("/api/shares", &body).await.expect(201);
            let path = format!("/api/shares?id={}", share["id"].as_str().unwrap());
            let shown = pair
                .deployment
                .anonymous_caller()
                .get(&path)
                .await
                .expect(200);
            assert_eq!(shown["messages"][0]["content"], "hi");
            ids.insert(path);
        }
        assert_eq!(ids.len(), 3, "one name, one share");
        user.delete("/api/user").await.expect(200);
    }
    for site in [&pair.one, &pair.two] {
        assert_eq!(site.keys("share:*").await, [""; 0]);
    }
}

async fn share(user: &Client) -> String {
    let body = json!({ "conversationId": "c" });
    let share = user.post("/api/shares", &body).await.expect(201);
    share["id"].as_str().unwrap().to_owned()
}

async fn a_share_in_another_database_can_be_forked(pair: Pair) {
    const ALL: &str = "/api/conversations";
    let (first, second) = pair.one_in_each().await;
    let messages = (0..100).map(|at| message(&format!("m{at}"), "user", "hi"));
    second
        .put(
            "/api/conversations/c",
            &json!({ "title": "T", "messages": messages.collect::<Vec<_>>() }),
        )
        .await
        .expect(201);
    let id = share(&second).await;
    let fork = json!({ "forkOf": { "shareId": id } });
    let copied = first.post(ALL, &fork).await.expect(201);
    assert_eq!(
        (&copied["title"], &copied["messageCount"]),
        (&json!("T"), &json!(100))
    );
    assert_eq!(copied["forkedFrom"], json!({ "shareId": id, "title": "T" }));
    let opened = first.open(copied["id"].as_str().unwrap()).await;
    assert_eq!(opened["messages"], second.open("c").await["messages"]);

    // One reads, one writes; the address's counter of reads is there by then.
    pair.one.begin_window();
    first.post(ALL, &fork).await.expect(201);
    pair.deployment.idle().await;
    let work = async {
        first.post(ALL, &fork).await.expect(201);
        pair.deployment.idle().await;
    };
    let ((_, there), here) = pair.one.cost_of(pair.two.cost_of(work)).await;
    assert_eq!(here.requests, 1);
    assert_eq!(here.commands, 10);
    assert_eq!((there.requests, there.commands), (1, 3));

    let named = first.with_header("idempotency-key", "k");
    let written = named.post(ALL, &fork).await.expect(201);
    pair.two.faults().push(Fault::QuotaError, 1_000);
    first
        .post(ALL, &fork)
        .await
        .expect_error(503, "storage_quota");
    pair.two.faults().clear();
    second
        .delete(&format!("/api/shares?id={id}"))
        .await
        .expect(200);
    first
        .post(ALL, &fork)
        .await
        .expect_error(404, "share_not_found");
    assert_eq!(named.post(ALL, &fork).await.expect(201), written);
    // Nothing of a user is left in another one's database.
    first.delete("/api/user").await.expect(200);
    let first = users_in(&pair.two).await;
    assert_eq!(
        first.len(),
        users_in(&pair.two).await.intersection(&first).count()
    );
}

async fn a_share_too_large_for_one_request_is_copied_in_several(pair: Pair) {
    const ALL: &str = "/api/conversations";
    let (first, second) = pair.one_in_each().await;
    second.create("c", vec![]).await;
    // The scripts are in the caches then.
    let small = json!({ "id": "small", "forkOf": { "shareId": share(&second).await } });
    first.post(ALL, &small).await.expect(201);
    first
        .append("small", vec![message("m", "user", "hi")])
        .await
        .expect(201);
    for at in 0..9_u64 {
        let text = crate::common::incompressible(at + 1, 900_000);
        let added = message(&format!("m{at}"), "user", &text);
        second
            .append("c", vec![added, message(&format!("n{at}"), "user", "hi")])
            .await
            .expect(201);
    }
    let id = share(&second).await;
    let fork = json!({ "id": "f", "forkOf": { "shareId": id } });
    let ((copied, there), here) = pair
        .one
        .cost_of(pair.two.cost_of(first.post(ALL, &fork)))
        .await;
    let copied = copied.expect(201);
    assert_eq!(
        (copied["messageCount"].as_u64(), copied["headId"].as_str()),
        (Some(18), Some("n8"))
    );
    assert_eq!((there.requests, here.requests), (2, 2));
    let exported = async |user: &Client, id: &str| {
        let text = user
            .get(&format!("/api/export?conversation={id}&format=ndjson"))
            .await
            .text;
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .flat_map(|line| line["messages"].as_array().cloned().unwrap_or_default())
            .collect::<Vec<_>>()
    };
    let original = exported(&second, "c").await;
    assert_eq!(original.len(), 18);
    assert!(exported(&first, "f").await == original);
    // A repeat finds everything, whatever has changed since.
    first.post(ALL, &fork).await.expect(200);
    assert!(exported(&first, "f").await == original);
    first
        .delete("/api/conversations/f/messages/n8")
        .await
        .expect(200);
    first.post(ALL, &fork).await.expect(200);
    assert_eq!(first.open("f").await["messageCount"], 17);

    // It is copied whole or not at all, and an interrupted copy is continued.
    let third = pair.one_in_each().await.0;
    let ((), faults) = ((), pair.one.faults());
    third.get(ALL).await.expect(200);
    faults.on_request(
        2,
        Fault::Status {
            code: 400,
            retry_after: None,
        },
    );
    let interrupted = third.post(ALL, &fork).await;
    assert!(interrupted.status >= 500, "{}", interrupted.text);
    faults.clear();
    let whole = third.post(ALL, &fork).await.expect(200);
    assert_eq!(whole["messageCount"], 18);
    assert!(exported(&third, "f").await == original);
}

async fn an_unreachable_database_affects_only_its_users(pair: Pair) {
    let (first, second) = pair.one_in_each().await;
    pair.two.faults().push(Fault::QuotaError, 1_000);
    first.create("c", vec![]).await;
    second
        .get("/api/conversations")
        .await
        .expect_error(503, "storage_quota");
    let health = pair
        .deployment
        .anonymous_caller()
        .get("/api/health/redis")
        .await
        .expect(503);
    assert_eq!(health["status"], "unhealthy");
    pair.two.faults().clear();
    second.get("/api/conversations").await.expect(200);
}

async fn metrics_and_health_are_of_both(pair: Pair) {
    pair.one_in_each().await;
    let reader = pair.deployment.anonymous_caller().with_token(TOKEN);
    reader.get("/api/metrics").await;
    let text = reader.get("/api/metrics").await.text;
    let users = users_in(&pair.one).await.len() + users_in(&pair.two).await.len();
    assert!(
        text.contains(&format!("conversation_store_users_total {users}\n")),
        "{text}"
    );
    let health = pair
        .deployment
        .anonymous_caller()
        .get("/api/health/redis")
        .await
        .expect(200);
    assert_eq!(
        (&health["status"], &health["circuit"]),
        (&json!("healthy"), &json!("closed"))
    );
}

async fn claims_work_within_one_database_and_are_refused_across_two(pair: Pair) {
    let (first, second) = pair.one_in_each().await;
    let (neighbour, _) = pair.one_in_each().await;
    neighbour
        .create("c", vec![message("m", "user", "hi")])
        .await;
    let claim = async |by: &Client| {
        let body = json!({ "action": "claim", "token": neighbour.token() });
        by.post("/api/session", &body).await
    };
    claim(&second)
        .await
        .expect_error(409, "claim_across_databases");
    let moved: Value = claim(&first).await.expect(200);
    assert_eq!(moved["conversations"], 1);
    first.open("c").await;
}
