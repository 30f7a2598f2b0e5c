//! BITFIELD and BITFIELD_RO: strings as arrays of integers of any width.

use super::super::failure::Failure;
use super::super::number::{integer_argument, parse_integer};
use super::super::spec::Spec;
use super::super::store::Store;
use super::super::value::{Text, Value};
use super::outcome::{Outcome, is};
use crate::reply::Reply;

pub(super) const COMMANDS: &[Spec] = &[
    Spec::write("bitfield", -2, bitfield),
    Spec::read("bitfield_ro", -2, bitfield_ro),
];

/// The longest string in bytes, the default limit of Redis.
const MAX_LENGTH: usize = 512 * 1024 * 1024;

/// What happens to a number that does not fit.
#[derive(Clone, Copy)]
enum Overflow {
    Wrap,
    Saturate,
    Fail,
}

/// The place and type of a number in the string.
#[derive(Clone, Copy)]
struct Field {
    signed: bool,
    bits: usize,
    offset: usize,
}

#[derive(Clone, Copy)]
enum Action {
    Get,
    Set(i64, Overflow),
    Increment(i64, Overflow),
}

struct Operation {
    field: Field,
    action: Action,
}

fn bitfield(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let operations = parse(&command[2..])?;
    match written_length(&operations) {
        Some(length) => write(store, command, &operations, length),
        None => read(store, &command[1], &operations),
    }
}

fn bitfield_ro(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let operations = parse(&command[2..])?;
    if written_length(&operations).is_some() {
        return Err(Failure::fixed(
            "ERR BITFIELD_RO only supports the GET subcommand",
        ));
    }
    read(store, &command[1], &operations)
}

/// The length that the string needs for the writes, if there are any.
fn written_length(operations: &[Operation]) -> Option<usize> {
    let writing = operations
        .iter()
        .filter(|operation| !matches!(operation.action, Action::Get));
    let ends = writing.map(|Operation { field, .. }| field.offset + field.bits);
    ends.max().map(|end| end.div_ceil(8))
}

fn read(store: &Store, key: &[u8], operations: &[Operation]) -> Outcome {
    let text = store.keyspace.read::<Text>(key)?;
    let text = text.map_or(&[][..], Vec::as_slice);
    let replies = operations.iter().map(|operation| {
        let raw = operation.field.read(text);
        Reply::Int(operation.field.number(raw))
    });
    Ok(Reply::Array(replies.collect()))
}

/// Extends the string for all writes. As in Redis it stays extended even if no write succeeds.
fn write(
    store: &mut Store,
    command: &[Vec<u8>],
    operations: &[Operation],
    length: usize,
) -> Outcome {
    let key = &command[1];
    store.keyspace.read::<Text>(key)?;
    let expires_at = store.keyspace.expires_at(key);
    let mut text = match store.keyspace.take(key) {
        Some(Value::String(text)) => text,
        _ => Text::new(),
    };
    let mut changed = text.len() < length;
    if changed {
        text.resize(length, 0);
    }
    let replies = operations.iter();
    let replies = replies.map(|operation| operation.apply(&mut text, &mut changed));
    let replies = Reply::Array(replies.collect());
    store.keyspace.put(key, Value::String(text), expires_at);
    if changed {
        store.changed();
    }
    Ok(replies)
}

impl Operation {
    fn apply(&self, text: &mut [u8], changed: &mut bool) -> Reply {
        let field = self.field;
        let old = field.read(text);
        let new = match self.action {
            Action::Get => Some(old),
            Action::Set(value, overflow) => field.sum(value, 0, overflow),
            Action::Increment(by, overflow) => field.sum(field.number(old), by, overflow),
        };
        let Some(new) = new else {
            return Reply::Nil;
        };
        *changed |= new != old;
        field.write(text, new);
        Reply::Int(field.number(match self.action {
            Action::Get | Action::Set(..) => old,
            Action::Increment(..) => new,
        }))
    }
}

impl Field {
    /// The field's bits, highest first; bits beyond the string are zeros.
    fn read(self, text: &[u8]) -> u64 {
        let bit = |position: usize| {
            let byte = text.get(position / 8).copied().unwrap_or(0);
            u64::from(byte >> (7 - position % 8) & 1)
        };
        let positions = self.offset..self.offset + self.bits;
        positions.fold(0, |raw, position| raw << 1 | bit(position))
    }

    fn write(self, text: &mut [u8], raw: u64) {
        for index in 0..self.bits {
            let position = self.offset + index;
            let mask = 0x80 >> (position % 8);
            // A field that is only read may lie beyond the end.
            if let Some(byte) = text.get_mut(position / 8) {
                let set = raw >> (self.bits - 1 - index) & 1 == 1;
                *byte = if set { *byte | mask } else { *byte & !mask };
            }
        }
    }

    /// The number that the bits represent. An unsigned field has 63 bits at most, so every number fits.
    fn number(self, raw: u64) -> i64 {
        let unused = 64 - self.bits;
        if self.signed {
            return (raw << unused).cast_signed() >> unused;
        }
        raw.cast_signed()
    }

    /// The bits of `value + by`, or `None` if it does not fit and overflow fails.
    fn sum(self, value: i64, by: i64, overflow: Overflow) -> Option<u64> {
        let sum = value.wrapping_add(by).cast_unsigned();
        let limit = match (self.exceeded(value, by), overflow) {
            (None, _) | (Some(_), Overflow::Wrap) => sum,
            (Some(limit), Overflow::Saturate) => limit.cast_unsigned(),
            (Some(_), Overflow::Fail) => return None,
        };
        Some(limit & (u64::MAX >> (64 - self.bits)))
    }

    /// The limit that `value + by` exceeds, if any. These are Redis's comparisons, which take a value far below the
    /// minimum of a narrow field for one above its maximum.
    fn exceeded(self, value: i64, by: i64) -> Option<i64> {
        let max = i64::MAX >> (64 - self.bits - usize::from(!self.signed));
        let to_max = max.wrapping_sub(value);
        if !self.signed {
            let too_large = value < 0 || value > max || by > 0 && by > to_max;
            let too_small = by < 0 && by < value.wrapping_neg();
            return too_large.then_some(max).or(too_small.then_some(0));
        }
        let min = -max - 1;
        let to_min = min.wrapping_sub(value);
        let narrow = self.bits != 64;
        let too_large = value > max || narrow && by > to_max || value >= 0 && by > 0 && by > to_max;
        let too_small = value < min || narrow && by < to_min || value < 0 && by < 0 && by < to_min;
        too_large.then_some(max).or(too_small.then_some(min))
    }
}

fn parse(mut words: &[Vec<u8>]) -> Result<Vec<Operation>, Failure> {
    let mut operations = Vec::new();
    let mut overflow = Overflow::Wrap;
    loop {
        words = match words {
            [] => return Ok(operations),
            [name, kind, offset, rest @ ..] if is(name, "GET") => {
                let field = field(kind, offset)?;
                let action = Action::Get;
                operations.push(Operation { field, action });
                rest
            }
            [name, kind, offset, value, rest @ ..] if is(name, "SET") || is(name, "INCRBY") => {
                let field = field(kind, offset)?;
                let value = integer_argument(value)?;
                let action = match is(name, "SET") {
                    true => Action::Set(value, overflow),
                    false => Action::Increment(value, overflow),
                };
                operations.push(Operation { field, action });
                rest
            }
            [name, kind, rest @ ..] if is(name, "OVERFLOW") => {
                overflow = overflow_of(kind)?;
                rest
            }
            _ => return Err(Failure::SYNTAX),
        };
    }
}

fn overflow_of(word: &[u8]) -> Result<Overflow, Failure> {
    match word.to_ascii_uppercase().as_slice() {
        b"WRAP" => Ok(Overflow::Wrap),
        b"SAT" => Ok(Overflow::Saturate),
        b"FAIL" => Ok(Overflow::Fail),
        _ => Err(Failure::fixed("ERR Invalid OVERFLOW type specified")),
    }
}

/// A type such as `u8` and an offset in bits, or as `#2` in fields of that width.
fn field(kind: &[u8], offset: &[u8]) -> Result<Field, Failure> {
    let (signed, bits) = width(kind).ok_or(Failure::fixed(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
    ))?;
    let position = match offset.strip_prefix(b"#") {
        Some(index) => parse_integer(index).map(|index| index.wrapping_mul(i64::from(bits))),
        None => parse_integer(offset),
    };
    let position = position.and_then(|position| usize::try_from(position).ok());
    let offset = position.filter(|position| position / 8 < MAX_LENGTH);
    let offset = offset.ok_or(Failure::fixed(
        "ERR bit offset is not an integer or out of range",
    ))?;
    let bits = usize::from(bits);
    Ok(Field {
        signed,
        bits,
        offset,
    })
}

/// Whether the type is signed, and its number of bits. A zero byte ends the text.
fn width(kind: &[u8]) -> Option<(bool, u8)> {
    let (first, digits) = kind.split_first()?;
    let signed = match first {
        b'i' => true,
        b'u' => false,
        _ => return None,
    };
    let digits = digits.split(|byte| *byte == 0).next()?;
    let bits = u8::try_from(parse_integer(digits)?).ok()?;
    let most = if signed { 64 } else { 63 };
    (1..=most).contains(&bits).then_some((signed, bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_where_they_were_written() {
        for bits in 1..=63 {
            for offset in 0..20 {
                let field = Field {
                    signed: false,
                    bits,
                    offset,
                };
                let raw = 0x5bd1_e995_a7c3_b1d7 & (u64::MAX >> (64 - bits));
                let mut text = vec![0xa5; 12];
                let before = text.clone();
                field.write(&mut text, raw);
                assert_eq!(field.read(&text), raw, "{bits} bits at {offset}");
                field.write(&mut text, field.read(&before));
                assert_eq!(text, before, "{bits} bits at {offset}");
            }
        }
    }

    #[test]
    fn numbers_stay_within_their_limits() {
        let sum = |kind: &str, value, by, overflow| {
            let field = field(kind.as_bytes(), b"0").unwrap();
            field.sum(value, by, overflow).map(|raw| field.number(raw))
        };
        assert_eq!(sum("i8", 127, 1, Overflow::Wrap), Some(-128));
        assert_eq!(sum("i8", 127, 1, Overflow::Saturate), Some(127));
        assert_eq!(sum("i8", -128, -1, Overflow::Saturate), Some(-128));
        assert_eq!(sum("i8", 127, 1, Overflow::Fail), None);
        assert_eq!(sum("u2", 3, 2, Overflow::Wrap), Some(1));
        assert_eq!(sum("u2", 0, -1, Overflow::Saturate), Some(0));
        assert_eq!(sum("u63", i64::MAX, 1, Overflow::Wrap), Some(0));
        assert_eq!(sum("i64", i64::MAX, 1, Overflow::Wrap), Some(i64::MIN));
        assert_eq!(sum("i64", i64::MIN, -1, Overflow::Fail), None);
        assert_eq!(sum("i1", 0, -1, Overflow::Fail), Some(-1));
    }
}
