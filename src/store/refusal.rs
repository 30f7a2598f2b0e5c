//! What a script refuses with: an error code, as clients get it, and what that means here.

use super::StoreError;
use super::contract::Field;
use super::reply_reader::ReplyReader;
use crate::ErrorCode;
use crate::model::Version;

/// With this word a script asks to be called again with more keys. It is no error, and no client sees it.
pub(super) const NEED: &str = "need";

impl ReplyReader {
    /// The keys that a script asks for, where it does.
    pub(super) fn needed_keys(&mut self) -> Result<Option<Vec<String>>, StoreError> {
        if self.first_word() != Some(NEED) {
            return Ok(None);
        }
        self.next()?;
        Field::read(self).map(Some)
    }

    /// The refusal that this reply is, if it is one; `tag_of` makes the tag of the version that is there instead.
    pub(super) fn refusal(
        &mut self,
        tag_of: impl Fn(Version) -> String,
    ) -> Result<Option<StoreError>, StoreError> {
        let Some(code) = self.first_word().and_then(code_of) else {
            return Ok(None);
        };
        self.next()?;
        error_of(code, self, tag_of).map(Some)
    }
}

/// The code that a script refuses with by this word, if it is one.
pub(super) fn code_of(word: &str) -> Option<ErrorCode> {
    let mut codes = ErrorCode::ALL.iter().copied();
    codes.find(|code| code.as_str() == word)
}

/// The error that a refusal stands for: its code, or that with what follows it in the reply. `tag_of` makes the tag of the
/// version that is there instead of the one that the request was made for.
fn error_of(
    code: ErrorCode,
    details: &mut ReplyReader,
    tag_of: impl Fn(Version) -> String,
) -> Result<StoreError, StoreError> {
    Ok(match code {
        ErrorCode::MessageExists => StoreError::MessageExists {
            id: details.text()?,
        },
        ErrorCode::MessageDeleted => StoreError::MessageDeleted {
            id: details.text()?,
        },
        ErrorCode::RevisionMismatch => {
            let (revision, born) = (details.number()?, details.number()?);
            StoreError::RevisionMismatch {
                revision,
                // What a stopped script has left has no version.
                etag: (revision > 0 && born >= 0).then(|| tag_of(Version { born, revision })),
            }
        }
        code => StoreError::Refused(code),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::upstash::Reply;

    /// The words that scripts refuse with, by `refuse('...')` or, before there is one, by a reply.
    fn words_of_scripts() -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lua");
        let files = [folder.join("lib"), folder]
            .into_iter()
            .flat_map(|folder| fs::read_dir(folder).unwrap())
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file());
        let mut words = BTreeSet::new();
        for file in files {
            let source = fs::read_to_string(file).unwrap();
            for call in source.split("refuse('").skip(1) {
                words.insert(call.split('\'').next().unwrap().to_owned());
            }
        }
        words
    }

    #[test]
    fn every_word_that_a_script_refuses_with_is_an_error_code_and_keeps_it() {
        let words = words_of_scripts();
        assert!(words.len() > 20, "{words:?}");
        for word in words.iter().filter(|word| *word != NEED) {
            let code = code_of(word).unwrap_or_else(|| panic!("{word} is no error code"));
            let details = Reply::List(vec![Reply::Bytes(b"1".to_vec()); 2]);
            let mut details = ReplyReader::of_list(details).unwrap();
            let error = error_of(code, &mut details, |_| String::new()).unwrap();
            assert_eq!(error.code(), code);
        }
    }
}
