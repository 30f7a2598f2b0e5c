//! The channels of PUBLISH and their subscribers.

use std::collections::HashMap;

use tokio::sync::broadcast;

/// How many messages a subscriber may lag behind before it misses some.
const CHANNEL_CAPACITY: usize = 1024;

/// The channels that have subscribers.
#[derive(Default)]
pub(super) struct Channels(HashMap<Vec<u8>, broadcast::Sender<Vec<u8>>>);

impl Channels {
    pub(super) fn subscribe(&mut self, channel: &[u8]) -> broadcast::Receiver<Vec<u8>> {
        self.0.retain(|_, sender| sender.receiver_count() > 0);
        self.0
            .entry(channel.to_vec())
            .or_insert_with(|| broadcast::Sender::new(CHANNEL_CAPACITY))
            .subscribe()
    }

    /// Returns how many subscribers the message was sent to.
    pub(super) fn publish(&mut self, channel: &[u8], message: &[u8]) -> usize {
        let sender = self.0.get(channel);
        // Sending fails only without a receiver.
        sender.map_or(0, |sender| sender.send(message.to_vec()).unwrap_or(0))
    }
}
