//! Bodies that are sent while they are made.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body::Frame;
use http_body_util::StreamBody;
use vercel_runtime::{Error, ResponseBody};

type Frames = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Error>> + Send>>;

/// The runtime wants bodies that threads can share, which futures of HTTP clients are not. Nobody ever
/// shares one, so the lock costs nothing: it is never taken.
struct Shareable(Mutex<Frames>);

impl Stream for Shareable {
    type Item = Result<Frame<Bytes>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let frames = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        frames.as_mut().poll_next(context)
    }
}

/// A body of chunks, made as fast as the client takes them. An error breaks the connection off, so that
/// nobody takes what came until then for the whole.
pub(super) fn body<S, E>(chunks: S) -> ResponseBody
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let frames = chunks.map(|chunk| match chunk {
        Ok(bytes) => Ok(Frame::data(bytes)),
        Err(error) => {
            eprintln!(
                "{}",
                serde_json::json!({ "error": format!("answer broken off: {error}") })
            );
            Err(Error::from(error))
        }
    });
    ResponseBody::from(StreamBody::new(Shareable(Mutex::new(Box::pin(frames)))))
}
