//! The whole service for a test: functions, front, store, and clients.

// Every test binary uses its own part of this.
#![allow(dead_code, unused_imports)]

pub mod bill;
pub mod client;
pub mod contract;
mod data;
pub mod day;
pub mod events;
pub mod follower;
pub mod provider;
mod site;
pub mod situation;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

pub use client::Client;
pub use data::{
    etag_of, ids, imported_file, incompressible, message, message_at, real_data, sample, state,
    without_etags,
};
pub use site::{Cost, Deployment, Site};

pub const AUTH_SECRET: &str = "a secret for tests of 32 bytes or more";
/// A day and a second.
pub const DAY: Duration = Duration::from_secs(86_401);
pub const STORE_TOKEN: &str = "store-token";

/// Runs each test on the embedded store and, where redis-server is installed, on a real Redis.
///
/// The tests are `async fn name(site: Site)`. With `at time =>` before them the service's time stands still at that time.
#[macro_export]
macro_rules! on_both_stores {
    (at $time:expr => $($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::common::Site::stopped_at($time).await).await;
            })+
        }
        mod redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(site) = $crate::common::Site::redis_stopped_at($time).await {
                    super::$name(site).await;
                }
            })+
        }
    };
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::common::Site::embedded().await).await;
            })+
        }
        mod redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(site) = $crate::common::Site::redis().await {
                    super::$name(site).await;
                }
            })+
        }
    };
}

/// The root of the repository; the tests are a package in a folder of it.
pub fn repository() -> PathBuf {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let root = folders
        .into_iter()
        .find(|folder| folder.join("vercel.json").is_file());
    root.expect("vercel.json is at the root").to_owned()
}

/// Puts every script into the store's cache and ends the first day's renewals.
pub async fn use_every_script(user: &Client) {
    user.create("warm", vec![message("m", "user", "x")]).await;
    user.append("warm", vec![message("n", "user", "x")])
        .await
        .expect(201);
    user.patch("/api/conversations/warm", &json!({ "title": "x" }))
        .await
        .expect(200);
    user.patch(
        "/api/conversations/warm/messages/m",
        &json!({ "content": "y" }),
    )
    .await
    .expect(200);
    user.put(
        "/api/conversations/warm/messages/m",
        &message("m", "user", "whole"),
    )
    .await
    .expect(200);
    let (path, body) = situation::entries_to_append("warm", json!([{ "type": "x" }]));
    user.post(&path, &body).await.expect(201);
    user.get("/api/conversations?kind=session")
        .await
        .expect(200);
    let session = path.trim_end_matches("/messages");
    user.delete(&format!("{session}?permanent=true"))
        .await
        .expect(200);
    let fork = json!({ "id": "warm-fork", "forkOf": { "conversationId": "warm" } });
    user.post("/api/conversations", &fork).await.expect(201);
    let share = json!({ "conversationId": "warm-fork" });
    let share = user.post("/api/shares", &share).await.expect(201);
    let copy = json!({ "id": "warm-copy", "forkOf": { "shareId": share["id"] } });
    user.post("/api/conversations", &copy).await.expect(201);
    for id in ["warm-fork", "warm-copy"] {
        user.delete(&format!("/api/conversations/{id}?permanent=true"))
            .await
            .expect(200);
    }
    user.delete("/api/conversations/warm/messages/m")
        .await
        .expect(200);
    user.open("warm").await;
    user.get("/api/conversations").await.expect(200);
    let actions = [
        ("createRecoveryCode", 201),
        ("revokeRecoveryCode", 200),
        ("createReadToken", 201),
        ("revokeReadToken", 200),
    ];
    for (action, status) in actions {
        let body = json!({ "action": action });
        user.post("/api/session", &body).await.expect(status);
    }
    user.get("/api/user").await.expect(200);
    user.patch("/api/session", &json!({ "currentConversationId": "warm" }))
        .await
        .expect(200);
    user.post("/api/import", &json!([{ "id": "warm-import" }]))
        .await
        .expect(200);
    user.get("/api/conversations?q=x").await.expect(200);
    user.get("/api/conversations?archived=false")
        .await
        .expect(200);
    let (warm, trash) = ("/api/conversations/warm", "/api/conversations?trash=true");
    user.delete(warm).await.expect(200);
    user.get(trash).await.expect(200);
    user.patch(warm, &json!({ "trashed": false }))
        .await
        .expect(200);
    user.delete(warm).await.expect(200);
    user.delete(trash).await.expect(200);
}
