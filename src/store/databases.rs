//! The databases that users are spread over.

use sha2::{Digest, Sha256};

use crate::upstash::{CircuitState, Upstash};

/// At least one database. All data of a user is in one of them, and so is everything else with a name.
#[derive(Debug)]
pub(super) struct Databases(Vec<Upstash>);

impl Databases {
    pub(super) fn new(all: Vec<Upstash>) -> Self {
        Self(all)
    }

    pub(super) fn all(&self) -> &[Upstash] {
        &self.0
    }

    pub(super) fn get(&self, index: usize) -> &Upstash {
        &self.0[index]
    }

    /// Which database a name belongs to: the one for which a hash of the two is highest. So another database
    /// takes over its share of the names from all others, and moves none between them.
    pub(super) fn index_of(&self, name: &str) -> usize {
        let rank = |index: &usize| {
            let hash = Sha256::new()
                .chain_update((*index as u64).to_be_bytes())
                .chain_update(name)
                .finalize();
            <[u8; 32]>::from(hash)
        };
        match self.0.len() {
            1 => 0,
            count => (0..count).max_by_key(rank).unwrap_or(0),
        }
    }

    /// The worst state of all circuits.
    pub(super) fn circuit(&self) -> CircuitState {
        let states = self.0.iter().map(Upstash::circuit);
        states.max().unwrap_or(CircuitState::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::secret::Secret;
    use crate::upstash::UpstashConfig;

    fn databases(count: usize) -> Databases {
        let config = UpstashConfig::new("http://127.0.0.1:1", Secret::new("token"));
        let database = |_| Upstash::new(&config, Clock::default()).unwrap();
        Databases::new((0..count).map(database).collect())
    }

    #[test]
    fn names_are_spread_evenly_and_another_database_takes_just_its_share() {
        let (three, four) = (databases(3), databases(4));
        let names: Vec<String> = (0..4_000).map(|index| format!("name-{index}")).collect();
        let mut counts = [0; 4];
        for name in &names {
            let (before, after) = (three.index_of(name), four.index_of(name));
            assert!(after == before || after == 3, "{name}");
            counts[after] += 1;
        }
        assert!(
            counts.iter().all(|count| (850..1_150).contains(count)),
            "{counts:?}"
        );
        assert!(names.iter().all(|name| databases(1).index_of(name) == 0));
    }

    #[test]
    fn where_a_name_belongs_never_changes() {
        let eight = databases(8);
        let found: Vec<usize> = ["ada", "bob", "eve", "jwt-x"]
            .iter()
            .map(|name| eight.index_of(name))
            .collect();
        assert_eq!(found, [6, 7, 3, 7]);
    }
}
