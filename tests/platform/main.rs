//! What the service assumes about Upstash and Vercel, each assumption a test.
//!
//! `PLATFORM_UPSTASH_URL` and `PLATFORM_UPSTASH_TOKEN` name a database, `PLATFORM_FULL_UPSTASH_URL` and `..._TOKEN`
//! one that is full, `PLATFORM_DEPLOYMENT_URL` a deployment, and `PLATFORM_BYPASS_SECRET` opens it where it is
//! protected. Anything not named is skipped. `PLATFORM_LONG=1` waits for streams as long as they are meant to last.
//!
//! `over_upstash` is the local server over the real database, which needs no deployment.
//!
//! The same tests run against the local front, over the embedded store and a real Redis, and against the local
//! server, so that the tests themselves are known to work. Where those deliberately differ from the platform, the
//! list of tests says so (`but redis: "why"`), and the test has to fail there.
//!
//! See "After the first deployment" in `docs/deployment.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;

mod assumption;
mod database;
mod deployment;
mod http;

mod addresses;
mod bodies;
mod capacity;
mod commands;
mod journey;
mod live;
mod protocol;
mod responses;
mod scripts;
mod sizes;
mod streams;
