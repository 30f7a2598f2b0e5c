//! A stream of a user's changes as server-sent events.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use http_body_util::channel::{Channel, Sender};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout, timeout_at};
use vercel_runtime::ResponseBody;

use crate::App;
use crate::context::Caller;
use crate::http::{Background, Hold, Released};
use crate::model::{ObjectWriter, StoredMessage};
use crate::store::{Changes, StoreError, SyncCursor};
use crate::upstash::Subscription;

/// How often a silent stream shows that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// For how much longer than the stream lasts notices are sent: clocks of instances differ.
const SLACK: Duration = Duration::from_secs(60);

/// How long the end of a stream may take to be told.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Conversations per event while a client catches up.
const PAGE: usize = 50;

/// Begins a stream: what has changed since `cursor` (without one, everything), then each change as it
/// happens, until the stream's time is up.
///
/// Events have ids, which are cursors: a client that comes back with the last one as `Last-Event-ID`
/// misses nothing. The request's invocation lasts until the stream has ended or its client is gone.
///
/// # Errors
/// When the database fails before anything was sent.
pub async fn open(
    app: Arc<App>,
    caller: Caller,
    cursor: Option<SyncCursor>,
    background: &Background,
) -> Result<ResponseBody, StoreError> {
    let store = app.store.for_user(&caller);
    // Before anything is held open.
    let place = store.open_stream(app.config.stream_life + SLACK).await?;
    let begun = begin(app.clone(), caller.clone(), cursor).await;
    let Begun {
        stream,
        first,
        notices,
        channel,
        sending,
        sent,
    } = match begun {
        Ok(begun) => begun,
        Err(error) => {
            store.close_stream(place);
            return Err(error);
        }
    };
    // The stream itself holds the invocation open, not its body: a reader may stop reading without going away.
    let invocation = background.take_hold();
    background.wait_until(async move {
        stream.run_until_sent(first, notices, sent).await;
        app.store.for_user(&caller).close_stream(place);
        drop(invocation);
    });
    let body = ResponseBody(http_body_util::BodyExt::boxed(channel));
    Ok(sending.until_sent(body))
}

/// A stream that has something to send.
struct Begun {
    stream: Stream,
    first: PageOfChanges,
    notices: Subscription,
    channel: Channel<Bytes, vercel_runtime::Error>,
    sending: Hold,
    sent: Released,
}

async fn begin(
    app: Arc<App>,
    caller: Caller,
    cursor: Option<SyncCursor>,
) -> Result<Begun, StoreError> {
    let end = Instant::now() + app.config.stream_life;
    // Listening first: what happens between the two is heard, and told twice rather than not at all.
    let notices = app.store.for_user(&caller).subscribe().await?;
    let (sender, channel) = Channel::new(16);
    let (sending, sent) = Hold::new();
    let mut stream = Stream {
        app,
        caller,
        sender,
        known: cursor,
        end,
    };
    let first = stream.first_page().await?;
    Ok(Begun {
        stream,
        first,
        notices,
        channel,
        sending,
        sent,
    })
}

/// One client's stream.
struct Stream {
    app: Arc<App>,
    caller: Caller,
    sender: Sender<Bytes, vercel_runtime::Error>,
    known: Option<SyncCursor>,
    /// When its time is up, counted from the request: the function's does so too.
    end: Instant,
}

/// Why a stream ends early: the client is gone, or the database failed.
struct Ended;

/// A page of changes, ready to be sent.
struct PageOfChanges {
    event: String,
    has_more: bool,
}

/// What a script publishes of a change; `src/lua/lib/write.lua` writes it.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notice {
    #[serde(rename = "type")]
    kind: String,
    /// None where several changed at once, or the user signed out: asking what has changed then ends the
    /// streams of older tokens.
    conversation_id: Option<String>,
    clock: i64,
    previous: i64,
    #[serde(default)]
    reset: bool,
}

impl Stream {
    /// Runs until all of it was sent, or the client is gone or has stopped reading.
    async fn run_until_sent(self, first: PageOfChanges, notices: Subscription, mut sent: Released) {
        tokio::select! {
            () = self.run(first, notices) => {
                let _ = timeout(LAST_WORDS, sent.wait()).await;
            }
            () = sent.wait() => {}
        }
    }

    /// Serves until the time is up or the process is about to end, and then asks the client to come back. It
    /// ends early where the client is gone or the database fails; either way the client comes back by itself.
    async fn run(mut self, first: PageOfChanges, notices: Subscription) {
        let (shutdown, end) = (self.app.shutdown.clone(), self.end);
        let served = tokio::select! {
            served = self.serve(first, notices) => served,
            () = sleep_until(end) => Ok(()),
            () = shutdown.begun() => {
                self.end = Instant::now();
                Ok(())
            }
        };
        if served.is_ok() {
            let _ = self.send("event: reconnect\ndata: {}\n\n".into()).await;
        }
    }

    /// Passes on what happens for as long as the database tells of it.
    async fn serve(
        &mut self,
        first: PageOfChanges,
        mut notices: Subscription,
    ) -> Result<(), Ended> {
        self.send(format!("retry: 1000\n{}", first.event)).await?;
        if first.has_more {
            self.catch_up().await?;
        }
        let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                notice = notices.next() => match notice {
                    Ok(Some(text)) => self.forward(&text).await?,
                    Ok(None) | Err(_) => return Ok(()),
                },
                _ = heartbeat.tick() => self.send(": heartbeat\n\n".into()).await?,
            }
        }
    }

    /// Passes a notice on; or, where one was missed, several things changed or cursors are void, asks what
    /// has changed.
    async fn forward(&mut self, text: &str) -> Result<(), Ended> {
        let mut parts = text.split(SEPARATOR);
        let header = parts.next().unwrap_or_default();
        let Ok(notice) = serde_json::from_str::<Notice>(header) else {
            return self.catch_up().await;
        };
        let Some(SyncCursor::Since(known)) = self.known else {
            return self.catch_up().await;
        };
        if notice.kind == "erase" {
            // The page that follows shows only that nothing is there, as it does of a user who was away for too long.
            self.send("event: erase\ndata: {}\n\n".into()).await?;
        }
        if notice.conversation_id.is_none() || notice.reset {
            return self.catch_up().await;
        }
        if notice.clock <= known {
            return Ok(());
        }
        if notice.previous != known {
            return self.catch_up().await;
        }
        let cursor = SyncCursor::Since(notice.clock);
        let data = with_messages(header, parts);
        self.send(event("change", &cursor, &data)).await?;
        self.known = Some(cursor);
        Ok(())
    }

    async fn catch_up(&mut self) -> Result<(), Ended> {
        loop {
            let page = self.next_page().await.map_err(|_| Ended)?;
            self.send(page.event).await?;
            if !page.has_more {
                return Ok(());
            }
        }
    }

    /// What has changed while nobody listened: mostly nothing, which costs less to find.
    async fn first_page(&mut self) -> Result<PageOfChanges, StoreError> {
        let store = self.app.store.for_user(&self.caller);
        if store.may_have_changed(self.known.as_ref()).await? {
            return self.next_page().await;
        }
        let known = self.known.clone().unwrap_or(SyncCursor::Since(0));
        let changes = Changes::none(known);
        Ok(PageOfChanges {
            event: event("sync", &changes.next, &changes.to_json()),
            has_more: false,
        })
    }

    async fn next_page(&mut self) -> Result<PageOfChanges, StoreError> {
        let store = self.app.store.for_user(&self.caller).within_stream();
        let changes = store.changes(self.known.as_ref(), PAGE).await?;
        let event = event("sync", &changes.next, &changes.to_json());
        self.known = Some(changes.next);
        Ok(PageOfChanges {
            event,
            has_more: changes.has_more,
        })
    }

    async fn send(&mut self, text: String) -> Result<(), Ended> {
        let frame = Frame::data(Bytes::from(text));
        // A reader too slow to take it is not waited for until the function is stopped.
        let sent = timeout_at(self.end + LAST_WORDS, self.sender.send(frame)).await;
        sent.map_err(|_| Ended)?.map_err(|_| Ended)
    }
}

/// What separates the parts of a notice; no JSON text holds it.
const SEPARATOR: char = '\u{1d}';

/// The notice's own object, with the messages that came behind it: id, body, id, body...
fn with_messages<'a>(header: &str, mut parts: impl Iterator<Item = &'a str>) -> String {
    let mut messages = Vec::new();
    while let (Some(id), Some(body)) = (parts.next(), parts.next()) {
        messages.extend(StoredMessage::parse(id.to_owned(), body).map(|message| message.to_json()));
    }
    let Some(start) = header.strip_suffix('}').filter(|_| !messages.is_empty()) else {
        return header.to_owned();
    };
    let list = ObjectWriter::with_capacity(1_024)
        .array("messages", messages)
        .finish();
    format!("{start},{}", list.trim_start_matches('{'))
}

/// A server-sent event; JSON as the store keeps it may hold line ends between its tokens, where a space
/// does as well.
fn event(name: &str, id: &SyncCursor, data: &str) -> String {
    let data = data.replace(['\r', '\n'], " ");
    format!("event: {name}\nid: {}\ndata: {data}\n\n", id.encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_gets_its_messages() {
        let header = r#"{"type":"append","clock":5}"#;
        assert_eq!(with_messages(header, [].into_iter()), header);
        let body = "1 7 0 digest\u{1e}\"type\"\u{1f}\"user\"\u{1e}";
        let json = with_messages(header, ["m", body].into_iter());
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["messages"][0]["id"], "m");
        assert_eq!(value["clock"], 5);
    }

    #[test]
    fn an_event_has_one_line_of_data() {
        let text = event("sync", &SyncCursor::Since(1), "{\"a\":\n1}");
        assert_eq!(
            text.lines()
                .filter(|line| line.starts_with("data:"))
                .count(),
            1
        );
        assert!(text.ends_with("}\n\n"));
    }
}
