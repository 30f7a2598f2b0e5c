//! The notice that the process is about to end.

use std::sync::Arc;

use tokio::sync::watch;

/// Tells its waiters that the process is about to end. Clones share one notice.
#[derive(Clone, Debug)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Shutdown {
    /// Gives notice. Repeating it changes nothing.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Returns once notice was given, at once where that has happened already.
    pub async fn begun(&self) {
        // It fails when the sender is gone, which `self` keeps alive.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}

/// Returns when the process is asked to end: by SIGTERM, or by Ctrl-C where there are no such signals.
///
/// It never returns where the process cannot listen for that; the signal then ends the process itself.
pub async fn termination() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            terminate.recv().await;
            return;
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_ok() {
        return;
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiters_before_and_after_the_notice_hear_it() {
        let shutdown = Shutdown::default();
        let early = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.begun().await }
        });
        tokio::task::yield_now().await;
        assert!(!early.is_finished());
        shutdown.begin();
        early.await.unwrap();
        shutdown.begun().await;
    }
}
