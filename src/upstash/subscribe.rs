//! Messages of a channel, as Upstash streams them: server-sent events.

use bytes::Bytes;
use reqwest::Response;

use super::UpstashError;

/// An open subscription.
#[derive(Debug)]
pub struct Subscription {
    response: Response,
    events: Events,
}

impl Subscription {
    pub(super) fn new(response: Response, channel: &str) -> Self {
        Self {
            response,
            events: Events::of(channel),
        }
    }

    /// The next message; `None` when the server ended the stream.
    ///
    /// # Errors
    /// [`UpstashError::Unreachable`] when the connection broke.
    pub async fn next(&mut self) -> Result<Option<String>, UpstashError> {
        loop {
            if let Some(message) = self.events.next_message() {
                return Ok(Some(message));
            }
            match self.response.chunk().await {
                Ok(Some(chunk)) => self.events.push(&chunk),
                Ok(None) => return Ok(None),
                Err(_) => return Err(UpstashError::Unreachable("the stream broke".into())),
            }
        }
    }
}

/// Cuts a byte stream into events and picks the messages among them.
#[derive(Debug)]
struct Events {
    /// The prefix of a message's event.
    prefix: String,
    buffer: Vec<u8>,
}

impl Events {
    fn of(channel: &str) -> Self {
        Self {
            prefix: format!("message,{channel},"),
            buffer: Vec::new(),
        }
    }

    fn push(&mut self, chunk: &Bytes) {
        self.buffer.extend_from_slice(chunk);
    }

    fn next_message(&mut self) -> Option<String> {
        loop {
            let end = self.buffer.windows(2).position(|pair| pair == b"\n\n")?;
            let event: Vec<u8> = self.buffer.drain(..end + 2).collect();
            if let Some(message) = self.message_of(&String::from_utf8_lossy(&event)) {
                return Some(message);
            }
        }
    }

    /// The text of `data: message,<channel>,<text>`; several lines of text come as several `data:` lines.
    fn message_of(&self, event: &str) -> Option<String> {
        let lines: Vec<&str> = event
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        let data = lines.join("\n");
        data.strip_prefix(&self.prefix).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_messages_however_the_stream_is_cut() {
        let stream = "data: subscribe,ch,1\n\n: ping\n\ndata: message,ch,a,b\n\ndata: message,ch,x\ndata: y\n\n";
        for size in 1..stream.len() {
            let mut events = Events::of("ch");
            let mut messages = Vec::new();
            for chunk in stream.as_bytes().chunks(size) {
                events.push(&Bytes::copy_from_slice(chunk));
                messages.extend(std::iter::from_fn(|| events.next_message()));
            }
            assert_eq!(messages, ["a,b", "x\ny"]);
        }
    }
}
