//! Every response of the store is lost once, while another device writes to the same thing: the call responds as if nothing
//! had been lost, and what the other device was told is true.

mod laboratory;
mod long;
mod others;

use crate::common::Site;
use crate::common::situation::situations;
use laboratory::{Laboratory, Loss};
use others::others;

/// Loses each response of each call, each time with another device's write in between.
async fn lose_every_response(site: Site, loss: Loss) {
    let laboratory = Laboratory::new(site).await;
    let only = std::env::var("SITUATION").ok();
    for situation in situations() {
        if only.as_ref().is_some_and(|only| situation.name != only) {
            continue;
        }
        for other in others(&situation) {
            laboratory.lose_responses_of(&situation, &other, loss).await;
        }
    }
}

mod embedded {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_service_retries_and_recognizes_its_own_write() {
        lose_every_response(Site::embedded().await, Loss::OfTheStore).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_client_retries_and_recognizes_its_own_write() {
        lose_every_response(Site::embedded().await, Loss::OfTheService).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_calls_lose_responses_too() {
        long::lose_responses(Laboratory::new(Site::embedded().await).await).await;
    }
}

mod redis {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_service_retries_and_recognizes_its_own_write() {
        if let Some(site) = Site::redis().await {
            lose_every_response(site, Loss::OfTheStore).await;
        }
    }
}
