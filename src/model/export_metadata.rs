//! What an export adds to a conversation, so that an import can restore it exactly.

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::{Invalid, Object, ObjectWriter, Timestamp};

/// The mark of an exported conversation, its field `$export`. Like every computed field, it is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportMetadata {
    /// Where it stood in the list.
    pub place: Timestamp,
    /// Whether it had its own title; if not, the exported one is the placeholder.
    pub titled: bool,
    /// Where there are branches, the number of each message, in the order of the messages: those that follow the same one are
    /// ordered by it. Empty elsewhere.
    pub numbers: Vec<u32>,
}

impl ExportMetadata {
    /// The field's name.
    pub const FIELD: &'static str = "$export";
    /// The largest number of a message: far above what a conversation may have, far below what there is room for.
    const LARGEST_NUMBER: u32 = 1_000_000_000;

    /// Reads the field.
    ///
    /// # Errors
    /// `invalid_field` for anything that [`ExportMetadata::to_json`] does not make.
    pub fn parse(json: &str, path: &str) -> Result<Self, Invalid> {
        let expected = || Invalid::field(path, "what an export has there");
        let mut object = Object::parse(json.as_bytes(), path).map_err(|_| expected())?;
        let place = object.take("place").ok_or_else(expected)?;
        let titled = object.take("titled").map(|raw| raw.get());
        let numbers = object.take("numbers").map(parse_numbers);
        Ok(Self {
            place: Timestamp::parse(place, path)?,
            titled: match titled {
                Some("true") => true,
                Some("false") => false,
                _ => return Err(expected()),
            },
            numbers: numbers.unwrap_or(Some(Vec::new())).ok_or_else(expected)?,
        })
    }

    /// The field's value.
    pub fn to_json(&self) -> String {
        let object = ObjectWriter::with_capacity(48)
            .plain("place", self.place.as_ms())
            .plain("titled", self.titled);
        if self.numbers.is_empty() {
            return object.finish();
        }
        let numbers = self.numbers.iter().map(u32::to_string);
        object.array("numbers", numbers).finish()
    }
}

/// `None` for anything but a list of numbers that differ.
fn parse_numbers(raw: &RawValue) -> Option<Vec<u32>> {
    let numbers: Vec<u32> = serde_json::from_str(raw.get()).ok()?;
    let distinct: HashSet<u32> = numbers.iter().copied().collect();
    let fits = |number| (1..=ExportMetadata::LARGEST_NUMBER).contains(number);
    (distinct.len() == numbers.len() && numbers.iter().all(fits)).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        for numbers in [vec![], vec![1, 3, 2]] {
            let metadata = ExportMetadata {
                place: Timestamp::from_ms(5),
                titled: false,
                numbers,
            };
            assert_eq!(
                ExportMetadata::parse(&metadata.to_json(), "x"),
                Ok(metadata)
            );
        }
        for json in [
            "1",
            "{}",
            r#"{"place":1}"#,
            r#"{"place":"x","titled":true}"#,
            r#"{"place":1,"titled":1}"#,
            r#"{"place":1,"titled":true,"numbers":[0]}"#,
            r#"{"place":1,"titled":true,"numbers":[1,1]}"#,
            r#"{"place":1,"titled":true,"numbers":[1000000001]}"#,
            r#"{"place":1,"titled":true,"numbers":{}}"#,
        ] {
            assert_eq!(
                ExportMetadata::parse(json, "x").unwrap_err().code,
                ErrorCode::InvalidField
            );
        }
    }
}
