//! Reading the body of a request, up to Upstash's limit.

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};

/// The largest request, in bytes.
pub const MAX_REQUEST_BYTES: u64 = 10 * 1024 * 1024;

/// How much of an oversized request is still read, in bytes. A client that has not finished sending would
/// otherwise see a closed connection instead of the response.
const MAX_DISCARDED_BYTES: u64 = 10 * MAX_REQUEST_BYTES;

/// Why there is no body.
pub enum BodyError {
    /// Over the limit, with the declared size if there is one.
    TooLarge(Option<u64>),
    /// The connection broke.
    Broken,
}

/// The whole body.
pub async fn read(mut body: Incoming) -> Result<Bytes, BodyError> {
    let declared = body.size_hint().exact();
    if declared.is_some_and(|bytes| bytes > MAX_REQUEST_BYTES) {
        discard(body).await;
        return Err(BodyError::TooLarge(declared));
    }
    let limited = Limited::new(&mut body, MAX_REQUEST_BYTES as usize);
    match limited.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            discard(body).await;
            Err(BodyError::TooLarge(None))
        }
        Err(_) => Err(BodyError::Broken),
    }
}

async fn discard(mut body: Incoming) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, |data| data.len() as u64);
        if discarded > MAX_DISCARDED_BYTES {
            return;
        }
    }
}
