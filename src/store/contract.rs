//! The contract between operations and scripts: how a struct writes a script's arguments, and how another reads its
//! reply. The structs are in `scripts/`; a test holds their fields against the header of the script. What a field may be is
//! in `sent` and `returned`.

mod returned;
mod sent;

use std::borrow::Cow;

use super::StoreError;
use super::keys::Keys;
use super::reply_reader::ReplyReader;
use crate::upstash::Script;

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
