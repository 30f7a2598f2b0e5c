//! A request that waits until a test lets it go.

use std::sync::Arc;

use tokio::sync::watch;

/// The handle to a held request; dropping it releases the request.
#[derive(Debug)]
pub struct Hold(Arc<Held>);

/// What the request and the handle share.
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

    /// Returns when a request waits, or has waited.
    pub async fn arrived(&self) {
        turn_true(&self.0.arrived).await;
    }

    /// Lets the request run, now or as soon as it comes.
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
        turn_true(&self.released).await;
    }
}

async fn turn_true(flag: &watch::Sender<bool>) {
    // Fails when the sender is gone, and here it is borrowed.
    let _ = flag.subscribe().wait_for(|now| *now).await;
}
