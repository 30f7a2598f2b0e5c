//! ZRANGE and its variants: reading sorted sets by rank, score or name.

use super::super::failure::Failure;
use super::super::number::integer_argument;
use super::super::sorted_set::{Member, NameRange, ScoreRange, rank_range};
use super::super::spec::Spec;
use super::super::store::Store;
use super::outcome::Outcome;
use super::sorted_sets::{read, score_reply};
use crate::reply::Reply;

pub(super) const COMMANDS: &[Spec] = &[
    Spec::read("zrange", -4, |store, command| {
        range(store, command, None, None)
    }),
    Spec::read("zrevrange", -4, |store, command| {
        range(store, command, Some(By::Rank), Some(Direction::Down))
    }),
    Spec::read("zrangebyscore", -4, |store, command| {
        range(store, command, Some(By::Score), Some(Direction::Up))
    }),
    Spec::read("zrevrangebyscore", -4, |store, command| {
        range(store, command, Some(By::Score), Some(Direction::Down))
    }),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Name,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// The options of ZRANGE and its variants.
struct RangeOptions {
    by: Option<By>,
    direction: Option<Direction>,
    with_scores: bool,
    offset: i64,
    /// Negative for no limit.
    limit: i64,
}

impl RangeOptions {
    /// Reads the options; those that the command's name implies are not accepted.
    fn parse(
        words: &[Vec<u8>],
        by: Option<By>,
        direction: Option<Direction>,
    ) -> Result<Self, Failure> {
        let mut options = Self {
            by,
            direction,
            with_scores: false,
            offset: 0,
            limit: -1,
        };
        let mut rest = words;
        while let [word, following @ ..] = rest {
            rest = following;
            match (word.to_ascii_uppercase().as_slice(), following) {
                (b"WITHSCORES", _) => options.with_scores = true,
                (b"LIMIT", [offset, limit, following @ ..]) => {
                    options.offset = integer_argument(offset)?;
                    options.limit = integer_argument(limit)?;
                    rest = following;
                }
                (b"REV", _) if options.direction.is_none() => {
                    options.direction = Some(Direction::Down);
                }
                (b"BYSCORE", _) if options.by.is_none() => options.by = Some(By::Score),
                (b"BYLEX", _) if options.by.is_none() => options.by = Some(By::Name),
                _ => return Err(Failure::SYNTAX),
            }
        }
        if options.limit != -1 && matches!(options.by, Some(By::Rank) | None) {
            return Err(Failure::fixed(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if options.with_scores && options.by == Some(By::Name) {
            return Err(Failure::fixed(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        Ok(options)
    }

    /// Applies direction, offset and limit to `entries`, which are lowest first.
    fn apply<'a>(&self, entries: impl DoubleEndedIterator<Item = (&'a Member, f64)>) -> Vec<Reply> {
        // In Redis a negative offset is past every entry.
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        match self.direction {
            Some(Direction::Down) => self.replies(entries.rev().skip(offset).take(limit)),
            Some(Direction::Up) | None => self.replies(entries.skip(offset).take(limit)),
        }
    }

    fn replies<'a>(&self, entries: impl Iterator<Item = (&'a Member, f64)>) -> Vec<Reply> {
        let replies = entries.flat_map(|(member, score)| {
            let score = self.with_scores.then(|| score_reply(score));
            [Some(Reply::Bulk(member.to_vec())), score]
        });
        replies.flatten().collect()
    }
}

fn range(
    store: &mut Store,
    command: &[Vec<u8>],
    by: Option<By>,
    direction: Option<Direction>,
) -> Outcome {
    let options = RangeOptions::parse(&command[4..], by, direction)?;
    let replies = match options.by {
        Some(By::Score) => by_score(store, command, &options)?,
        Some(By::Name) => by_name(store, command, &options)?,
        Some(By::Rank) | None => by_rank(store, command, &options)?,
    };
    Ok(Reply::Array(replies))
}

/// The lower and the upper limit in the command: from the highest down, the upper one comes first.
fn limits<'a>(command: &'a [Vec<u8>], options: &RangeOptions) -> (&'a [u8], &'a [u8]) {
    match options.direction {
        Some(Direction::Down) => (&command[3], &command[2]),
        Some(Direction::Up) | None => (&command[2], &command[3]),
    }
}

fn by_score(
    store: &Store,
    command: &[Vec<u8>],
    options: &RangeOptions,
) -> Result<Vec<Reply>, Failure> {
    let (min, max) = limits(command, options);
    let range = ScoreRange::parse(min, max)?;
    let set = read(store, command)?;
    Ok(set.map_or_else(Vec::new, |set| options.apply(set.in_range(range))))
}

/// Expects members of one score. Among different scores Redis leaves the reply undefined.
fn by_name(
    store: &Store,
    command: &[Vec<u8>],
    options: &RangeOptions,
) -> Result<Vec<Reply>, Failure> {
    let (min, max) = limits(command, options);
    let range = NameRange::parse(min, max)?;
    let set = read(store, command)?;
    Ok(set.map_or_else(Vec::new, |set| {
        options.apply(set.iter().filter(|(member, _)| range.contains(member)))
    }))
}

fn by_rank(
    store: &Store,
    command: &[Vec<u8>],
    options: &RangeOptions,
) -> Result<Vec<Reply>, Failure> {
    let (start, stop) = (
        integer_argument(&command[2])?,
        integer_argument(&command[3])?,
    );
    let Some(set) = read(store, command)? else {
        return Ok(Vec::new());
    };
    let ranks = rank_range(start, stop, set.len());
    let (start, wanted) = (ranks.start, ranks.len());
    Ok(match options.direction {
        Some(Direction::Down) => options.replies(set.iter().rev().skip(start).take(wanted)),
        Some(Direction::Up) | None => options.replies(set.iter().skip(start).take(wanted)),
    })
}
