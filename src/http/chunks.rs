//! Bodies that are sent while they are made.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body::Frame;
use http_body_util::StreamBody;
use vercel_runtime::{Error, ResponseBody};

type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

/// A body of chunks, made as fast as the client takes them. An error breaks the connection off, so that
/// nobody takes what came until then for the whole.
pub(super) struct Chunks(Pieces);

impl Chunks {
    pub(super) fn new<S, E>(chunks: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        Self(Box::pin(chunks.map(|chunk| chunk.map_err(Error::from))))
    }

    /// The body; `broken_off` learns of the error that ends it.
    pub(super) fn into_body<F>(self, broken_off: F) -> ResponseBody
    where
        F: Fn(&str) + Send + 'static,
    {
        let frames = self.0.map(move |chunk| match chunk {
            Ok(bytes) => Ok(Frame::data(bytes)),
            Err(error) => {
                broken_off(&error.to_string());
                Err(error)
            }
        });
        ResponseBody::from(StreamBody::new(Shareable(Mutex::new(Box::pin(frames)))))
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chunks(..)")
    }
}

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
