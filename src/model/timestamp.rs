//! Points in time, to the millisecond.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::value::RawValue;

use super::Invalid;
use super::json::whole_number;

/// Milliseconds since the Unix epoch, in the years 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

const EARLIEST: i64 = -62_167_219_200_000;
const LATEST: i64 = 253_402_300_799_999;

impl Timestamp {
    /// The expiry of something that never expires.
    pub const NEVER: Self = Self(LATEST);

    /// Takes milliseconds since the epoch, brought into range.
    pub fn from_ms(ms: i64) -> Self {
        Self(ms.clamp(EARLIEST, LATEST))
    }

    /// Milliseconds since the epoch.
    pub fn as_ms(self) -> i64 {
        self.0
    }

    /// The day in UTC, as `2025-07-03`.
    pub fn date(self) -> impl fmt::Display {
        let time = DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or_default();
        time.date_naive()
    }

    /// Reads an ISO 8601 string with a zone, or a number of milliseconds since the epoch.
    ///
    /// # Errors
    /// `invalid_field` for anything else.
    pub fn parse(raw: &RawValue, path: &str) -> Result<Self, Invalid> {
        Self::read(raw.get()).ok_or_else(|| {
            Invalid::field(
                path,
                "an ISO 8601 date and time with its zone, or epoch milliseconds",
            )
        })
    }

    /// Reads the same from a query, where neither has quotation marks.
    pub fn from_query(text: &str) -> Option<Self> {
        match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Self::read(text),
            false => Self::read(&super::json::quoted(text)),
        }
    }

    fn read(json: &str) -> Option<Self> {
        let ms = if json.starts_with('"') {
            let text: String = serde_json::from_str(json).ok()?;
            DateTime::parse_from_rfc3339(&text).ok()?.timestamp_millis()
        } else {
            whole_number(json)?
        };
        (EARLIEST..=LATEST).contains(&ms).then_some(Self(ms))
    }
}

/// ISO 8601 in UTC, always with three digits of milliseconds, as `Date.toISOString()` writes it.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or_default();
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(json: &str) -> Option<i64> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        Timestamp::parse(&raw, "x").ok().map(Timestamp::as_ms)
    }

    #[test]
    fn reads_iso_and_epoch() {
        assert_eq!(
            parse("\"2025-07-03T22:49:12.856Z\""),
            Some(1_751_582_952_856)
        );
        assert_eq!(
            parse("\"2025-07-04T00:49:12.856+02:00\""),
            Some(1_751_582_952_856)
        );
        assert_eq!(parse("1751582952856"), Some(1_751_582_952_856));
        for json in [
            "\"yesterday\"",
            "\"2025-13-01T00:00:00Z\"",
            "\"\"",
            "null",
            "1.5",
            "{}",
            "9e15",
            "99999999999999999999",
            "\"2025-07-03T22:49:12\"",
        ] {
            assert_eq!(parse(json), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(ms in EARLIEST..=LATEST) {
            prop_assert_eq!(parse(&format!("\"{}\"", Timestamp(ms))), Some(ms));
        }
    }
}
