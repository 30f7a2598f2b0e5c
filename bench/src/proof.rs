//! Whether an answer holds what it has to: a fast wrong answer is none.

use serde_json::{Deserializer, Value};

use crate::Result;
use crate::client::Call;

/// What has to be found, and where.
#[derive(Debug)]
pub struct Proof {
    /// What to read it from, where the answer itself does not tell.
    pub read: Option<Call>,
    /// What to look at.
    pub what: What,
    /// What has to be there, in this order.
    pub expected: Vec<String>,
}

/// What to look at in an answer.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// The ids of the conversations listed.
    Ids,
    /// The contents of all messages.
    Contents,
}

impl Proof {
    /// Of the answer itself.
    pub fn of_answer(what: What, expected: Vec<String>) -> Self {
        Self {
            read: None,
            what,
            expected,
        }
    }

    /// Of what this call reads afterwards.
    pub fn by(read: Call, what: What, expected: Vec<String>) -> Self {
        Self {
            read: Some(read),
            what,
            expected,
        }
    }

    /// Fails where `body` holds anything else.
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
            "the answer has {} of {:?}, expected are {} others",
            found.len(),
            self.what,
            self.expected.len()
        )
        .into())
    }
}

/// The plan answers lists as they are, the functions under `data`, a sync under `changed`.
fn ids(answer: &Value, found: &mut Vec<String>) {
    let list = [answer, &answer["data"], &answer["changed"]];
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
        Proof::of_answer(what, expected)
            .check(body.as_bytes())
            .is_ok()
    }

    #[test]
    fn both_sides_lists_are_read() {
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
