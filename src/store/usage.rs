//! A user's messages by day and by model, as `src/lua/lib/usage.lua` counts them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::DAY_MS;
use crate::model::{Timestamp, limits, normalize_text};

/// Over how many days activity is reported, today included; the Lua prelude keeps as many.
const ACTIVE_DAYS: i64 = 30;

/// What was written on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// When the day begins, UTC.
    pub day: Timestamp,
    /// Messages of that day.
    pub messages: u64,
    /// Tokens of these.
    pub tokens: u64,
}

/// The messages that name one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelUsage {
    /// Its name as JSON text; `None` for all those of whose names there are too many, or which are too long.
    pub model: Option<String>,
    /// Messages that named it.
    pub messages: u64,
    /// Tokens of these.
    pub tokens: u64,
}

/// Each of the last days, from what the prelude keeps of the active ones: `;day messages tokens` each.
pub(super) fn last_days(stored: &str, now_ms: i64) -> Option<Vec<Activity>> {
    let today = now_ms.div_euclid(DAY_MS);
    let mut days: Vec<Activity> = (today - ACTIVE_DAYS + 1..=today)
        .map(|day| Activity {
            day: Timestamp::from_ms(day * DAY_MS),
            messages: 0,
            tokens: 0,
        })
        .collect();
    for entry in stored.split(';').skip(1) {
        let (day, sums) = entry.split_once(' ')?;
        let (messages, tokens) = sums_of(sums)?;
        let day: i64 = day.parse().ok()?;
        // One that began a moment ago by another instance's clock counts as today.
        let index = day.min(today) - (today - ACTIVE_DAYS + 1);
        if let Some(day) = usize::try_from(index).ok().and_then(|at| days.get_mut(at)) {
            day.messages += messages;
            day.tokens += tokens;
        }
    }
    Some(days)
}

/// The models, from what the prelude keeps of them: `name US messages tokens RS` each. Names that are written in different
/// ways in JSON are the same.
pub(super) fn models_of(stored: &str) -> Option<Vec<ModelUsage>> {
    let mut sums: BTreeMap<Option<String>, (u64, u64)> = BTreeMap::new();
    for entry in stored.split_terminator('\u{1e}') {
        let (name, words) = entry.split_once('\u{1f}')?;
        let name = match name {
            "" => None,
            json => Some(normalize_text(json)?),
        };
        let (messages, tokens) = sums_of(words)?;
        let sum = sums.entry(name).or_default();
        *sum = (
            sum.0.saturating_add(messages),
            sum.1.saturating_add(tokens).min(limits::TOKENS),
        );
    }
    let mut models: Vec<ModelUsage> = sums
        .into_iter()
        .map(|(model, (messages, tokens))| ModelUsage {
            model,
            messages,
            tokens,
        })
        .collect();
    // Those of as many messages stay in the order of their names.
    models.sort_by_key(|usage| (usage.model.is_none(), Reverse(usage.messages)));
    Some(models)
}

/// Messages and tokens.
fn sums_of(words: &str) -> Option<(u64, u64)> {
    let (messages, tokens) = words.split_once(' ')?;
    Some((bounded(messages)?, bounded(tokens)?))
}

/// A sum, which an earlier release may have let grow without bounds.
fn bounded(word: &str) -> Option<u64> {
    let number: u128 = word.parse().ok()?;
    u64::try_from(number.min(limits::TOKENS.into())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_without_activity_are_reported_too() {
        let now = 100 * DAY_MS + 5;
        let days = last_days(";70 9 9;71 1 10;99 2 20;100 3 30;101 1 1", now).unwrap();
        assert_eq!(days.len(), 30);
        let of = |at: usize| (days[at].day.as_ms() / DAY_MS, days[at].messages);
        assert_eq!(
            [of(0), of(1), of(28), of(29)],
            [(71, 1), (72, 0), (99, 2), (100, 4)]
        );
        assert_eq!(last_days("", now).unwrap().len(), 30);
        assert!(last_days(";x", now).is_none());
        let days = last_days(";100 1 900719925474099100000", now).unwrap();
        assert_eq!(days[29].tokens, limits::TOKENS);
    }

    #[test]
    fn a_model_is_one_however_its_name_is_written() {
        let stored = "\"a\u{1f}\"";
        assert!(models_of(stored).is_none());
        let stored = "\u{1f}9 9\u{1e}\"a/b\"\u{1f}1 2\u{1e}\"c\"\u{1f}2 1\u{1e}\"a\\/b\"\u{1f}2 3\u{1e}\"\\ud83d\"\u{1f}1 0\u{1e}";
        let models: Vec<_> = models_of(stored)
            .unwrap()
            .into_iter()
            .map(|usage| (usage.model, usage.messages, usage.tokens))
            .collect();
        let name = |name: &str| Some(name.to_owned());
        let expected = [
            (name("\"a/b\""), 3, 5),
            (name("\"c\""), 2, 1),
            (name("\"\u{fffd}\u{fffd}\u{fffd}\""), 1, 0),
            (None, 9, 9),
        ];
        assert_eq!(models, expected);
    }
}
