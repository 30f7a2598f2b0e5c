//! What an export says of a conversation beyond the conversation, so that it can be put back exactly.

use super::{Invalid, Object, ObjectWriter, Timestamp};

/// The mark of an exported conversation, its field `$export`. No conversation has a field of that name by
/// itself: like everything we compute it is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportMetadata {
    /// Where it stood in the list.
    pub place: Timestamp,
    /// Whether it had a title of its own; if not, the exported one is the placeholder.
    pub titled: bool,
}

impl ExportMetadata {
    /// The field's name.
    pub const FIELD: &'static str = "$export";

    /// Reads the field.
    ///
    /// # Errors
    /// `invalid_field` for anything that [`ExportMetadata::to_json`] does not make.
    pub fn parse(json: &str, path: &str) -> Result<Self, Invalid> {
        let expected = || Invalid::field(path, "what an export has there");
        let mut object = Object::parse(json.as_bytes(), path).map_err(|_| expected())?;
        let place = object.take("place").ok_or_else(expected)?;
        let titled = object.take("titled").map(|raw| raw.get());
        Ok(Self {
            place: Timestamp::parse(place, path)?,
            titled: match titled {
                Some("true") => true,
                Some("false") => false,
                _ => return Err(expected()),
            },
        })
    }

    /// The field's value.
    pub fn to_json(self) -> String {
        ObjectWriter::with_capacity(48)
            .plain("place", self.place.as_ms())
            .plain("titled", self.titled)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        let metadata = ExportMetadata {
            place: Timestamp::from_ms(5),
            titled: false,
        };
        assert_eq!(
            ExportMetadata::parse(&metadata.to_json(), "x"),
            Ok(metadata)
        );
        for json in [
            "1",
            "{}",
            r#"{"place":1}"#,
            r#"{"place":"x","titled":true}"#,
            r#"{"place":1,"titled":1}"#,
        ] {
            assert_eq!(
                ExportMetadata::parse(json, "x").unwrap_err().code,
                ErrorCode::InvalidField
            );
        }
    }
}
