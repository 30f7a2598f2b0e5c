//! The service over HTTP, on the embedded store and on a real Redis: one program, a module for each route or quality.
//!
//! Tests that need a browser, Vercel's command line, or a real database and deployment are separate programs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod abuse;
mod agent_sessions;
mod alerts;
mod bad_input;
mod branches;
mod budgets;
mod chaos;
mod claim;
mod client;
mod compression;
mod conversation;
mod conversations;
mod databases;
mod devices;
mod docs;
mod earlier_release;
mod edge;
mod expiry;
mod export;
mod extremes;
mod failures;
mod filters;
mod forks;
mod full_database;
mod growth;
mod health;
mod import;
mod jwt;
mod large_messages;
mod layers;
mod limits;
mod logs;
mod lost_responses;
mod mcp;
mod mcp_packages;
mod message;
mod messages;
mod metrics;
mod module;
mod openapi;
mod order;
mod pages;
mod parts;
mod pitfalls;
mod preconditions;
mod python_client;
mod recovery;
mod retention;
mod routes;
mod schemathesis;
mod search;
mod session;
mod shares;
mod sources;
mod stopped_scripts;
mod sync;
mod trash;
mod trash_interactions;
mod upserts;
mod upstash;
mod user;
mod vocabulary;
mod void_credentials;
