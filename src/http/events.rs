//! Server-sent events: how a stream of changes is written to its client.

use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use tokio::time::timeout;
use vercel_runtime::{Error, ResponseBody};

use super::background::{Background, Hold};
use super::bodies;
use crate::model::in_one_line;
use crate::service::stream::{ChangeStream, Closed, Event, EventSink, LAST_WORDS};
use crate::store::SyncCursor;

/// Runs a stream in the background, and returns the body that its events are sent in. The request's invocation lasts
/// until the stream has ended or its client is gone.
///
/// Events have ids, which are cursors: a client that comes back with the last one as `Last-Event-ID` misses nothing.
pub(super) fn body(mut stream: ChangeStream, background: &Background) -> ResponseBody {
    let (sender, channel) = Channel::new(16);
    let (sending, mut sent) = Hold::new();
    let sink = Client {
        sender,
        is_first: true,
    };
    // The stream itself holds the invocation open, not its body: a reader may stop reading without going away.
    let invocation = background.take_hold();
    background.wait_until(async move {
        // Until all of it was sent, or the client is gone or has stopped reading.
        tokio::select! {
            () = stream.run(sink) => {
                let _ = timeout(LAST_WORDS, sent.wait()).await;
            }
            () = sent.wait() => {}
        }
        stream.close();
        drop(invocation);
    });
    sending.until_sent(ResponseBody(BodyExt::boxed(channel)))
}

/// The client of a stream.
struct Client {
    sender: Sender<Bytes, Error>,
    is_first: bool,
}

impl EventSink for Client {
    async fn send(&mut self, event: Event) -> Result<(), Closed> {
        let mut text = encode(&event);
        if std::mem::take(&mut self.is_first) {
            text.insert_str(0, "retry: 1000\n");
        }
        let frame = Frame::data(Bytes::from(text));
        self.sender.send(frame).await.map_err(|_| Closed)
    }
}

fn encode(event: &Event) -> String {
    match event {
        Event::Sync(changes) => with_id("sync", &changes.next, &bodies::changes(changes)),
        Event::Change {
            next,
            notice,
            messages,
        } => with_id("change", next, &bodies::change(notice, messages)),
        Event::Erase => "event: erase\ndata: {}\n\n".into(),
        Event::Heartbeat => ": heartbeat\n\n".into(),
        Event::Reconnect => "event: reconnect\ndata: {}\n\n".into(),
    }
}

/// An event that a client can come back with.
fn with_id(name: &str, id: &SyncCursor, data: &str) -> String {
    let data = in_one_line(data);
    format!("event: {name}\nid: {}\ndata: {data}\n\n", id.encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_one_line_of_data() {
        let text = with_id("sync", &SyncCursor::Since(1), "{\"a\":\n1}");
        assert_eq!(
            text.lines()
                .filter(|line| line.starts_with("data:"))
                .count(),
            1
        );
        assert!(text.ends_with("}\n\n"));
    }
}
