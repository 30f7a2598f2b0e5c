//! All tests of the store: the engine alone, the REST front over it and over a real Redis, and the program.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod documentation;
mod engine_against_redis;
mod engine_commands;
mod engine_log;
mod engine_scripts;
mod faults;
mod full_store;
mod program;
mod protocol;
mod redis;
mod script_faults;
mod subscribe;
mod support;
mod upstash_client;
