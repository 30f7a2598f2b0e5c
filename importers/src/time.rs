//! Points in time as sources write them, in milliseconds since the epoch.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};

use crate::json::Json;

const EARLIEST: i64 = -62_167_219_200_000;
const LATEST: i64 = 253_402_300_799_999;
/// Numbers above this are milliseconds, those below are seconds.
const SECONDS_END: f64 = 1e10;

/// Reads ISO 8601, which without a zone is taken for UTC, and seconds or milliseconds since the epoch, as number or string.
pub(crate) fn time_of(json: Json<'_>) -> Option<i64> {
    let text = json.text();
    let number = match &text {
        Some(text) => text.trim().parse().ok(),
        None => json.number(),
    };
    let ms = match (number, text) {
        (Some(number), _) => ms_of(number)?,
        (None, text) => read_iso(text?.trim())?,
    };
    // Year 0 and later, up to 9999: what the service takes.
    (EARLIEST..=LATEST).contains(&ms).then_some(ms)
}

fn ms_of(number: f64) -> Option<i64> {
    let ms = if number.abs() > SECONDS_END {
        number
    } else {
        number * 1000.0
    };
    (ms.is_finite() && ms.abs() < 1e15 && ms > 0.0).then(|| ms.floor() as i64)
}

fn read_iso(text: &str) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_millis());
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
    let time = formats
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
    Some(time.and_utc().timestamp_millis())
}

/// ISO 8601 in UTC with milliseconds.
pub(crate) fn to_iso(ms: i64) -> String {
    let time =
        DateTime::<Utc>::from_timestamp_millis(ms.clamp(EARLIEST, LATEST)).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formats_of_all_sources_are_read() {
        let read = |text: &str| time_of(Json::parse(text).unwrap());
        let expected = Some(1_704_067_200_500);
        for text in [
            "1704067200.5",
            "\"1704067200.5\"",
            "1704067200500",
            "\"2024-01-01T00:00:00.500Z\"",
            "\"2024-01-01T00:00:00.500000+00:00\"",
            "\"2024-01-01T00:00:00.500123\"",
            "\"2024-01-01T01:00:00.5+01:00\"",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        for text in [
            "null", "\"\"", "\"soon\"", "1e300", "{}", "-5", "0", "\"nan\"", "\"inf\"",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
