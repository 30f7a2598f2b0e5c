//! Tokens of an auth provider over HTTP.

use std::time::{Duration, Instant};

use crate::common::provider::{Behaviour, KeyServer, SigningKey, encode};
use crate::common::{Deployment, Site, message};
use serde_json::{Value, json};

const SECRET: &str = "a secret that a provider shares with us";
const ISSUER: &str = "https://auth.example/";

const SECOND: Duration = Duration::from_secs(1);

on_both_stores!(users_of_a_provider_are_ordinary_users);

fn shared() -> SigningKey {
    SigningKey::Shared(SECRET.to_owned())
}

/// Valid claims, except for `changes`.
fn claims(site: &Site, changes: Value) -> Value {
    let now = site.clock.now_ms() / 1_000;
    let mut claims = json!({ "iss": ISSUER, "aud": "chat", "sub": "user-1", "exp": now + 3_600 });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

async fn with_secret(site: &Site) -> Deployment {
    site.deployment(&[
        ("AUTH_JWT_SECRET", SECRET),
        ("AUTH_JWT_ISSUER", ISSUER),
        ("AUTH_JWT_AUDIENCE", "chat"),
    ])
    .await
}

async fn with_keys(site: &Site, server: &KeyServer) -> Deployment {
    site.deployment(&[
        ("AUTH_JWKS_URL", &server.url),
        ("AUTH_JWT_ISSUER", ISSUER),
        ("AUTH_JWT_AUDIENCE", "chat"),
    ])
    .await
}

#[track_caller]
fn assert_refused(response: &crate::common::client::TestResponse, code: &str) {
    response.expect_error(401, code);
    assert_eq!(response.header("www-authenticate"), Some("Bearer"));
}

/// Sends a request with this token.
async fn ask(deployment: &Deployment, token: &str) -> crate::common::client::TestResponse {
    let client = deployment.anonymous_caller().with_token(token);
    client.get("/api/conversations").await
}

async fn users_of_a_provider_are_ordinary_users(site: Site) {
    let deployment = with_secret(&site).await;
    let user = |subject: &str| {
        let token = shared().token("", &claims(&site, json!({ "sub": subject })));
        deployment.anonymous_caller().with_token(&token)
    };
    let (one, two) = (user("subject-1"), user("subject-2"));
    one.create("c", vec![message("m", "user", "mine")]).await;
    two.get("/api/conversations/c")
        .await
        .expect_error(404, "conversation_not_found");
    two.create("c", vec![message("m", "user", "theirs")]).await;
    assert_eq!(one.open("c").await["messages"][0]["content"], "mine");

    // They have a session, and keep using the provider's token.
    for action in [
        "link",
        "signOutEverywhere",
        "createRecoveryCode",
        "revokeRecoveryCode",
    ] {
        one.post("/api/session", &json!({ "action": action }))
            .await
            .expect_error(400, "use_provider");
    }
    let session = one.post("/api/session", &json!({})).await.expect(200);
    assert!(session["userId"].as_str().unwrap().starts_with("jwt-"));
    assert_eq!(
        (session.get("token"), session.get("expiresAt")),
        (None, None)
    );
    one.patch("/api/session", &json!({ "currentConversationId": "c" }))
        .await
        .expect(200);
    let read = one.get("/api/session").await.expect(200);
    assert_eq!(read["currentConversationId"], "c");
    assert_eq!(read["userId"], session["userId"]);

    // Nothing in the store identifies them, and tokens of the service still work.
    for key in site.keys("*").await {
        assert!(key.starts_with("user:jwt-"), "{key}");
        assert!(!key.contains("subject"), "{key}");
    }
    let ours = site.user().await;
    let ours = deployment.anonymous_caller().with_token(ours.token());
    ours.get("/api/conversations").await.expect(200);
}

#[tokio::test]
async fn without_a_provider_no_jwt_is_accepted() {
    let site = Site::embedded().await;
    let token = shared().token("", &claims(&site, json!({})));
    let response = site
        .anonymous_caller()
        .with_token(&token)
        .get("/api/session")
        .await;
    assert_refused(&response, "invalid_token");
}

#[tokio::test]
async fn a_token_is_valid_by_the_services_clock() {
    let site = Site::embedded().await;
    let deployment = with_secret(&site).await;
    let now = site.clock.now_ms() / 1_000;
    let token = shared().token("", &claims(&site, json!({ "nbf": now + 600 })));
    assert_refused(&ask(&deployment, &token).await, "invalid_token");
    site.advance(900 * SECOND);
    ask(&deployment, &token).await.expect(200);
    site.advance(3_600 * SECOND);
    assert_refused(&ask(&deployment, &token).await, "expired_token");
}

#[tokio::test]
async fn a_token_of_another_issuer_or_audience_is_refused() {
    let site = Site::embedded().await;
    let deployment = with_secret(&site).await;
    for changes in [
        json!({ "iss": "https://evil.example/" }),
        json!({ "iss": null }),
        json!({ "aud": "another app" }),
        json!({ "aud": null }),
        json!({ "sub": "" }),
        json!({ "sub": null }),
        json!({ "exp": null }),
    ] {
        let token = shared().token("", &claims(&site, changes.clone()));
        let response = ask(&deployment, &token).await;
        assert_eq!(response.status, 401, "{changes}");
        assert_refused(&response, "invalid_token");
    }
    let foreign_key = SigningKey::Shared("a secret that we have never heard of".into());
    let token = foreign_key.token("", &claims(&site, json!({})));
    assert_refused(&ask(&deployment, &token).await, "invalid_token");
}

#[tokio::test]
async fn published_keys_verify_both_kinds_with_one_request() {
    let site = Site::embedded().await;
    let (rsa, ec) = (SigningKey::rsa(), SigningKey::ec());
    let server = KeyServer::start(&[rsa.jwk("r"), ec.jwk("e")]).await;
    let deployment = with_keys(&site, &server).await;
    let ours = site.user().await;
    ask(&deployment, ours.token()).await.expect(200);
    assert_eq!(server.asked(), 0);
    let tokens =
        [("r", &rsa), ("e", &ec)].map(|(id, key)| key.token(id, &claims(&site, json!({}))));
    let responses = tokens
        .iter()
        .cycle()
        .take(8)
        .map(|token| ask(&deployment, token));
    for response in futures_util::future::join_all(responses).await {
        response.expect(200);
    }
    assert_eq!(server.asked(), 1);
    // A set is used for ten minutes.
    site.advance(590 * SECOND);
    ask(&deployment, &tokens[0]).await.expect(200);
    assert_eq!(server.asked(), 1);
    site.advance(20 * SECOND);
    ask(&deployment, &tokens[1]).await.expect(200);
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn the_algorithm_is_the_keys_not_the_tokens() {
    let site = Site::embedded().await;
    let (rsa, ec) = (SigningKey::rsa(), SigningKey::ec());
    let (public, both) = (rsa.jwk("r"), [rsa.jwk("r"), ec.jwk("e"), shared().jwk("s")]);
    let server = KeyServer::start(&both).await;
    let deployment = with_keys(&site, &server).await;
    let good = claims(&site, json!({}));
    ask(&deployment, &rsa.token("r", &good)).await.expect(200);

    let unsigned = json!({ "alg": "none", "kid": "r" });
    let unsigned = format!(
        "{}.{}.",
        encode(unsigned.to_string()),
        encode(good.to_string())
    );
    // The public key, in any form, used as if it were a shared secret.
    let modulus = SigningKey::Shared(public["n"].as_str().unwrap().to_owned());
    let whole = SigningKey::Shared(public.to_string());
    for token in [
        unsigned,
        modulus.token("r", &good),
        whole.token("r", &good),
        shared().token("s", &good),
        rsa.token("e", &good),
        ec.token("r", &good),
        rsa.sign(&json!({ "alg": "ES256", "kid": "e" }), &good),
        rsa.sign(&json!({ "alg": "RS512", "kid": "r" }), &good),
        rsa.sign(&json!({ "alg": "RS256" }), &good),
        SigningKey::ec().token("e", &good),
    ] {
        assert_refused(&ask(&deployment, &token).await, "invalid_token");
    }
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_rotated_key_is_found_and_unknown_keys_refetch_once_a_minute() {
    let site = Site::embedded().await;
    let (old, new) = (SigningKey::rsa(), SigningKey::ec());
    let server = KeyServer::start(&[old.jwk("old")]).await;
    let deployment = with_keys(&site, &server).await;
    let good = claims(&site, json!({}));
    ask(&deployment, &old.token("old", &good)).await.expect(200);
    let invented = new.token("invented", &good);
    for _ in 0..3 {
        assert_refused(&ask(&deployment, &invented).await, "invalid_token");
    }
    assert_eq!(server.asked(), 1);
    server.publish(&[new.jwk("new")]);
    site.advance(61 * SECOND);
    ask(&deployment, &new.token("new", &good)).await.expect(200);
    assert_eq!(server.asked(), 2);
    assert_refused(&ask(&deployment, &invented).await, "invalid_token");
    // The withdrawn key went with the old set.
    assert_refused(
        &ask(&deployment, &old.token("old", &good)).await,
        "invalid_token",
    );
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn an_unreachable_provider_rejects_no_token() {
    let site = Site::embedded().await;
    let key = SigningKey::ec();
    let server = KeyServer::start(&[key.jwk("e")]).await;
    let deployment = with_keys(&site, &server).await;
    let token = key.token("e", &claims(&site, json!({ "exp": 9_999_999_999_i64 })));
    let huge = format!("{{\"keys\":[\"{}\"]}}", "x".repeat(300_000));
    let failures = [
        Behaviour::Respond(500, String::new()),
        Behaviour::Respond(302, String::new()),
        Behaviour::Respond(200, "<html>".into()),
        Behaviour::Respond(200, huge),
        Behaviour::Silence,
    ];
    let mut asked = 0;
    for behaviour in failures {
        server.behave(behaviour);
        let began = Instant::now();
        for _ in 0..3 {
            let response = ask(&deployment, &token).await;
            response.expect_error(503, "identity_unavailable");
            assert_eq!(response.header("retry-after"), Some("5"));
        }
        assert!(began.elapsed() < 4 * SECOND);
        asked += 1;
        assert_eq!(server.asked(), asked);
        site.advance(6 * SECOND);
    }
    server.publish(&[key.jwk("e")]);
    ask(&deployment, &token).await.expect(200);

    // The cached set is enough while it is fresh; unknown keys cannot be judged; after that, no token can.
    server.behave(Behaviour::Respond(503, String::new()));
    site.advance(61 * SECOND);
    ask(&deployment, &token).await.expect(200);
    let unknown = key.token("other", &claims(&site, json!({})));
    ask(&deployment, &unknown)
        .await
        .expect_error(503, "identity_unavailable");
    ask(&deployment, &token).await.expect(200);
    site.advance(600 * SECOND);
    ask(&deployment, &token)
        .await
        .expect_error(503, "identity_unavailable");
    // The service's own tokens need no provider.
    let ours = site.user().await;
    ask(&deployment, ours.token()).await.expect(200);
}

#[tokio::test]
async fn a_client_that_disconnects_does_not_abort_the_key_fetch() {
    let site = Site::embedded().await;
    let key = SigningKey::ec();
    let keys = json!({ "keys": [key.jwk("e")] }).to_string();
    let server = KeyServer::start(&[]).await;
    server.behave(Behaviour::Held(keys));
    let deployment = with_keys(&site, &server).await;
    let token = key.token("e", &claims(&site, json!({})));
    tokio::select! {
        response = ask(&deployment, &token) => panic!("{response:?}"),
        () = server.until_asked() => {}
    }
    // By then the service has noticed, and nobody waits for the response any more.
    deployment.idle().await;
    server.release();
    ask(&deployment, &token).await.expect(200);
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn garbage_is_refused_without_a_request() {
    let site = Site::embedded().await;
    let server = KeyServer::start(&[]).await;
    let deployment = with_keys(&site, &server).await;
    let header = encode(r#"{"alg":"RS256","kid":"r"}"#);
    for token in [
        "x".to_owned(),
        "...".to_owned(),
        "a.b.c".to_owned(),
        format!("{header}.{header}"),
        format!("{header}..!"),
        format!("{}.{header}.AA", encode(r#"{"alg":"RS256","kid":"#)),
        format!("{}.{header}.AA", encode([255, 254])),
        format!("{header}.{}.AA", "x".repeat(9_000)),
        "cs1.".to_owned(),
        format!("cs1.{header}.AA"),
    ] {
        assert_refused(&ask(&deployment, &token).await, "invalid_token");
    }
    assert_eq!(server.asked(), 0);
}
