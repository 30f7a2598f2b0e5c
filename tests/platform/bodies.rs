//! How large requests and responses may be.

use reqwest::Method;
use serde_json::{Value, json};

use crate::deployment::{Deployment, message};
use crate::http;
use crate::on_every_deployment;

on_every_deployment! {
    a_body_of_4_4_mb_reaches_the_function:
        "An import takes as much as Vercel lets through (`BODY` in src/model/limits.rs), and browsers send as much.";
    a_body_of_4_6_mb_is_refused_with_413:
        "Clients send less at once after a 413, whether from Vercel or from the function.";
    a_response_of_more_than_4_5_mb_passes_as_a_stream:
        "An export is as large as the account; it is streamed, because Vercel limits only what is not.";
}

const IMPORT: &str = "/api/import";

/// An import of one conversation whose body has this length.
fn import_of(id: &str, length: usize) -> Value {
    const PARTS: usize = 5;
    let with = |contents: &[String]| {
        let messages = contents.iter().enumerate();
        let messages: Vec<Value> = messages
            .map(|(number, content)| message(&format!("m{number}"), content))
            .collect();
        json!([{ "id": id, "title": "A large conversation", "messages": messages }])
    };
    let mut contents = vec![String::new(); PARTS];
    let room = length - with(&contents).to_string().len();
    for content in &mut contents {
        content.push_str(&"x".repeat(room / PARTS));
    }
    contents[0].push_str(&"x".repeat(room % PARTS));
    with(&contents)
}

async fn import(deployment: &Deployment, token: &str, id: &str) {
    let body = import_of(id, 4_400_000);
    assert_eq!(body.to_string().len(), 4_400_000);
    let response = deployment.send(Method::POST, IMPORT, token, &body).await;
    let report = response.expect(200);
    assert_eq!(report["imported"], 1, "{report}");
}

async fn a_body_of_4_4_mb_reaches_the_function(deployment: &Deployment) {
    let user = deployment.user().await;
    import(deployment, &user, "large").await;
}

async fn a_body_of_4_6_mb_is_refused_with_413(deployment: &Deployment) {
    let user = deployment.user().await;
    let body = import_of("too-large", 4_600_000).to_string();
    let request = deployment.request(Method::POST, IMPORT).bearer_auth(&user);
    let request = request
        .header("content-type", "application/json")
        .body(body);
    assert_eq!(http::send(request).await.status, 413);
    let list = deployment.get("/api/conversations", Some(&user)).await;
    assert_eq!(list.expect(200)["data"], json!([]));
}

async fn a_response_of_more_than_4_5_mb_passes_as_a_stream(deployment: &Deployment) {
    let user = deployment.user().await;
    for id in ["large-1", "large-2"] {
        import(deployment, &user, id).await;
    }
    let response = deployment.get("/api/export", Some(&user)).await;
    assert_eq!(response.status, 200);
    assert!(response.body.len() > 8_800_000, "{}", response.body.len());
    let text = response.text();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["export"]["complete"], true, "{last}");
}
