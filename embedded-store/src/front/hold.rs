//! Holding a request until a test releases it.

use std::sync::Arc;

use tokio::sync::watch;

/// The handle to a held request; dropping it releases the request.
#[derive(Debug)]
pub struct Hold(Arc<Held>);

/// The state that the request and its handle share.
#[derive(Debug)]
pub(super) struct Held {
    arrived: watch::Sender<bool>,
    released: watch::Sender<bool>,
}

impl Hold {
    pub(super) fn new() -> (Self, Arc<Held>) {
        let held = Arc::new(Held {
            arrived: watch::Sender::new(false),
            released: watch::Sender::new(false),
        });
        (Self(Arc::clone(&held)), held)
    }

    /// Returns once a request is waiting or has waited.
    pub async fn arrived(&self) {
        wait_until_set(&self.0.arrived).await;
    }

    /// Lets the request run, now or as soon as it arrives.
    pub fn release(&self) {
        self.0.released.send_replace(true);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}

impl Held {
    /// Waits for the release.
    pub(super) async fn wait(&self) {
        self.arrived.send_replace(true);
        wait_until_set(&self.released).await;
    }
}

async fn wait_until_set(flag: &watch::Sender<bool>) {
    // Fails only without a sender, which is borrowed here.
    let _ = flag.subscribe().wait_for(|now| *now).await;
}
