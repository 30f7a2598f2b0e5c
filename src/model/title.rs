//! Titles, made as the frontend makes them.

use std::borrow::Cow;

use super::json::quoted;

/// What a conversation without a title and without a user's message is called.
pub(super) const UNTITLED: &str = "New Conversation";

/// A title as JSON: what is stored, or where that is nothing, what a conversation without a title is called.
pub(crate) fn json_or_untitled(stored: &str) -> Cow<'_, str> {
    match stored {
        "" => quoted(UNTITLED).into(),
        title => title.into(),
    }
}

/// The first 6 words of the first user message, at most 50 characters; `None` where there are no words.
pub(super) fn from_content(content: &str) -> Option<String> {
    let words: Vec<&str> = content.split_whitespace().take(6).collect();
    let title: String = words.join(" ").chars().take(50).collect();
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_first_six_words() {
        let content = "What are some\npotential  implications of using bottles?";
        assert_eq!(
            from_content(content).as_deref(),
            Some("What are some potential implications of")
        );
    }

    #[test]
    fn is_never_longer_than_fifty_characters() {
        let title = from_content(&"ä".repeat(200)).unwrap();
        assert_eq!(title.chars().count(), 50);
    }

    #[test]
    fn needs_words() {
        assert_eq!(from_content(" \n"), None);
    }
}
