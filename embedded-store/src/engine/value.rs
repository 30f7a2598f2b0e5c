//! The types of values that a key can hold.

use std::collections::BTreeMap;

use super::sorted_set::SortedSet;

/// A string's bytes.
pub(super) type Text = Vec<u8>;

/// A hash. The fields are in the order of their bytes, on which clients must not rely.
pub(super) type Hash = BTreeMap<Vec<u8>, Vec<u8>>;

/// The value of a key.
pub(super) enum Value {
    String(Text),
    Hash(Hash),
    SortedSet(SortedSet),
}

impl Value {
    /// The type's name as TYPE replies it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::Hash(_) => "hash",
            Self::SortedSet(_) => "zset",
        }
    }
}

/// One of the types inside [`Value`].
pub(super) trait Kind: Into<Value> {
    /// The content of `value` if it is of this type.
    fn of(value: &Value) -> Option<&Self>;
}

/// A type whose keys disappear with their last element.
pub(super) trait Collection: Kind + Default {
    /// As [`Kind::of`], to change it.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    /// Whether the key has to go.
    fn is_empty(&self) -> bool;
}

macro_rules! kinds {
    ($($variant:ident($kind:ty)),*) => {$(
        impl From<$kind> for Value {
            fn from(content: $kind) -> Self {
                Self::$variant(content)
            }
        }

        impl Kind for $kind {
            fn of(value: &Value) -> Option<&Self> {
                match value {
                    Value::$variant(content) => Some(content),
                    _ => None,
                }
            }
        }
    )*};
}

macro_rules! collections {
    ($($variant:ident($kind:ty)),*) => {$(
        impl Collection for $kind {
            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                match value {
                    Value::$variant(content) => Some(content),
                    _ => None,
                }
            }

            fn is_empty(&self) -> bool {
                self.len() == 0
            }
        }
    )*};
}

kinds!(String(Text), Hash(Hash), SortedSet(SortedSet));
collections!(Hash(Hash), SortedSet(SortedSet));
