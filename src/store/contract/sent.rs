//! What can be sent to a script, and as which words.

use std::borrow::Cow;
use std::time::Duration;

#[cfg(test)]
use super::list_name;
use super::{Argument, Words};
use crate::identity::UserId;
use crate::model::{ConversationId, MessageId, NewMessage, Parent, Record, ShareId, Timestamp};
use crate::store::cursor::Cursor;

macro_rules! text_arguments {
    ($($type:ty),+) => {$(
        impl Argument for $type {
            fn push_to<'a>(&'a self, words: &mut Words<'a>) {
                words.push(self.as_str().into());
            }
        }
    )+};
}
text_arguments!(String, Record, ConversationId, MessageId, UserId);

macro_rules! displayed_arguments {
    ($($type:ty),+) => {$(
        impl Argument for $type {
            fn push_to<'a>(&'a self, words: &mut Words<'a>) {
                words.push(self.to_string().into());
            }
        }
    )+};
}
displayed_arguments!(u32, u64, i64, usize, ShareId);

impl Argument for str {
    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        words.push(self.into());
    }
}

impl Argument for bool {
    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        words.push(if *self { "1" } else { "0" }.into());
    }
}

impl Argument for Duration {
    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        words.push(self.as_millis().to_string().into());
    }
}

impl Argument for Timestamp {
    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        words.push(self.as_ms().to_string().into());
    }
}

impl Argument for Cursor {
    const WIDTH: usize = 2;

    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        self.score.push_to(words);
        self.member.push_to(words);
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        vec![format!("{field}_score"), format!("{field}_member")]
    }
}

impl Argument for Parent {
    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        words.push(self.as_str().into());
    }
}

impl Argument for NewMessage {
    const WIDTH: usize = 6;

    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        self.id.push_to(words);
        self.timestamp.push_to(words);
        self.tokens.push_to(words);
        self.digest.push_to(words);
        self.record.push_to(words);
        self.parent.push_to(words);
    }

    #[cfg(test)]
    fn names(_: &str) -> Vec<String> {
        ["id", "timestamp", "tokens", "digest", "record", "parent"]
            .map(str::to_owned)
            .to_vec()
    }
}

/// As many empty words where there is none.
impl<T: Argument> Argument for Option<T> {
    const WIDTH: usize = T::WIDTH;

    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        match self {
            Some(value) => value.push_to(words),
            None => words.extend((0..T::WIDTH).map(|_| Cow::Borrowed(""))),
        }
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        T::names(field)
    }
}

impl<T: Argument + ?Sized> Argument for &T {
    const WIDTH: usize = T::WIDTH;

    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        (**self).push_to(words);
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        T::names(field)
    }
}

impl<T: Argument> Argument for [T] {
    const WIDTH: usize = 0;

    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        for value in self {
            value.push_to(words);
        }
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        list_name(field, &T::names(field))
    }
}

impl<T: Argument> Argument for Vec<T> {
    const WIDTH: usize = 0;

    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        self.as_slice().push_to(words);
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        <[T]>::names(field)
    }
}
