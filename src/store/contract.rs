//! The contract between operations and scripts: how a struct writes a script's arguments, and how another reads its
//! reply. The structs are in `scripts/`; a test holds their fields against the header of the script.

use std::borrow::Cow;
use std::time::Duration;

use super::StoreError;
use super::cursor::Cursor;
use super::keys::Keys;
use super::reply_reader::ReplyReader;
use crate::identity::UserId;
use crate::model::{ConversationId, MessageId, NewMessage, Parent, Record, ShareId, Timestamp};
use crate::upstash::{Script, UpstashError};

/// Arguments as they are sent.
pub(super) type Words<'a> = Vec<Cow<'a, str>>;

/// What is called by a script: the table in `scripts/mod.rs` says by which.
pub(super) trait Scripted {
    /// The script itself.
    fn script() -> &'static Script;
}

/// A script, what it takes and what it returns.
pub(super) trait Procedure: Scripted {
    /// What it returns where it does not refuse.
    type Reply: Field;

    /// The keys that it needs beside those that every script gets.
    fn keys(&self, keys: &Keys) -> Vec<String>;

    /// Its own arguments.
    fn arguments(&self) -> Words<'_>;

    /// The names of its arguments, each with its position in ARGV.
    #[cfg(test)]
    fn argument_names() -> Vec<(usize, String)>;
}

/// Something that is sent to a script.
pub(super) trait Argument {
    /// How many words it takes up.
    const WIDTH: usize = 1;

    /// Adds its words.
    fn push_to<'a>(&'a self, words: &mut Words<'a>);

    /// What the header of a script calls the words of a field of this type.
    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        vec![field.to_owned()]
    }
}

/// Something that a script returns.
pub(super) trait Field: Sized {
    /// Reads it from what is left of a reply.
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError>;

    /// What the header of a script calls a field of this type.
    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        vec![field.to_owned()]
    }
}

/// A list, as headers describe it: `ids...`, `messages...: id, body`.
#[cfg(test)]
pub(super) fn list_name(field: &str, each: &[String]) -> Vec<String> {
    let words: Vec<&str> = each
        .iter()
        .map(|name| name.split(':').next().unwrap_or(name))
        .collect();
    match words.len() {
        1 => vec![format!("{field}...")],
        _ => vec![format!("{field}...: {}", words.join(", "))],
    }
}

/// Defines what is sent to a script, or a part of it, as a struct.
macro_rules! arguments {
    (
        $(#[$doc:meta])*
        $name:ident $(<$life:lifetime>)? { $($field:ident: $type:ty,)* }
        $(with { $($key_field:ident: $key_type:ty,)* })?
    ) => {
        $(#[$doc])*
        pub(in crate::store) struct $name $(<$life>)? {
            $(pub(in crate::store) $field: $type,)*
            $($(pub(in crate::store) $key_field: $key_type,)*)?
        }

        impl $(<$life>)? $crate::store::contract::Argument for $name $(<$life>)? {
            const WIDTH: usize = 0 $(+ <$type as $crate::store::contract::Argument>::WIDTH)*;

            #[allow(unused_variables, reason = "some scripts take no arguments of their own")]
            fn push_to<'w>(&'w self, words: &mut $crate::store::contract::Words<'w>) {
                $($crate::store::contract::Argument::push_to(&self.$field, words);)*
            }

            #[cfg(test)]
            fn names(_: &str) -> Vec<String> {
                let names: Vec<Vec<String>> = vec![
                    $(<$type as $crate::store::contract::Argument>::names(stringify!($field)),)*
                ];
                names.concat()
            }
        }
    };
}

/// Defines what a script takes as a struct: its arguments in the order of ARGV, behind `with` what only its keys follow
/// from, and behind `keys` which these are.
macro_rules! procedure {
    (
        $(#[$doc:meta])*
        $name:ident $(<$life:lifetime>)? -> $reply:ty { $($field:ident: $type:ty,)* }
        $(with { $($key_field:ident: $key_type:ty,)* })?
        $(keys $keys:expr)?
    ) => {
        $crate::store::contract::arguments! {
            $(#[$doc])*
            $name $(<$life>)? { $($field: $type,)* }
            $(with { $($key_field: $key_type,)* })?
        }

        impl $(<$life>)? $crate::store::contract::Procedure for $name $(<$life>)? {
            type Reply = $reply;

            fn keys(&self, keys: &$crate::store::keys::Keys) -> Vec<String> {
                let rule: Option<$crate::store::contract::KeyRule<Self>> =
                    [$($keys as $crate::store::contract::KeyRule<Self>)?].into_iter().next();
                rule.map_or_else(Vec::new, |rule| rule(self, keys))
            }

            fn arguments(&self) -> $crate::store::contract::Words<'_> {
                let mut words = Vec::new();
                $crate::store::contract::Argument::push_to(self, &mut words);
                words
            }

            #[cfg(test)]
            fn argument_names() -> Vec<(usize, String)> {
                let names = <Self as $crate::store::contract::Argument>::names("");
                (6..).zip(names).collect()
            }
        }
    };
}

/// Defines what a script returns, or a part of it, as a struct: its fields in the order of the reply.
macro_rules! reply {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        pub(in crate::store) struct $name {
            $(pub(in crate::store) $field: $type,)*
        }

        impl $crate::store::contract::Field for $name {
            fn read(
                reply: &mut $crate::store::reply_reader::ReplyReader,
            ) -> Result<Self, $crate::store::StoreError> {
                Ok(Self {
                    $($field: <$type as $crate::store::contract::Field>::read(reply)?,)*
                })
            }

            #[cfg(test)]
            fn names(_: &str) -> Vec<String> {
                let names: Vec<Vec<String>> = vec![
                    $(<$type as $crate::store::contract::Field>::names(stringify!($field)),)*
                ];
                names.concat()
            }
        }
    };
}

pub(super) use {arguments, procedure, reply};

/// Which keys a procedure needs.
pub(super) type KeyRule<P> = fn(&P, &Keys) -> Vec<String>;

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

macro_rules! number_fields {
    ($($type:ty),+) => {$(
        impl Field for $type {
            fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
                reply.number()
            }
        }
    )+};
}
number_fields!(u32, u64, i64);

impl Field for String {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        reply.text()
    }
}

impl Field for bool {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        reply.flag()
    }
}

impl Field for Timestamp {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        reply.number().map(Self::from_ms)
    }
}

/// `None` where the script returns nil.
impl Field for Option<String> {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        reply.optional_text()
    }
}

/// `None` where the word is empty.
impl Field for Option<u64> {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        let text = reply.text()?;
        match text.as_str() {
            "" => Ok(None),
            number => Ok(Some(number.parse().map_err(|_| UpstashError::Malformed)?)),
        }
    }
}

/// `None` where both words are empty.
impl Field for Option<Cursor> {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        reply.cursor()
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        Cursor::names(field)
    }
}

/// All that is left of the reply.
impl<T: Field> Field for Vec<T> {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        let mut values = Self::new();
        while !reply.is_empty() {
            values.push(T::read(reply)?);
        }
        Ok(values)
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        list_name(field, &T::names(field))
    }
}
