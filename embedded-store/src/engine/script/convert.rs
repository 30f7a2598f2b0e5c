//! Converting between Lua values and replies.

use mlua::{Lua, Table, Value};

use super::super::failure::Failure;
use super::super::number::format_double;
use crate::reply::Reply;

/// The depth limit of nested tables, since a table may contain itself.
const MAX_DEPTH: usize = 128;

/// A reply as redis.call returns it.
pub(super) fn to_lua(lua: &Lua, reply: &Reply) -> mlua::Result<Value> {
    Ok(match reply {
        Reply::Nil => Value::Boolean(false),
        #[expect(
            clippy::cast_precision_loss,
            reason = "Lua 5.1 has no other numbers, as in Redis"
        )]
        Reply::Int(number) => Value::Number(*number as f64),
        Reply::Bulk(bytes) => Value::String(lua.create_string(bytes)?),
        Reply::Status(text) => single_field(lua, "ok", text)?,
        Reply::Error(text) => single_field(lua, "err", text)?,
        Reply::Array(items) => {
            let table = lua.create_table_with_capacity(items.len(), 0)?;
            for (index, item) in items.iter().enumerate() {
                table.raw_set(index + 1, to_lua(lua, item)?)?;
            }
            Value::Table(table)
        }
    })
}

fn single_field(lua: &Lua, name: &str, text: &str) -> mlua::Result<Value> {
    let table = lua.create_table_with_capacity(0, 1)?;
    table.raw_set(name, text)?;
    Ok(Value::Table(table))
}

/// What a script returned as the reply to EVAL.
pub(super) fn to_reply(value: &Value) -> Result<Reply, Failure> {
    reply_within(value, MAX_DEPTH)
}

fn reply_within(value: &Value, depth: usize) -> Result<Reply, Failure> {
    Ok(match value {
        Value::Boolean(true) => Reply::Int(1),
        Value::Integer(number) => Reply::Int(*number),
        Value::Number(number) => Reply::Int(truncate(*number)),
        Value::String(text) => Reply::Bulk(text.as_bytes().to_vec()),
        Value::Table(table) => table_reply(table, depth)?,
        // false, nil, functions and everything else without a counterpart.
        _ => Reply::Nil,
    })
}

fn table_reply(table: &Table, depth: usize) -> Result<Reply, Failure> {
    if depth == 0 {
        return Err(Failure::fixed("ERR reached lua stack limit"));
    }
    if let Some(text) = text_field(table, "err") {
        return Ok(Failure::new(text).into());
    }
    if let Some(text) = text_field(table, "ok") {
        return Ok(Reply::Status(text.replace(['\r', '\n'], " ")));
    }
    let mut items = Vec::new();
    for index in 1.. {
        match table.raw_get::<Value>(index) {
            Ok(Value::Nil) | Err(_) => break,
            Ok(item) => items.push(reply_within(&item, depth - 1)?),
        }
    }
    Ok(Reply::Array(items))
}

fn text_field(table: &Table, name: &str) -> Option<String> {
    match table.raw_get(name) {
        Ok(Value::String(text)) => Some(text.to_string_lossy()),
        _ => None,
    }
}

/// As C casts on x86-64: a number that does not fit becomes the lowest one.
fn truncate(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) {
        #[expect(clippy::cast_possible_truncation, reason = "just found to fit")]
        return number as i64;
    }
    i64::MIN
}

/// An argument of redis.call as a word of the command, if it is a string or a number.
pub(super) fn to_word(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        #[expect(clippy::cast_precision_loss, reason = "it came from a double")]
        Value::Integer(number) => Some(format_double(*number as f64).into_bytes()),
        Value::Number(number) => Some(format_double(*number).into_bytes()),
        _ => None,
    }
}
