//! Commands that are sent in one request with a script: they count reads, bytes and the day's commands. The script does
//! not depend on them.

use super::contract::Words;
use super::{DAY_MS, StoreError, UserStore, metrics};
use crate::upstash::{Command, Reply, Script, UpstashError};

/// How many bytes of an address are counted by one instance before they are added up.
const ADDRESS_BATCH: u64 = 1_000_000;

/// A command that goes along with a script, and what its reply is for.
pub(super) struct Piggybacked {
    command: Command<'static>,
    purpose: Purpose,
}

enum Purpose {
    /// Counts a read.
    CountRead,
    /// Sets the expiry of a key of this day.
    Expire(String),
    /// Adds up what this instance has spent of the day's budget.
    Budget(u64),
    /// Adds up what the address has sent.
    AddressBytes(u64),
}

impl UserStore<'_> {
    /// Runs a script, with what goes along; returns its reply, and how many reads were counted.
    pub(super) async fn run(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &Words<'_>,
        piggybacked: Vec<Piggybacked>,
    ) -> Result<(Reply, Option<u64>), StoreError> {
        let store = self.store;
        let (purposes, mut commands): (Vec<Purpose>, Vec<Command<'_>>) = piggybacked
            .into_iter()
            .map(|piggybacked| (piggybacked.purpose, piggybacked.command))
            .unzip();
        let metrics = store.metrics.as_ref();
        let due = metrics.and_then(|metrics| metrics.due(self.database, false));
        let metrics_key = store.metrics_key();
        commands.extend(
            due.as_ref()
                .map(|delivery| metrics::command(delivery, &metrics_key)),
        );
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        let upstash = store.databases.get(self.database);
        let (reply, mut results) = upstash
            .script_behind(self.usage(), commands, script, &keys, &arguments)
            .await;
        if let Some(delivery) = due {
            let last = results.pop().unwrap_or(Err(UpstashError::Malformed));
            metrics::acknowledge(delivery, &last, self.usage());
        }
        let mut reads = None;
        for (purpose, result) in purposes.into_iter().zip(results) {
            reads = reads.or(self.acknowledge(purpose, result));
        }
        let reply = reply?;
        store
            .budget
            .add(self.database, store.today(), commands_of(&reply));
        Ok((reply, reads))
    }

    /// What goes along with a script that reads.
    pub(super) fn piggybacked_on_read(&self, now: i64) -> Vec<Piggybacked> {
        let day = now.div_euclid(DAY_MS);
        if !self.counts_reads {
            return self.budget_due(day);
        }
        let minute = now.rem_euclid(DAY_MS) / 60_000;
        let key = self.keys.reads(&self.caller.rate_limit_key, day);
        let command = Command::new("BITFIELD")
            .arg(key.clone())
            .arg("OVERFLOW")
            .arg("SAT")
            .arg("INCRBY")
            .arg("u32")
            .arg(format!("#{minute}"))
            .arg("1");
        let mut piggybacked = vec![Piggybacked {
            command,
            purpose: Purpose::CountRead,
        }];
        piggybacked.extend(self.expiry_due(key, day));
        piggybacked.extend(self.budget_due(day));
        piggybacked
    }

    /// What goes along with a script that writes, with arguments of `sent` bytes.
    pub(super) fn piggybacked_on_write(&self, sent: usize) -> Vec<Piggybacked> {
        let (store, day) = (self.store, self.store.today());
        let mut piggybacked = self.budget_due(day);
        let address = &self.caller.address;
        let sent = u64::try_from(sent).unwrap_or(u64::MAX);
        let bytes = store
            .callers
            .add_address_bytes(address, day, sent, ADDRESS_BATCH);
        if bytes > 0 {
            let key = self.keys.address_bytes(address, day);
            piggybacked.push(Piggybacked {
                command: increment(key.clone(), bytes),
                purpose: Purpose::AddressBytes(bytes),
            });
            piggybacked.extend(self.expiry_due(key, day));
        }
        piggybacked
    }

    fn budget_due(&self, day: i64) -> Vec<Piggybacked> {
        let Some(due) = self.store.budget.due(self.database, day) else {
            return Vec::new();
        };
        let key = self.store.budget_key(day);
        let mut piggybacked = vec![Piggybacked {
            command: increment(key.clone(), due),
            purpose: Purpose::Budget(due),
        }];
        piggybacked.extend(self.expiry_due(key, day));
        piggybacked
    }

    /// Gives a key of this day an expiry, unless this process has done so.
    fn expiry_due(&self, key: String, day: i64) -> Option<Piggybacked> {
        if !self.store.callers.is_unbounded(&key, day) {
            return None;
        }
        let at = (day + 2) * DAY_MS;
        Some(Piggybacked {
            command: Command::new("PEXPIREAT")
                .arg(key.clone())
                .arg(at.to_string()),
            purpose: Purpose::Expire(key),
        })
    }

    /// Records the outcome of a command; returns how many reads it has counted.
    fn acknowledge(&self, purpose: Purpose, result: Result<Reply, UpstashError>) -> Option<u64> {
        let (store, day) = (self.store, self.store.today());
        if result.is_ok() {
            self.usage().add_commands(1);
            store.budget.add(self.database, day, 1);
        }
        let number = result.ok().and_then(first_number);
        match purpose {
            Purpose::CountRead => return number,
            Purpose::Expire(key) if number.is_some() => store.callers.note_bounded(key, day),
            Purpose::Expire(_) => {}
            Purpose::Budget(sent) => store.budget.note(self.database, day, sent, number),
            Purpose::AddressBytes(sent) => {
                let address = &self.caller.address;
                store.callers.note_address_bytes(address, day, sent, number);
            }
        }
        None
    }
}

fn increment(key: String, by: u64) -> Command<'static> {
    Command::new("INCRBY").arg(key).arg(by.to_string())
}

/// The billed commands stated in a reply of a script.
fn commands_of(reply: &Reply) -> u64 {
    match reply {
        Reply::List(parts) => match parts.get(2) {
            Some(Reply::Int(commands)) => u64::try_from(*commands).unwrap_or(0),
            _ => 0,
        },
        _ => 0,
    }
}

/// A number, or the only number of a list.
fn first_number(reply: Reply) -> Option<u64> {
    match reply {
        Reply::Int(number) => u64::try_from(number).ok(),
        Reply::List(items) => items.into_iter().next().and_then(first_number),
        Reply::Nil | Reply::Bytes(_) => None,
    }
}
