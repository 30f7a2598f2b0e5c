//! The pages of `public/` and the browser module, in a real Chromium.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;

/// Tests of a browser, whose responses the HTTP tests have compared on both stores: on a real Redis if there is one, else
/// on the embedded store.
macro_rules! on_one_store {
    ($($name:ident),+ $(,)?) => {
        mod on_one_store {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::common::Site::of_one_store().await).await;
            })+
        }
    };
}

mod browser;
mod driver;
mod figures;
mod holding;
mod page_object;

mod agents;
mod appearance;
mod branches;
mod caching;
mod day;
mod devices;
mod import_export;
mod importing;
mod interleavings;
mod keyboard;
mod list;
mod module;
mod overtaken;
mod parts;
mod pictures;
mod recovery;
mod retention;
mod rich;
mod safety;
mod scale;
mod search_figures;
mod secrets;
mod sharing;
mod status;
mod versions;
mod visiting;
mod writing;
