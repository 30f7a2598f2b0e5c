//! Verifying that a response has the expected content, so that no wrong response is measured.

use serde_json::{Deserializer, Value};

use crate::Result;
use crate::client::Call;

/// The expected content, and where to find it.
#[derive(Debug)]
pub struct Proof {
    /// The request that reads the content, if the response itself does not have it.
    pub read: Option<Call>,
    /// Which part to compare.
    pub what: What,
    /// The expected values, in order.
    pub expected: Vec<String>,
}

/// The part of a response to compare.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// The ids of the conversations listed.
    Ids,
    /// The contents of all messages.
    Contents,
}

impl Proof {
    /// Expects the content in the response itself.
    pub fn of_response(what: What, expected: Vec<String>) -> Self {
        Self {
            read: None,
            what,
            expected,
        }
    }

    /// Expects the content in the response to this subsequent call.
    pub fn by(read: Call, what: What, expected: Vec<String>) -> Self {
        Self {
            read: Some(read),
            what,
            expected,
        }
    }

    /// Fails if `body` has other content.
    pub fn check(&self, body: &[u8]) -> Result<()> {
        let mut found = Vec::new();
        for value in Deserializer::from_slice(body).into_iter::<Value>() {
            let value = value?;
            match self.what {
                What::Ids => ids(&value, &mut found),
                What::Contents => contents(&value, &mut found),
            }
        }
        if found == self.expected {
            return Ok(());
        }
        Err(format!(
            "the response has {} of {:?}, expected were {} others",
            found.len(),
            self.what,
            self.expected.len()
        )
        .into())
    }
}

/// Lists are bare in the baseline, under `data` in the functions, and under `changed` in a sync.
fn ids(response: &Value, found: &mut Vec<String>) {
    let list = [response, &response["data"], &response["changed"]];
    let items = list.into_iter().find_map(Value::as_array);
    let ids = items.into_iter().flatten().map(|item| &item["id"]);
    found.extend(ids.filter_map(Value::as_str).map(str::to_owned));
}

fn contents(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| contents(item, found)),
        Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_str() {
                    Some(text) if name == "content" => found.push(text.to_owned()),
                    _ => contents(field, found),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(what: What, body: &str, expected: &[&str]) -> bool {
        let expected = expected.iter().map(|text| (*text).to_owned()).collect();
        Proof::of_response(what, expected)
            .check(body.as_bytes())
            .is_ok()
    }

    #[test]
    fn lists_of_both_sides_are_read() {
        assert!(found(What::Ids, r#"[{"id":"a"},{"id":"b"}]"#, &["a", "b"]));
        assert!(found(What::Ids, r#"{"data":[{"id":"a"}]}"#, &["a"]));
        assert!(found(What::Ids, r#"{"changed":[]}"#, &[]));
        assert!(!found(What::Ids, r#"{"data":[{"id":"b"}]}"#, &["a"]));
    }

    #[test]
    fn contents_are_found_in_every_line() {
        let lines = "{\"messages\":[{\"content\":\"x\"}]}\n{\"messages\":[{\"content\":\"y\"}]}\n";
        assert!(found(What::Contents, lines, &["x", "y"]));
        assert!(!found(What::Contents, lines, &["y", "x"]));
        assert!(!found(What::Contents, "{\"messages\":", &[]));
    }
}
