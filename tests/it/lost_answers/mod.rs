//! Every answer of the store is lost once, while another device writes to the same thing: the call answers as if nothing
//! had been lost, and what the other device was told is true.

mod laboratory;
mod long;
mod others;

use crate::common::Site;
use crate::common::situation::situations;
use laboratory::{Laboratory, Loss};
use others::others;

/// Loses each answer of each call, each time with another device's write in between.
async fn lose_every_answer(site: Site, loss: Loss) {
    let laboratory = Laboratory::new(site).await;
    let only = std::env::var("SITUATION").ok();
    for situation in situations() {
        if only.as_ref().is_some_and(|only| situation.name != only) {
            continue;
        }
        for other in others(&situation) {
            laboratory.lose_answers_of(&situation, &other, loss).await;
        }
    }
}

mod embedded {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_service_asks_again_and_finds_its_own_work() {
        lose_every_answer(Site::embedded().await, Loss::OfTheStore).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_client_asks_again_and_finds_its_own_work() {
        lose_every_answer(Site::embedded().await, Loss::OfTheService).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_calls_lose_answers_too() {
        long::lose_answers(Laboratory::new(Site::embedded().await).await).await;
    }
}

mod redis {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_service_asks_again_and_finds_its_own_work() {
        if let Some(site) = Site::redis().await {
            lose_every_answer(site, Loss::OfTheStore).await;
        }
    }
}
