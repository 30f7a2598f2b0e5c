//! The largest and oldest data that an account can hold can be read, counted and deleted.

mod age;
mod quota;
mod sizes;
mod tokens;

use std::time::Duration;

use crate::common::Site;
use embedded_store::reply::Reply;

const DAY: Duration = Duration::from_secs(86_400);
/// The largest body that Vercel accepts.
const LARGEST_RESPONSE: usize = 4_500_000;

/// Text that hardly compresses.
fn noise(seed: u64, length: usize) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..length).map(|_| random.alphanumeric()).collect()
}

async fn meta_of(site: &Site) -> String {
    let keys = site.keys("*conversations:meta").await;
    keys[0].clone()
}

async fn field(site: &Site, meta: &str, name: &str) -> String {
    match site.command(&["HGET", meta, name]).await {
        Reply::Bulk(text) => String::from_utf8(text).unwrap(),
        other => panic!("{name}: {other:?}"),
    }
}
