//! Converting the client library's values to replies.

use redis::{ServerError, Value};

use crate::reply::Reply;

/// The reply a value of the library stands for. The connection speaks RESP2, so the types of RESP3
/// do not occur; they map to what RESP2 would have sent.
pub fn from_value(value: Value) -> Reply {
    match value {
        Value::Nil => Reply::Nil,
        Value::Int(number) => Reply::Int(number),
        Value::BulkString(bytes) => Reply::Bulk(bytes),
        Value::Okay => Reply::ok(),
        Value::SimpleString(text) => Reply::Status(text),
        Value::ServerError(error) => Reply::Error(error_text(&error)),
        Value::Array(values) | Value::Set(values) | Value::Push { data: values, .. } => {
            Reply::Array(values.into_iter().map(from_value).collect())
        }
        Value::Map(pairs) => {
            let flat = pairs.into_iter().flat_map(|(key, value)| [key, value]);
            Reply::Array(flat.map(from_value).collect())
        }
        Value::Attribute { data, .. } => from_value(*data),
        Value::Double(number) => Reply::Bulk(number.to_string().into_bytes()),
        Value::Boolean(truth) => Reply::Int(truth.into()),
        Value::VerbatimString { text, .. } => Reply::Bulk(text.into_bytes()),
        Value::BigNumber(digits) => Reply::Bulk(digits),
        // The library's enum may grow.
        _ => Reply::Error("ERR the server sent a value of an unknown type".to_owned()),
    }
}

/// The server's own text. The library splits it at the first space and prints it otherwise.
pub fn error_text(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}
