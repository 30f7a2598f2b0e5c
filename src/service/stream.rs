//! A stream of a user's changes: what has changed, then each change as it happens. How events are written to a client is
//! in `http/events.rs`.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout_at};

use crate::App;
use crate::context::Caller;
use crate::model::StoredMessage;
use crate::store::{Changes, StoreError, StreamPlace, SyncCursor, TakenPlace};
use crate::upstash::Subscription;

/// How often a silent stream shows that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long sending the end of a stream may take.
pub const LAST_WORDS: Duration = Duration::from_secs(5);

/// Conversations per event while a client catches up.
const PAGE: usize = 50;

/// An event of a stream.
#[derive(Debug)]
pub enum Event {
    /// A page of what has changed.
    Sync(Changes),
    /// One change, as it happens.
    Change {
        /// The cursor after it.
        next: SyncCursor,
        /// The script's notice, a JSON object.
        notice: String,
        /// Messages that came with it.
        messages: Vec<StoredMessage>,
    },
    /// The user has erased everything.
    Erase,
    /// Nothing happened; the stream is alive.
    Heartbeat,
    /// The stream's time is up: the client is to come back.
    Reconnect,
}

/// Takes a stream's events to its client. Dropped when the stream has ended.
pub trait EventSink: Send {
    /// Returns once there is room for another event; `Closed` where the client is gone.
    fn send(&mut self, event: Event) -> impl Future<Output = Result<(), Closed>> + Send;
}

/// The client has disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// A client's stream, registered, with its first events at hand.
#[derive(Debug)]
pub struct ChangeStream {
    app: Arc<App>,
    caller: Caller,
    place: StreamPlace,
    known: Option<SyncCursor>,
    /// When its time is up, counted from the request: the function's does so too.
    end: Instant,
    begun: Option<(Changes, Subscription)>,
}

/// Begins a stream: what has changed since `cursor` (without one, everything), then each change as it
/// happens, until the stream's time is up. Nothing is sent before it is run. `old`: the place of a stream whose time is up,
/// which is taken up again where that can be.
///
/// # Errors
/// When the database fails.
pub async fn open(
    app: Arc<App>,
    caller: Caller,
    cursor: Option<SyncCursor>,
    old: Option<TakenPlace>,
) -> Result<ChangeStream, StoreError> {
    let store = app.store.for_user(&caller);
    // Before anything is held open.
    let duration = app.config.stream_duration;
    let resumed = match old {
        Some(old) => store.resume_stream(old, duration).await,
        None => None,
    };
    let place = match resumed {
        Some(place) => place,
        None => store.open_stream(duration).await?,
    };
    let mut stream = ChangeStream {
        end: Instant::now() + duration,
        app: app.clone(),
        caller: caller.clone(),
        place,
        known: cursor,
        begun: None,
    };
    match stream.begin().await {
        Ok(begun) => {
            stream.begun = Some(begun);
            Ok(stream)
        }
        Err(error) => {
            stream.close();
            Err(error)
        }
    }
}

/// Why a stream ends early: the client is gone, or the database failed.
struct Ended;

impl From<Closed> for Ended {
    fn from(_: Closed) -> Self {
        Self
    }
}

/// What a script publishes of a change; `src/lua/lib/write.lua` writes it.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notice {
    #[serde(rename = "type")]
    kind: String,
    /// None if several changed at once, or the user signed out: reading the changes then ends the streams of older
    /// tokens.
    conversation_id: Option<String>,
    clock: i64,
    previous: i64,
    #[serde(default)]
    reset: bool,
}

impl ChangeStream {
    /// Subscribing first: changes in between are received twice rather than lost.
    async fn begin(&mut self) -> Result<(Changes, Subscription), StoreError> {
        let notices = self.app.store.for_user(&self.caller).subscribe().await?;
        Ok((self.first_page().await?, notices))
    }

    /// Serves until the time is up or the process is about to end, and then asks the client to come back. It
    /// ends early where the client is gone or the database fails; either way the client comes back by itself.
    pub async fn run(&mut self, mut sink: impl EventSink) {
        let (shutdown, end) = (self.app.shutdown.clone(), self.end);
        let served = tokio::select! {
            served = self.serve(&mut sink) => served,
            () = sleep_until(end) => Ok(()),
            () = shutdown.begun() => {
                self.end = Instant::now();
                Ok(())
            }
        };
        if served.is_ok() {
            let _ = self.send(&mut sink, Event::Reconnect).await;
        }
    }

    /// The place that the client may resume with after the stream's time limit.
    pub fn place(&self) -> Option<String> {
        self.place.to_take_up_again().map(TakenPlace::encode)
    }

    /// Makes room for another stream of the user.
    pub fn close(self) {
        self.app
            .store
            .for_user(&self.caller)
            .close_stream(self.place);
    }

    /// Passes on what happens for as long as the database tells of it.
    async fn serve(&mut self, sink: &mut impl EventSink) -> Result<(), Ended> {
        let Some((first, mut notices)) = self.begun.take() else {
            return Ok(());
        };
        let has_more = first.has_more;
        self.send(sink, Event::Sync(first)).await?;
        if has_more {
            self.catch_up(sink).await?;
        }
        let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                notice = notices.next() => match notice {
                    Ok(Some(text)) => self.forward(sink, &text).await?,
                    Ok(None) | Err(_) => return Ok(()),
                },
                _ = heartbeat.tick() => self.send(sink, Event::Heartbeat).await?,
            }
        }
    }

    /// Passes a notice on; or, if one was missed, several things changed or cursors are void, reads the changes.
    async fn forward(&mut self, sink: &mut impl EventSink, text: &str) -> Result<(), Ended> {
        let mut parts = text.split(SEPARATOR);
        let header = parts.next().unwrap_or_default();
        let Ok(notice) = serde_json::from_str::<Notice>(header) else {
            return self.catch_up(sink).await;
        };
        let Some(SyncCursor::Since(known)) = self.known else {
            return self.catch_up(sink).await;
        };
        if notice.kind == "erase" {
            // The following page only shows that nothing is there, as after a long absence.
            self.send(sink, Event::Erase).await?;
        }
        if notice.conversation_id.is_none() || notice.reset {
            return self.catch_up(sink).await;
        }
        if notice.clock <= known {
            return Ok(());
        }
        if notice.previous != known {
            return self.catch_up(sink).await;
        }
        let next = SyncCursor::Since(notice.clock);
        let event = Event::Change {
            next: next.clone(),
            notice: header.to_owned(),
            messages: messages_of(parts),
        };
        self.send(sink, event).await?;
        self.known = Some(next);
        Ok(())
    }

    async fn catch_up(&mut self, sink: &mut impl EventSink) -> Result<(), Ended> {
        loop {
            let changes = self.next_page().await.map_err(|_| Ended)?;
            let has_more = changes.has_more;
            self.send(sink, Event::Sync(changes)).await?;
            if !has_more {
                return Ok(());
            }
        }
    }

    /// The changes while nothing was subscribed: mostly none, which costs less to find out.
    async fn first_page(&mut self) -> Result<Changes, StoreError> {
        let store = self.app.store.for_user(&self.caller);
        if store.may_have_changed(self.known.as_ref()).await? {
            return self.next_page().await;
        }
        let known = self.known.clone().unwrap_or(SyncCursor::Since(0));
        Ok(Changes::none(known))
    }

    async fn next_page(&mut self) -> Result<Changes, StoreError> {
        let store = self.app.store.for_user(&self.caller).within_stream();
        let changes = store.changes(self.known.as_ref(), PAGE).await?;
        self.known = Some(changes.next.clone());
        Ok(changes)
    }

    async fn send(&self, sink: &mut impl EventSink, event: Event) -> Result<(), Closed> {
        // A reader too slow to take it is not waited for until the function is stopped.
        let sent = timeout_at(self.end + LAST_WORDS, sink.send(event)).await;
        sent.unwrap_or(Err(Closed))
    }
}

/// What separates the parts of a notice; no JSON text holds it.
const SEPARATOR: char = '\u{1d}';

/// The messages that came behind a notice's own object: id, body, id, body...
fn messages_of<'a>(mut parts: impl Iterator<Item = &'a str>) -> Vec<StoredMessage> {
    let mut messages = Vec::new();
    while let (Some(id), Some(body)) = (parts.next(), parts.next()) {
        messages.extend(StoredMessage::parse(id.to_owned(), body));
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_gets_its_messages() {
        assert!(messages_of([].into_iter()).is_empty());
        let body = "1 7 0 digest\u{1e}\"type\"\u{1f}\"user\"\u{1e}";
        let messages = messages_of(["m", body].into_iter());
        assert_eq!(messages.len(), 1);
        assert!(messages[0].to_json().starts_with("{\"id\":\"m\""));
    }
}
