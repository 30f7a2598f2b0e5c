//! What the script of an import takes and returns.

use crate::ErrorCode;
use crate::model::{ConversationId, MessageId, NewMessage, Timestamp};
use crate::store::StoreError;
use crate::store::contract::{Field, arguments, procedure, reply};
use crate::store::refusal::code_of;
use crate::store::reply_reader::ReplyReader;
use crate::upstash::UpstashError;

arguments! {
    /// A conversation of an import, or one with a part of its messages.
    ImportPiece<'a> {
        id: &'a ConversationId,
        record: &'a str,
        created: i64,
        updated: Option<Timestamp>,
        total_tokens: Option<u64>,
        digest: String,
        score: Option<Timestamp>,
        head: Option<&'a MessageId>,
        follows: Option<&'a MessageId>,
        numbers: String,
        is_followed: bool,
        signature: String,
        message_count: usize,
        messages: &'a [NewMessage],
    }
}

procedure! {
    /// Imports conversations, or parts of them.
    ConversationsImport<'a> -> ImportedPieces {
        conversations: Vec<ImportPiece<'a>>,
    }
    keys |call, keys| keys.of_conversations(call.conversations.iter().map(|piece| piece.id))
}

reply! {
    /// See [`ConversationsImport`].
    ImportedPieces {
        change_sequence: i64,
        outcomes: Vec<ImportOutcome>,
    }
}

/// What the script says of a conversation, or of a part of its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum ImportOutcome {
    /// It is new.
    Imported,
    /// It was there, and was changed.
    Merged,
    Unchanged,
    Refused(ErrorCode),
}

impl ImportOutcome {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "imported" => Some(Self::Imported),
            "merged" => Some(Self::Merged),
            "unchanged" => Some(Self::Unchanged),
            code => code_of(code).map(Self::Refused),
        }
    }
}

impl Field for ImportOutcome {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        Ok(Self::parse(&reply.text()?).ok_or(UpstashError::Malformed)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_outcome_of_the_script_is_understood_and_has_a_letter_of_its_own() {
        let script = include_str!("../../lua/conversations_import.lua");
        let (_, table) = script.split_once("local LETTERS = {").unwrap();
        let (table, _) = table.split_once('}').unwrap();
        let entries = table.split(',').map(str::trim);
        let entries = entries.filter_map(|entry| entry.split_once(" = "));
        let (words, letters): (Vec<&str>, BTreeSet<&str>) = entries.unzip();
        assert_eq!(words.len(), letters.len());
        for word in &words {
            assert!(ImportOutcome::parse(word).is_some(), "{word}");
        }
        // What the script decides, and so looks up: all of its returns that are a word.
        let decided = script.split("return '").skip(1);
        let decided: BTreeSet<&str> = decided.filter_map(|rest| rest.split('\'').next()).collect();
        assert_eq!(decided, words.into_iter().collect());
    }
}
