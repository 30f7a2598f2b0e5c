//! The pages of `public/` and the browser module, in a real Chromium.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;

mod browser;
mod driver;
mod hands;

mod appearance;
mod branches;
mod caching;
mod carrying;
mod day;
mod devices;
mod keyboard;
mod module;
mod organizing;
mod parts;
mod pictures;
mod safety;
mod scale;
mod sharing;
mod status;
mod visiting;
mod writing;
