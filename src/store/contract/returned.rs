//! What can be read of a script's reply.

use super::Field;
#[cfg(test)]
use super::{Argument, list_name};
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::cursor::Cursor;
use crate::store::reply_reader::ReplyReader;
use crate::upstash::UpstashError;

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
