//! The service's metrics, added up in the databases.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::contract::{Argument, Words};
use super::scripts::metrics::MetricsAdd;
use super::scripts::users::{UserCheck, UserIdentify};
use super::{Store, StoreError, UserStore, scripts};
use crate::metrics::{Delivery, Gauges};
use crate::model::NewMessage;
use crate::upstash::{Command, Reply, UpstashError, Usage};

/// How long metrics are kept without additions.
const TTL: Duration = Duration::from_secs(90 * 86_400);

/// What adding a batch is billed.
const COMMANDS: u32 = 3;

impl Store {
    pub(super) fn metrics_key(&self) -> String {
        format!("{}metrics", self.namespace)
    }

    /// The sums, including this instance's pending batch, and the sizes reported by the databases.
    ///
    /// # Errors
    /// When a database fails.
    pub async fn read_metrics(&self, usage: &Usage) -> Result<(Vec<String>, Gauges), UpstashError> {
        let all = 0..self.databases.all().len();
        let read = try_join_all(all.map(|database| self.read_metrics_of(database, usage))).await?;
        let mut gauges = Gauges::default();
        let mut stored = Vec::with_capacity(read.len());
        for (text, more) in read {
            stored.push(text);
            gauges = gauges.plus(more);
        }
        Ok((stored, gauges))
    }

    async fn read_metrics_of(
        &self,
        database: usize,
        usage: &Usage,
    ) -> Result<(String, Gauges), UpstashError> {
        let key = self.metrics_key();
        let metrics = self.metrics.as_ref();
        let due = metrics.and_then(|metrics| metrics.due(database, true));
        let mut commands = Vec::with_capacity(4);
        commands.extend(due.as_ref().map(|delivery| command(delivery, &key)));
        commands.push(Command::new("GET").arg(key.as_str()));
        commands.push(Command::new("INFO").arg("memory"));
        commands.push(Command::new("DBSIZE"));
        let replies = self
            .databases
            .get(database)
            .pipeline(usage, &commands)
            .await?;
        usage.add_commands(3);
        let mut replies = replies.into_iter();
        let mut next = || replies.next().unwrap_or(Err(UpstashError::Malformed));
        if let Some(delivery) = due {
            acknowledge(delivery, &next(), usage);
        }
        let stored = match next()? {
            Reply::Nil => String::new(),
            text => text.into_text()?,
        };
        // The metrics are complete without these two, which not every database has.
        let bytes = next().and_then(Reply::into_text).ok();
        let keys = match next() {
            Ok(Reply::Int(keys)) => u64::try_from(keys).ok(),
            _ => None,
        };
        let gauges = Gauges {
            bytes: bytes.and_then(|info| used_memory(&info)),
            keys,
            limit: None,
        };
        Ok((stored, gauges))
    }
}

impl UserStore<'_> {
    /// Counts a call that needs nothing else of the database.
    ///
    /// # Errors
    /// `RateLimited`; `SignedOut`; or the database failed.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.write(UserCheck {}).await.map(drop)
    }

    /// The same of a call that reads: what only writes are refused for does not concern it.
    ///
    /// # Errors
    /// `Limited`; `SignedOut`; or the database failed.
    pub async fn check_reading(&self) -> Result<(), StoreError> {
        self.read(UserIdentify {}).await.map(drop)
    }

    /// Counts messages stored in a conversation that has `total` of them now.
    pub(super) fn count_messages<'m>(
        &self,
        messages: impl Iterator<Item = &'m NewMessage>,
        total: u64,
    ) {
        let Some(metrics) = &self.store.metrics else {
            return;
        };
        let sizes: Vec<usize> = messages
            .map(|message| message.record.as_str().len())
            .collect();
        if !sizes.is_empty() {
            metrics.count_messages(sizes.len(), sizes.iter().sum(), total);
        }
    }

    /// Counts a conversation that was `created`, `imported` or `deleted`.
    pub(super) fn count_conversation(&self, event: &str) {
        self.count(&format!("conversations_total{{event=\"{event}\"}}"), 1);
    }

    /// Counts something that happened, by the name of its series.
    pub(super) fn count(&self, series: &str, times: u64) {
        if let Some(metrics) = &self.store.metrics {
            metrics.count(series, times);
        }
    }
}

/// The command that adds a batch. It carries the script itself, until one batch has arrived.
pub(super) fn command<'a>(delivery: &'a Delivery<'_>, key: &'a str) -> Command<'a> {
    let script = &scripts::METRICS_ADD;
    let (name, script) = match delivery.is_script_known() {
        true => ("EVALSHA", script.sha1()),
        false => ("EVAL", script.source()),
    };
    let arguments = MetricsAdd {
        batch: delivery.name(),
        ttl: TTL,
        series: delivery.words(),
    };
    let mut words = Words::new();
    arguments.push_to(&mut words);
    let command = Command::script(name, script, &[key], &[]);
    words
        .into_iter()
        .fold(command, |command, word| command.arg(word.into_owned()))
}

/// Records its outcome.
pub(super) fn acknowledge(
    delivery: Delivery<'_>,
    result: &Result<Reply, UpstashError>,
    usage: &Usage,
) {
    if result.is_ok() {
        usage.add_commands(COMMANDS);
        delivery.confirm();
    }
}

/// `used_memory:1024` of what INFO says.
fn used_memory(info: &str) -> Option<u64> {
    let mut lines = info.lines();
    let line = lines.find_map(|line| line.strip_prefix("used_memory:"))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_found_in_what_the_database_says() {
        let info = "# Memory\r\nused_memory:1024\r\nused_memory_human:1K\r\n";
        assert_eq!(used_memory(info), Some(1_024));
        assert_eq!(used_memory("# Memory\r\n"), None);
    }
}
