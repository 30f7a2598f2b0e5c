//! Subscriptions as server-sent events.

use std::convert::Infallible;

use futures_util::stream::{self, BoxStream, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use percent_encoding::percent_decode_str;

use crate::backend::Backend;
use crate::reply::{Messages, Unavailable};

/// The channels of `/subscribe/<channel>[/<channel>...]`, or `None` for another path.
pub fn channels(path: &str) -> Option<Vec<Vec<u8>>> {
    let channels = path.strip_prefix("/subscribe/")?.trim_end_matches('/');
    let channels = channels.split('/');
    Some(channels.map(|c| percent_decode_str(c).collect()).collect())
}

/// Subscribes to the channels and streams their messages; the stream ends with the first subscription that ends.
pub async fn stream(
    backend: &Backend,
    channels: Vec<Vec<u8>>,
) -> Result<UnsyncBoxBody<Bytes, Infallible>, Unavailable> {
    let mut greetings = Vec::new();
    let mut messages = Vec::new();
    for (index, channel) in channels.into_iter().enumerate() {
        let count = (index + 1).to_string();
        let received = backend.subscribe(&channel).await?;
        greetings.push(event("subscribe", &channel, count.as_bytes()));
        messages.push(channel_events(channel, received));
    }
    let events = stream::iter(greetings).chain(stream::select_all(messages));
    let frames = events.map(|event| Ok(Frame::data(event)));
    Ok(StreamBody::new(frames).boxed_unsync())
}

fn channel_events(channel: Vec<u8>, messages: Messages) -> BoxStream<'static, Bytes> {
    messages
        .map(move |message| event("message", &channel, &message))
        .boxed()
}

/// `data: <name>,<channel>,<payload>`. Each further line of the payload gets a `data:` of its own,
/// which a reader of server-sent events joins again.
fn event(name: &str, channel: &[u8], payload: &[u8]) -> Bytes {
    let channel = String::from_utf8_lossy(channel);
    let payload = String::from_utf8_lossy(payload);
    let text = format!("{name},{channel},{payload}").replace("\r\n", "\n");
    let mut event = String::with_capacity(text.len() + 16);
    for line in text.split(['\n', '\r']) {
        event.push_str("data: ");
        event.push_str(line);
        event.push('\n');
    }
    event.push('\n');
    Bytes::from(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_do_not_break_the_framing() {
        let one = event("message", b"ch", b"text, more");
        assert_eq!(one, "data: message,ch,text, more\n\n");
        let three = event("message", b"ch", b"a\r\n\nb\rc");
        assert_eq!(three, "data: message,ch,a\ndata: \ndata: b\ndata: c\n\n");
    }

    #[test]
    fn channels_are_decoded() {
        assert_eq!(channels("/subscribe/a%2Fb"), Some(vec![b"a/b".to_vec()]));
        assert_eq!(channels("/get/a"), None);
    }
}
