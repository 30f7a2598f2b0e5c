//! The sorted set: members ordered by score, then by name.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::ops::{Bound, Range};
use std::sync::Arc;

use super::failure::Failure;

/// A member's bytes, shared between both indexes.
pub(super) type Member = Arc<[u8]>;

/// A score; never NaN, so the order is total.
#[derive(Clone, Copy, PartialEq)]
struct Score(f64);

impl Eq for Score {}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A sorted set.
#[derive(Default)]
pub(super) struct SortedSet {
    scores: HashMap<Member, f64>,
    order: BTreeSet<(Score, Member)>,
}

impl SortedSet {
    pub(super) fn len(&self) -> usize {
        self.scores.len()
    }

    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        self.scores.get(member).copied()
    }

    /// Adds `member`, or moves it to another score.
    pub(super) fn insert(&mut self, member: &[u8], score: f64) {
        self.remove(member);
        // Turns -0 into 0, as Redis does when it stores a score.
        let score = score + 0.0;
        let member = Member::from(member);
        self.scores.insert(Arc::clone(&member), score);
        self.order.insert((Score(score), member));
    }

    /// Whether `member` was there.
    pub(super) fn remove(&mut self, member: &[u8]) -> bool {
        let Some((member, score)) = self.scores.remove_entry(member) else {
            return false;
        };
        self.order.remove(&(Score(score), member))
    }

    /// How many members come before `member`.
    pub(super) fn rank(&self, member: &[u8]) -> Option<usize> {
        let (member, score) = self.scores.get_key_value(member)?;
        let before = (
            Bound::Unbounded,
            Bound::Excluded((Score(*score), Arc::clone(member))),
        );
        Some(self.order.range(before).count())
    }

    /// All members, lowest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&Member, f64)> {
        self.order.iter().map(|(score, member)| (member, score.0))
    }

    /// The members whose scores lie in `range`, lowest first.
    pub(super) fn in_range(
        &self,
        range: ScoreRange,
    ) -> impl DoubleEndedIterator<Item = (&Member, f64)> {
        let bounds = range.bounds();
        let found = bounds.map(|bounds| self.order.range(bounds));
        let entries = found.into_iter().flatten();
        entries.map(|(score, member)| (member, score.0))
    }
}

/// One end of a [`ScoreRange`].
#[derive(Clone, Copy)]
pub(super) struct Limit {
    score: f64,
    exclusive: bool,
}

impl Limit {
    /// Reads `5`, `(5`, `-inf`; as lenient as Redis, which reads an empty limit as 0.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Failure> {
        let (exclusive, number) = match text {
            [b'(', number @ ..] => (true, number),
            _ => (false, text),
        };
        let number = number.split(|byte| *byte == 0).next().unwrap_or_default();
        let number = std::str::from_utf8(number).map_err(|_| Failure::NOT_A_SCORE_RANGE)?;
        let score: f64 = match number.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']) {
            "" if number.is_empty() => 0.0,
            number => number.parse().map_err(|_| Failure::NOT_A_SCORE_RANGE)?,
        };
        if score.is_nan() {
            return Err(Failure::NOT_A_SCORE_RANGE);
        }
        Ok(Self { score, exclusive })
    }
}

/// The scores between two limits.
#[derive(Clone, Copy)]
pub(super) struct ScoreRange {
    min: Limit,
    max: Limit,
}

type OrderBound = Bound<(Score, Member)>;

impl ScoreRange {
    pub(super) fn parse(min: &[u8], max: &[u8]) -> Result<Self, Failure> {
        Ok(Self {
            min: Limit::parse(min)?,
            max: Limit::parse(max)?,
        })
    }

    /// The bounds in [`SortedSet::order`], or `None` for an empty range, on which `BTreeSet::range` would panic.
    fn bounds(self) -> Option<(OrderBound, OrderBound)> {
        let Self { min, max } = self;
        let excludes_its_only_score = min.score == max.score && (min.exclusive || max.exclusive);
        if min.score > max.score || excludes_its_only_score {
            return None;
        }
        // The empty member precedes all others of its score.
        let before = |score: f64| (Score(score), Member::from(&[][..]));
        let lowest = if min.exclusive {
            min.score.next_up()
        } else {
            min.score
        };
        let upper = match max {
            Limit {
                score,
                exclusive: true,
            } => Bound::Excluded(before(score)),
            Limit {
                score: f64::INFINITY,
                ..
            } => Bound::Unbounded,
            Limit { score, .. } => Bound::Excluded(before(score.next_up())),
        };
        Some((Bound::Included(before(lowest)), upper))
    }
}

/// One end of a [`NameRange`].
#[derive(Clone, Copy)]
enum NameLimit<'a> {
    Lowest,
    Highest,
    Included(&'a [u8]),
    Excluded(&'a [u8]),
}

impl<'a> NameLimit<'a> {
    fn parse(text: &'a [u8]) -> Result<Self, Failure> {
        match text {
            b"-" => Ok(Self::Lowest),
            b"+" => Ok(Self::Highest),
            [b'[', name @ ..] => Ok(Self::Included(name)),
            [b'(', name @ ..] => Ok(Self::Excluded(name)),
            _ => Err(Failure::NOT_A_NAME_RANGE),
        }
    }
}

/// The members whose names lie between two limits: `-`, `+`, `[name` or `(name`.
#[derive(Clone, Copy)]
pub(super) struct NameRange<'a> {
    min: NameLimit<'a>,
    max: NameLimit<'a>,
}

impl<'a> NameRange<'a> {
    pub(super) fn parse(min: &'a [u8], max: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self {
            min: NameLimit::parse(min)?,
            max: NameLimit::parse(max)?,
        })
    }

    pub(super) fn contains(self, name: &[u8]) -> bool {
        let above = match self.min {
            NameLimit::Lowest => true,
            NameLimit::Highest => false,
            NameLimit::Included(min) => name >= min,
            NameLimit::Excluded(min) => name > min,
        };
        let below = match self.max {
            NameLimit::Lowest => false,
            NameLimit::Highest => true,
            NameLimit::Included(max) => name <= max,
            NameLimit::Excluded(max) => name < max,
        };
        above && below
    }
}

/// The ranks from `start` to `stop`, both included and both counted from the end if negative.
pub(super) fn rank_range(start: i64, stop: i64, len: usize) -> Range<usize> {
    let signed_len = i64::try_from(len).unwrap_or(i64::MAX);
    let from_front = |rank: i64| {
        if rank < 0 {
            rank.saturating_add(signed_len)
        } else {
            rank
        }
    };
    let start = usize::try_from(from_front(start).max(0)).unwrap_or(usize::MAX);
    let end = usize::try_from(from_front(stop).saturating_add(1))
        .unwrap_or(0)
        .min(len);
    start.min(end)..end
}
