//! Work that continues after a request's response was made, and bodies that are still being sent then.
//!
//! The platform may suspend an instance once all its invocations have ended, and an invocation ends when the
//! handler has returned and the work registered with it is done. A body on its way does not count unless it
//! is registered too, which is what a [`Hold`] does.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::watch;
use vercel_runtime::awaiter::Awaiter;
use vercel_runtime::{AppState, Error, ResponseBody};

/// Where work is registered, so that it is waited for.
#[derive(Clone)]
pub enum Registry {
    /// With an invocation on Vercel, which lasts until the work is done, and so does the process.
    Invocation(AppState),
    /// With a server of our own, which waits for all its work before it ends.
    Server(Awaiter),
}

impl Registry {
    fn wait_until(&self, work: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::Invocation(state) => state.wait_until(work),
            Self::Server(awaiter) => awaiter.wait_until(work),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invocation(_) => "Registry::Invocation",
            Self::Server(_) => "Registry::Server",
        })
    }
}

/// What a request registers work with that goes on after its response. Clones belong to the same request.
#[derive(Clone, Debug)]
pub struct Background {
    registry: Registry,
    /// Closed once the response was made.
    response: watch::Receiver<()>,
    hold: Arc<Mutex<Option<Hold>>>,
}

/// Dropped when the response was made: work that waits for it begins then.
pub(super) struct ResponsePending(
    #[expect(dead_code, reason = "dropping it is its use")] watch::Sender<()>,
);

impl Background {
    /// Begins with a request: from here on its invocation is held open.
    pub(super) fn begin(registry: Registry) -> (Self, ResponsePending) {
        let (sender, response) = watch::channel(());
        let (hold, mut released) = Hold::new();
        registry.wait_until(async move { released.wait().await });
        let background = Self {
            registry,
            response,
            hold: Arc::new(Mutex::new(Some(hold))),
        };
        (background, ResponsePending(sender))
    }

    /// Starts `work` now. The invocation, and the process, last until it is done.
    pub fn wait_until(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.registry.wait_until(work);
    }

    /// Starts `work` when the response was made, so that nobody waits for it. Apart from that as
    /// [`Self::wait_until`].
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut response = self.response.clone();
        self.registry.wait_until(async move {
            // Nothing is ever sent: it fails when the sender is dropped, which is what is waited for.
            let _ = response.changed().await;
            work.await;
        });
    }

    /// Takes the hold on the invocation. Otherwise the invocation lasts until the response's body was sent; a handler
    /// that takes the hold decides when to drop it. `None` if it was taken before.
    pub fn take_hold(&self) -> Option<Hold> {
        self.hold
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Holds the invocation open until `body` was sent, unless the hold was taken.
    pub(super) fn until_sent(&self, body: ResponseBody) -> ResponseBody {
        match self.take_hold() {
            Some(hold) => hold.until_sent(body),
            None => body,
        }
    }
}

/// Lasts until it and all its clones are dropped, which [`Released`] waits for.
#[derive(Clone, Debug)]
pub struct Hold {
    _sender: watch::Sender<()>,
}

/// The other end of a [`Hold`].
#[derive(Debug)]
pub struct Released(watch::Receiver<()>);

impl Hold {
    /// A hold, and the receiver of its end.
    pub fn new() -> (Self, Released) {
        let (sender, receiver) = watch::channel(());
        (Self { _sender: sender }, Released(receiver))
    }

    /// Lasts until `body` was written to its connection, or is dropped because nobody reads it any more.
    pub fn until_sent(self, body: ResponseBody) -> ResponseBody {
        ResponseBody(BodyExt::boxed(HeldBody { body, hold: self }))
    }
}

impl Released {
    /// Returns when the hold has ended.
    pub async fn wait(&mut self) {
        // Nothing is ever sent through it.
        while self.0.changed().await.is_ok() {}
    }
}

/// A body that keeps a hold, and so does each of its frames: what is written last outlives the body itself.
struct HeldBody {
    body: ResponseBody,
    hold: Hold,
}

/// Bytes of such a frame; dropped when they are written.
struct HeldBytes {
    bytes: Bytes,
    _hold: Hold,
}

impl AsRef<[u8]> for HeldBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Body for HeldBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let held = |bytes| {
            Bytes::from_owner(HeldBytes {
                bytes,
                _hold: self.hold.clone(),
            })
        };
        frame.map_ok(|frame| frame.map_data(held))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn begin() -> (Awaiter, Background, ResponsePending) {
        let awaiter = Awaiter::new();
        let (background, pending) = Background::begin(Registry::Server(awaiter.clone()));
        (awaiter, background, pending)
    }

    async fn is_idle(awaiter: &Awaiter) -> bool {
        timeout(Duration::from_millis(50), awaiter.awaiting())
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn spawned_work_waits_for_the_response_and_is_waited_for() {
        let (awaiter, background, pending) = begin();
        let is_done = Arc::new(AtomicBool::new(false));
        let done = is_done.clone();
        background.spawn(async move { done.store(true, Ordering::Relaxed) });
        drop(background.take_hold());
        assert!(!is_idle(&awaiter).await);
        assert!(!is_done.load(Ordering::Relaxed));
        drop(pending);
        assert!(is_idle(&awaiter).await);
        assert!(is_done.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_panic_in_the_background_stays_there() {
        let (awaiter, background, _pending) = begin();
        drop(background.take_hold());
        background.wait_until(async { panic!("as a test wants it") });
        assert!(is_idle(&awaiter).await);
    }

    #[tokio::test]
    async fn a_body_is_held_until_its_last_bytes_are_written() {
        let (awaiter, background, _pending) = begin();
        let mut body = background.until_sent(ResponseBody::from("text"));
        assert_eq!(body.size_hint().exact(), Some(4));
        let bytes = body.frame().await.unwrap().unwrap().into_data().unwrap();
        drop((body, background));
        assert!(!is_idle(&awaiter).await);
        assert_eq!(bytes, "text");
        drop(bytes);
        assert!(is_idle(&awaiter).await);
    }

    #[tokio::test]
    async fn a_body_that_nobody_reads_is_not_waited_for() {
        let (awaiter, background, _pending) = begin();
        let body = background.until_sent(ResponseBody::from("text"));
        assert!(!is_idle(&awaiter).await);
        drop(body);
        assert!(is_idle(&awaiter).await);
    }
}
