//! Every command of every script fails once: no acknowledged write is lost, everything can be read, and repeating the
//! call repairs the rest.

mod disturbance;
mod reads;
mod remains;

use crate::common::Site;
use crate::common::situation::{Situation, situations};
use disturbance::Laboratory;

/// Runs each situation on a site, with each command failing in turn.
async fn stop_every_command(
    site: Site,
    error: &'static str,
    is_named: bool,
    which: fn(&Situation) -> bool,
) {
    let laboratory = Laboratory::new(site, error, is_named).await;
    let only = std::env::var("SITUATION").ok();
    for situation in situations() {
        if which(&situation)
            && !situation.is_following
            && only.as_ref().is_none_or(|only| situation.name == only)
        {
            laboratory.stop_each_command_of(&situation).await;
        }
    }
}

/// Whether it deletes something, which works in a full database.
fn is_freeing(situation: &Situation) -> bool {
    situation.call.method == reqwest::Method::DELETE
}

mod embedded {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_stopped_call_is_repaired_by_another_one() {
        stop_every_command(Site::embedded().await, "ERR injected", false, |_| true).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_stopped_call_is_repaired_by_its_repeat() {
        stop_every_command(Site::embedded().await, "ERR injected", true, |situation| {
            situation.is_about_conversations
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_command_refused_for_lack_of_memory_loses_nothing() {
        let error = "OOM command not allowed when used memory > 'maxmemory'.";
        stop_every_command(Site::embedded().await, error, false, is_freeing).await;
    }
}

mod redis {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_stopped_call_is_repaired_by_another_one() {
        if let Some(site) = Site::redis().await {
            stop_every_command(site, "ERR injected", false, is_freeing).await;
        }
    }
}
