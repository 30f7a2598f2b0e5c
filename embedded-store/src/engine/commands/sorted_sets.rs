//! Changing sorted sets, and looking up their members.

use super::super::failure::Failure;
use super::super::number::{float_argument, format_double, integer_argument};
use super::super::sorted_set::{ScoreRange, SortedSet, rank_range};
use super::super::spec::Spec;
use super::super::store::Store;
use super::outcome::{Outcome, count};
use crate::reply::Reply;

pub(super) const COMMANDS: &[Spec] = &[
    Spec::write("zadd", -4, zadd),
    Spec::write("zincrby", 4, zincrby),
    Spec::write("zrem", -3, zrem).even_when_full(),
    Spec::write("zremrangebyscore", 4, zremrangebyscore).even_when_full(),
    Spec::write("zremrangebyrank", 4, zremrangebyrank).even_when_full(),
    Spec::read("zcard", 2, zcard),
    Spec::read("zcount", 4, zcount),
    Spec::read("zscore", 3, zscore),
    Spec::read("zmscore", -3, zmscore),
    Spec::read("zrank", 3, zrank),
    Spec::read("zrevrank", 3, zrevrank),
];

pub(super) fn read<'a>(
    store: &'a Store,
    command: &[Vec<u8>],
) -> Result<Option<&'a SortedSet>, Failure> {
    store.keyspace.read(&command[1])
}

pub(super) fn score_reply(score: f64) -> Reply {
    Reply::Bulk(format_double(score).into_bytes())
}

/// The options of ZADD.
#[derive(Default)]
struct AddOptions {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
    ch: bool,
    incr: bool,
}

impl AddOptions {
    /// Reads options up to the first word that is not one, and returns the remaining words.
    fn parse(words: &[Vec<u8>]) -> (Self, &[Vec<u8>]) {
        let mut options = Self::default();
        for (index, word) in words.iter().enumerate() {
            match word.to_ascii_uppercase().as_slice() {
                b"NX" => options.nx = true,
                b"XX" => options.xx = true,
                b"GT" => options.gt = true,
                b"LT" => options.lt = true,
                b"CH" => options.ch = true,
                b"INCR" => options.incr = true,
                _ => return (options, &words[index..]),
            }
        }
        (options, &[])
    }

    fn check(&self, pairs: usize) -> Result<(), Failure> {
        if self.nx && self.xx {
            return Err(Failure::fixed(
                "ERR XX and NX options at the same time are not compatible",
            ));
        }
        if self.nx && (self.gt || self.lt) || self.gt && self.lt {
            return Err(Failure::fixed(
                "ERR GT, LT, and/or NX options at the same time are not compatible",
            ));
        }
        if self.incr && pairs > 1 {
            return Err(Failure::fixed(
                "ERR INCR option supports a single increment-element pair",
            ));
        }
        Ok(())
    }
}

/// The outcome of adding one member.
enum Added {
    /// Prevented by an option.
    Nothing,
    New(f64),
    Moved(f64),
    Same(f64),
}

fn zadd(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let (options, words) = AddOptions::parse(&command[2..]);
    let (pairs, []) = words.as_chunks::<2>() else {
        return Err(Failure::SYNTAX);
    };
    if pairs.is_empty() {
        return Err(Failure::SYNTAX);
    }
    options.check(pairs.len())?;
    let pairs = pairs.iter();
    let pairs = pairs.map(|[score, member]| Ok((float_argument(score)?, member.as_slice())));
    let pairs: Vec<_> = pairs.collect::<Result<_, Failure>>()?;
    add_all(store, &command[1], &pairs, &options)
}

fn zincrby(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let pair = (float_argument(&command[2])?, command[3].as_slice());
    let options = AddOptions {
        incr: true,
        ..AddOptions::default()
    };
    add_all(store, &command[1], &[pair], &options)
}

fn add_all(store: &mut Store, key: &[u8], pairs: &[(f64, &[u8])], options: &AddOptions) -> Outcome {
    let added = store.keyspace.update(key, |set: &mut SortedSet| {
        let pairs = pairs.iter();
        pairs
            .map(|(score, member)| add_one(set, *score, member, options))
            .collect::<Result<Vec<_>, _>>()
    })??;
    let new = added
        .iter()
        .filter(|added| matches!(added, Added::New(_)))
        .count();
    let moved = added
        .iter()
        .filter(|added| matches!(added, Added::Moved(_)))
        .count();
    if new + moved > 0 {
        store.changed();
    }
    Ok(match added.as_slice() {
        [Added::Nothing] if options.incr => Reply::Nil,
        [Added::New(score) | Added::Moved(score) | Added::Same(score)] if options.incr => {
            score_reply(*score)
        }
        _ if options.ch => count(new + moved),
        _ => count(new),
    })
}

fn add_one(
    set: &mut SortedSet,
    score: f64,
    member: &[u8],
    options: &AddOptions,
) -> Result<Added, Failure> {
    let Some(current) = set.score(member) else {
        if options.xx {
            return Ok(Added::Nothing);
        }
        set.insert(member, score);
        return Ok(Added::New(score));
    };
    if options.nx {
        return Ok(Added::Nothing);
    }
    let score = if options.incr { current + score } else { score };
    if score.is_nan() {
        return Err(Failure::fixed("ERR resulting score is not a number (NaN)"));
    }
    if options.lt && score >= current || options.gt && score <= current {
        return Ok(Added::Nothing);
    }
    if score == current {
        return Ok(Added::Same(score));
    }
    set.insert(member, score);
    Ok(Added::Moved(score))
}

/// Removes the members that `choose` returns and replies with their number.
fn remove(
    store: &mut Store,
    key: &[u8],
    choose: impl FnOnce(&SortedSet) -> Vec<Vec<u8>>,
) -> Outcome {
    let removed = store.keyspace.update(key, |set: &mut SortedSet| {
        let chosen = choose(set);
        chosen.iter().filter(|member| set.remove(member)).count()
    })?;
    if removed > 0 {
        store.changed();
    }
    Ok(count(removed))
}

fn zrem(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    remove(store, &command[1], |_| command[2..].to_vec())
}

fn zremrangebyscore(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let range = ScoreRange::parse(&command[2], &command[3])?;
    remove(store, &command[1], |set| {
        let found = set.in_range(range);
        found.map(|(member, _)| member.to_vec()).collect()
    })
}

fn zremrangebyrank(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let (start, stop) = (
        integer_argument(&command[2])?,
        integer_argument(&command[3])?,
    );
    remove(store, &command[1], |set| {
        let ranks = rank_range(start, stop, set.len());
        let found = set.iter().skip(ranks.start).take(ranks.len());
        found.map(|(member, _)| member.to_vec()).collect()
    })
}

fn zcard(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    Ok(count(read(store, command)?.map_or(0, SortedSet::len)))
}

fn zcount(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let range = ScoreRange::parse(&command[2], &command[3])?;
    let set = read(store, command)?;
    Ok(count(set.map_or(0, |set| set.in_range(range).count())))
}

fn zscore(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let score = read(store, command)?.and_then(|set| set.score(&command[2]));
    Ok(score.map_or(Reply::Nil, score_reply))
}

fn zmscore(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let set = read(store, command)?;
    let score = |member: &Vec<u8>| set.and_then(|set| set.score(member));
    let members = command[2..].iter();
    let replies = members.map(|member| score(member).map_or(Reply::Nil, score_reply));
    Ok(Reply::Array(replies.collect()))
}

fn zrank(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let rank = read(store, command)?.and_then(|set| set.rank(&command[2]));
    Ok(rank.map_or(Reply::Nil, count))
}

fn zrevrank(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let set = read(store, command)?;
    let rank = set.and_then(|set| set.rank(&command[2]).map(|rank| set.len() - 1 - rank));
    Ok(rank.map_or(Reply::Nil, count))
}
