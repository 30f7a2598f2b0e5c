//! Measuring a design: the size of its index, its pages, appends and deletions.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fastrand::Rng;
use test_support::texts::text;

use super::account::id;
use super::design::{Design, Rewritten, find_all, verify};
use super::query::{QUERIES, words};
use super::service::signature_sizes;
use crate::Result;
use crate::database::Database;
use crate::statistics::Times;

/// Added to each request to the database while pages are measured.
pub const LATENCY: Duration = Duration::from_millis(20);
/// Words of each message of a turn: two of them have about 60 words that are new to a conversation of 50 messages.
const TURN_WORDS: usize = 75;
/// Appends, and deletions, that are measured.
const WRITES: usize = 5;
/// A word that only turns have.
const APPENDED: &str = "appended";
/// Only what is found in no more conversations is read to its end in a large account.
const MOST_VERIFIED: usize = 250;

/// The cost of a call at the database.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub commands: u64,
    pub requests: u64,
    /// The CPU time of Redis.
    pub redis: Duration,
    /// Bytes of the index that are rewritten.
    pub rewritten: u64,
}

/// Pages of one query.
#[derive(Debug)]
pub struct Pages {
    pub query: &'static str,
    pub cost: Cost,
    pub times: Times,
}

/// The measurements of a design.
#[derive(Debug)]
pub struct Figures {
    pub name: String,
    /// The index, of all that is stored.
    pub share: f64,
    pub pages: Vec<Pages>,
    pub append: Cost,
    pub deletion: Cost,
}

/// Measures a design on its account, of which `stored` bytes have come into the database; of each query at most so many pages.
pub async fn measure(
    database: &Database,
    design: &impl Design,
    stored: u64,
    most_pages: usize,
) -> Result<Figures> {
    let conversations = design.account().texts().len();
    let signatures = signature_sizes(design.account(), 0..conversations).await?;
    let index = design.build().await?;
    let texts = stored.saturating_sub(signatures.iter().sum());
    verify_queries(design).await?;
    let mut pages = Vec::with_capacity(QUERIES.len());
    for query in QUERIES {
        pages.push(measure_pages(database, design, query, most_pages).await?);
    }
    Ok(Figures {
        name: design.name(),
        share: index as f64 / (texts + index) as f64,
        pages,
        append: measure_appends(database, design).await?,
        deletion: measure_deletions(database, design).await?,
    })
}

/// Fails unless the design finds the same as a scan of every text.
async fn verify_queries(design: &impl Design) -> Result<()> {
    let account = design.account();
    let is_small = account.texts().len() <= MOST_VERIFIED;
    let mut found = 0;
    for query in QUERIES {
        let expected = account.having(query)?;
        if is_small || expected.len() <= MOST_VERIFIED {
            verify(design, query, &expected).await?;
            found += expected.len();
        }
    }
    match found {
        0 => Err("nothing was to be found, so nothing is proved".into()),
        _ => Ok(()),
    }
}

/// Requests, commands and time that `work` takes at the database.
async fn cost_of<T>(
    database: &Database,
    work: impl Future<Output = Result<T>>,
) -> Result<(T, Cost)> {
    let (commands, requests) = (database.commands().await?, database.counts().requests);
    let before = database.cpu().await?;
    let output = work.await?;
    let redis = database.cpu().await?.saturating_sub(before);
    let cost = Cost {
        commands: database.commands().await? - commands,
        requests: database.counts().requests - requests,
        redis,
        rewritten: 0,
    };
    Ok((output, cost))
}

/// Goes from page to page, and starts over after the last one.
async fn measure_pages(
    database: &Database,
    design: &impl Design,
    query: &'static str,
    most_pages: usize,
) -> Result<Pages> {
    let rounds = design.rounds().min(most_pages);
    let mut after = design.page(query, None).await?.next;
    database.set_latency(LATENCY);
    let (mut times, mut cost) = (Vec::new(), Cost::default());
    for _ in 0..rounds {
        let timed = async {
            let began = Instant::now();
            let page = design.page(query, after.as_deref()).await?;
            Ok((page, began.elapsed()))
        };
        let ((page, took), one) = cost_of(database, timed).await?;
        times.push(took);
        cost = cost.most(one);
        after = page.next;
    }
    database.set_latency(Duration::ZERO);
    Ok(Pages {
        query,
        cost: cost.per(rounds),
        times: Times::new(times),
    })
}

/// The second append to each conversation: the first one of a day costs more.
async fn measure_appends(database: &Database, design: &impl Design) -> Result<Cost> {
    let mut rng = Rng::with_seed(2);
    let mut total = Cost::default();
    for conversation in 0..WRITES {
        let mut turn = || [(); 2].map(|()| text(&mut rng, TURN_WORDS) + " " + APPENDED);
        design.append(conversation, &turn()).await?;
        let (written, cost) = cost_of(database, design.append(conversation, &turn())).await?;
        let mut cost = cost.without(written);
        cost.rewritten += design.field_size(conversation).await?;
        total = total.most(cost);
    }
    verify(design, APPENDED, &(0..WRITES).map(id).collect()).await?;
    Ok(total.per(WRITES))
}

/// Of conversations that nothing was appended to.
async fn measure_deletions(database: &Database, design: &impl Design) -> Result<Cost> {
    let mut total = Cost::default();
    design.delete(WRITES).await?;
    for conversation in WRITES + 1..=2 * WRITES {
        let (written, cost) = cost_of(database, design.delete(conversation)).await?;
        total = total.most(cost.without(written));
        let word = rarest(words(&design.account().texts()[conversation]));
        if find_all(design, word).await?.contains(&id(conversation)) {
            return Err(format!("{} finds what was deleted", design.name()).into());
        }
    }
    Ok(total.per(WRITES))
}

/// Of the generator's words the one with the highest number.
fn rarest(words: BTreeSet<&str>) -> &str {
    let number = |word: &&str| {
        let digits = word.chars().filter_map(|c| c.to_digit(10));
        digits.fold(0, |number, digit| number * 10 + digit)
    };
    words.into_iter().max_by_key(number).unwrap_or_default()
}

impl Cost {
    /// The most requests and commands, and the sum of the rest.
    pub fn most(self, other: Self) -> Self {
        Self {
            commands: self.commands.max(other.commands),
            requests: self.requests.max(other.requests),
            redis: self.redis + other.redis,
            rewritten: self.rewritten + other.rewritten,
        }
    }

    fn per(self, rounds: usize) -> Self {
        Self {
            redis: self.redis / u32::try_from(rounds).unwrap_or(u32::MAX),
            rewritten: self.rewritten / rounds as u64,
            ..self
        }
    }

    fn without(self, written: Rewritten) -> Self {
        Self {
            commands: self.commands - written.commands_apart,
            requests: self.requests - written.requests_apart,
            rewritten: written.bytes,
            ..self
        }
    }
}
