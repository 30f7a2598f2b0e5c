//! Reports of clients: how often their fallback was used, and their errors.

use super::batch::Batch;
use crate::ErrorCode;
use crate::model::{Invalid, Object, array_of, whole_number};

/// The largest number in a report.
pub const MOST_REPORTED: u64 = 10_000;
/// The most different errors in a report.
pub const MOST_REPORTED_ERRORS: usize = 20;
/// Errors that only browsers know: there was no response, their own storage failed.
const OF_BROWSERS: [&str; 2] = ["network", "local_storage"];
/// The name of all others: anybody can report, and each name would be a series.
const OTHER: &str = "other";

/// A client's report: sums since its last one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientReport {
    reads: u64,
    writes: u64,
    conflicts: u64,
    errors: Vec<(&'static str, u64)>,
}

impl ClientReport {
    /// Reads `{"fallback":{"reads","writes"},"conflicts","errors":[{"code","count"}]}`, all of it optional.
    ///
    /// # Errors
    /// `invalid_json`, `invalid_field`.
    pub fn parse(json: &[u8]) -> Result<Self, Invalid> {
        let mut object = Object::parse(json, "body")?;
        let mut report = Self {
            conflicts: number(&mut object, "conflicts", "body")?,
            ..Self::default()
        };
        if let Some(raw) = object.take("fallback") {
            let mut fallback = Object::parse(raw.get().as_bytes(), "body.fallback")?;
            report.reads = number(&mut fallback, "reads", "body.fallback")?;
            report.writes = number(&mut fallback, "writes", "body.fallback")?;
        }
        if let Some(raw) = object.take("errors") {
            report.errors = errors(raw.get().as_bytes())?;
        }
        Ok(report)
    }

    pub(super) fn add_to(&self, batch: &mut Batch) {
        batch.add("client_reports_total", 1);
        batch.add("client_fallback_total{operation=\"read\"}", self.reads);
        batch.add("client_fallback_total{operation=\"write\"}", self.writes);
        batch.add("client_conflicts_total", self.conflicts);
        for (code, count) in &self.errors {
            batch.add(&format!("client_errors_total{{code=\"{code}\"}}"), *count);
        }
    }
}

fn number(object: &mut Object<'_>, name: &str, path: &str) -> Result<u64, Invalid> {
    let Some(raw) = object.take(name) else {
        return Ok(0);
    };
    whole_number(raw.get())
        .and_then(|number| u64::try_from(number).ok())
        .filter(|number| *number <= MOST_REPORTED)
        .ok_or_else(|| {
            let expected = format!("a whole number from 0 to {MOST_REPORTED}");
            Invalid::field(&format!("{path}.{name}"), &expected)
        })
}

fn errors(json: &[u8]) -> Result<Vec<(&'static str, u64)>, Invalid> {
    let rows = array_of(json, "body.errors")?;
    if rows.len() > MOST_REPORTED_ERRORS {
        let expected = format!("at most {MOST_REPORTED_ERRORS} errors");
        return Err(Invalid::field("body.errors", &expected));
    }
    let mut errors = Vec::with_capacity(rows.len());
    for (index, row) in rows.into_iter().enumerate() {
        let path = format!("body.errors[{index}]");
        let mut row = Object::parse(row.get().as_bytes(), &path)?;
        let code = row.take("code");
        let code: String = code
            .and_then(|code| serde_json::from_str(code.get()).ok())
            .ok_or_else(|| Invalid::field(&format!("{path}.code"), "a code"))?;
        errors.push((known(&code), number(&mut row, "count", &path)?));
    }
    Ok(errors)
}

fn known(code: &str) -> &'static str {
    let ours = ErrorCode::ALL.iter().map(|known| known.as_str());
    let mut all = ours.chain(OF_BROWSERS);
    all.find(|known| *known == code).unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<ClientReport, &'static str> {
        ClientReport::parse(json.as_bytes()).map_err(|error| error.code.as_str())
    }

    #[test]
    fn everything_is_optional_and_bounded() {
        assert_eq!(parse("{}"), Ok(ClientReport::default()));
        let report = parse(
            r#"{"fallback":{"reads":2},"conflicts":1,"errors":[{"code":"storage_timeout","count":3},
               {"code":"<script>","count":1}]}"#,
        )
        .unwrap();
        assert_eq!((report.reads, report.writes, report.conflicts), (2, 0, 1));
        assert_eq!(report.errors, [("storage_timeout", 3), (OTHER, 1)]);
        for wrong in [
            r#"{"conflicts":-1}"#,
            r#"{"conflicts":10001}"#,
            r#"{"conflicts":"1"}"#,
            r#"{"errors":[{"count":1}]}"#,
            r#"{"errors":[{"code":5}]}"#,
        ] {
            assert_eq!(parse(wrong), Err("invalid_field"), "{wrong}");
        }
        let many = vec![r#"{"code":"a"}"#; 21].join(",");
        assert_eq!(
            parse(&format!(r#"{{"errors":[{many}]}}"#)),
            Err("invalid_field")
        );
        assert_eq!(parse(r#"{"fallback":5}"#), Err("invalid_json"));
    }
}
