//! Which parts of a response reach the client, and what is served at all.

use reqwest::Method;
use serde_json::json;

use crate::deployment::{Deployment, message};
use crate::http;
use crate::on_every_deployment;

on_every_deployment! {
    the_function_reaches_the_database:
        "Every route but the pages needs it.";
    headers_reach_the_client:
        "Clients save with If-Match, ask with If-None-Match, wait by RateLimit-Reset, and report by X-Request-Id.";
    a_compressed_response_is_the_functions_own:
        "The function compresses and sets Vary and the ETag itself; proxies in between must change neither.";
    ids_come_in_the_path:
        "Functions read ids from the path as it was sent, never from the query (src/http/request.rs).";
    nothing_of_the_repository_is_served:
        "Only `public/` is to be published: an `outputDirectory` that is ignored publishes the whole repository.";
    pages_have_their_policy:
        "What a page may load and where it may be framed is set in vercel.json; a page without it would run anything.";
}

/// A user with the conversation `c-1` of one message; its token.
async fn user_with_a_conversation(deployment: &Deployment, content: &str) -> String {
    let user = deployment.user().await;
    let conversation = json!({ "id": "c-1", "messages": [message("m-1", content)] });
    let response = deployment
        .send(Method::POST, "/api/conversations", &user, &conversation)
        .await;
    response.expect(201);
    user
}

async fn the_function_reaches_the_database(deployment: &Deployment) {
    let response = deployment.get("/api/health/redis", None).await;
    assert_eq!(response.expect(200)["status"], "healthy");
}

async fn headers_reach_the_client(deployment: &Deployment) {
    let user = user_with_a_conversation(deployment, "text").await;
    let get = || {
        deployment
            .request(Method::GET, "/api/conversations/c-1")
            .bearer_auth(&user)
    };
    let response = http::send(get().header("x-request-id", "platform-1")).await;
    response.expect(200);
    let etag = response.required_header("etag");
    assert!(etag.starts_with('"'), "a strong ETag has become {etag}");
    assert_eq!(response.required_header("x-request-id"), "platform-1");
    let vary = response.required_header("vary").to_lowercase();
    assert!(vary.contains("accept-encoding"), "{vary}");
    let caching = response.required_header("cache-control");
    assert!(caching.contains("private"), "{caching}");
    for name in ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"] {
        let value = response.required_header(name);
        assert!(value.parse::<u64>().is_ok(), "{name}: {value}");
    }
    assert!(
        response
            .required_header("server-timing")
            .contains("upstash")
    );

    let confirmed = http::send(get().header("if-none-match", etag)).await;
    assert_eq!((confirmed.status, confirmed.body.len()), (304, 0));
    assert_eq!(confirmed.required_header("etag"), etag);

    let change = json!({ "title": "Another title" });
    let patch = deployment
        .request(Method::PATCH, "/api/conversations/c-1")
        .bearer_auth(&user);
    let patch = patch
        .header("if-match", etag)
        .header("content-type", "application/json");
    http::send(patch.body(change.to_string())).await.expect(200);
    assert_eq!(
        http::send(get().header("if-none-match", etag)).await.status,
        200
    );
}

async fn a_compressed_response_is_the_functions_own(deployment: &Deployment) {
    let user = user_with_a_conversation(deployment, &"many words ".repeat(2_000)).await;
    let get = || {
        let request = deployment.request(Method::GET, "/api/conversations/c-1");
        request.bearer_auth(&user).header("accept-encoding", "gzip")
    };
    let response = http::send(get()).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.required_header("content-encoding"), "gzip");
    assert!(response.body.starts_with(&[0x1f, 0x8b]), "it is no gzip");
    assert!(response.body.len() < 5_000, "{}", response.body.len());
    let etag = response.required_header("etag");
    assert!(etag.ends_with("-gzip\""), "{etag}");
    let confirmed = http::send(get().header("if-none-match", etag)).await;
    assert_eq!(confirmed.status, 304);
}

async fn ids_come_in_the_path(deployment: &Deployment) {
    let user = user_with_a_conversation(deployment, "before").await;
    let path = "/api/conversations/c-1/messages/m-1";
    let change = json!({ "content": "after" });
    let response = deployment.send(Method::PATCH, path, &user, &change).await;
    response.expect(200);
    let page = deployment
        .get("/api/conversations/c-1/messages", Some(&user))
        .await;
    assert_eq!(page.expect(200)["data"][0]["content"], "after");
    // A query that contradicts the path is refused, which shows that both were received.
    let other = deployment
        .get("/api/conversations/c-1?id=c-2", Some(&user))
        .await;
    assert_eq!(other.expect(400)["error"]["code"], "id_mismatch");
}

async fn nothing_of_the_repository_is_served(deployment: &Deployment) {
    let paths = [
        "/Cargo.toml",
        "/Cargo.lock",
        "/src/lib.rs",
        "/src/lua/lib/base.lua",
        "/vercel.json",
        "/docs/deployment.md",
        "/tests/platform/main.rs",
        "/.git/config",
        "/.env",
        "/public/openapi.json",
    ];
    for path in paths {
        let response = deployment.get(path, None).await;
        assert_eq!(response.status, 404, "{path}: {}", response.text());
    }
}

async fn pages_have_their_policy(deployment: &Deployment) {
    let page = deployment.get("/", None).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(
        page.required_header("content-type")
            .starts_with("text/html")
    );
    let policy = page.required_header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(page.required_header("x-frame-options"), "DENY");
}
