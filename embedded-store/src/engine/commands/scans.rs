//! KEYS, SCAN and HSCAN: iterating over keys and hash fields.

use super::super::failure::Failure;
use super::super::glob;
use super::super::keyspace::scan_position;
use super::super::number::integer_argument;
use super::super::spec::{Keys, Spec};
use super::super::store::Store;
use super::super::value::{Hash, Value};
use super::outcome::{Outcome, is};
use crate::reply::Reply;

pub(super) const COMMANDS: &[Spec] = &[
    Spec::read("keys", 2, keys).with_keys(Keys::Keyspace),
    Spec::read("scan", -2, scan).with_keys(Keys::Keyspace),
    Spec::read("hscan", -3, hscan),
];

/// Up to these sizes Redis packs a hash, and HSCAN returns all of it at once whatever COUNT says.
const PACKED_FIELDS: usize = 512;
const PACKED_BYTES: usize = 64;

fn keys(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let found = store.keyspace.keys();
    let found = found.filter(|key| glob::matches(&command[1], key));
    Ok(Reply::Array(
        found.map(|key| Reply::Bulk(key.to_vec())).collect(),
    ))
}

/// The options of SCAN and HSCAN.
struct ScanOptions<'a> {
    pattern: Option<&'a [u8]>,
    type_name: Option<&'a [u8]>,
    count: usize,
}

impl<'a> ScanOptions<'a> {
    fn parse(words: &'a [Vec<u8>], with_type: bool) -> Result<Self, Failure> {
        let mut options = Self {
            pattern: None,
            type_name: None,
            count: 10,
        };
        for pair in words.chunks(2) {
            let [name, value] = pair else {
                return Err(Failure::SYNTAX);
            };
            if is(name, "MATCH") {
                options.pattern = Some(value);
            } else if is(name, "TYPE") && with_type {
                options.type_name = Some(value);
            } else if is(name, "COUNT") {
                let count = usize::try_from(integer_argument(value)?).unwrap_or(0);
                options.count = Some(count)
                    .filter(|count| *count > 0)
                    .ok_or(Failure::SYNTAX)?;
            } else {
                return Err(Failure::SYNTAX);
            }
        }
        Ok(options)
    }

    fn accepts(&self, name: &[u8]) -> bool {
        self.pattern
            .is_none_or(|pattern| glob::matches(pattern, name))
    }

    fn accepts_type(&self, value: Option<&Value>) -> bool {
        let Some(wanted) = self.type_name else {
            return true;
        };
        value.is_some_and(|value| wanted.eq_ignore_ascii_case(value.type_name().as_bytes()))
    }
}

fn parse_cursor(text: &[u8]) -> Result<u64, Failure> {
    let cursor = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok());
    cursor.ok_or(Failure::fixed("ERR invalid cursor"))
}

/// Takes a page from `items`, which are sorted by position; returns the cursor of the next page and the page.
/// Items that share a position stay together, because a cursor cannot tell them apart.
fn page<T>(items: impl Iterator<Item = (u64, T)>, count: usize) -> (u64, Vec<T>) {
    let mut taken = Vec::new();
    let mut last = None;
    for (position, item) in items {
        if taken.len() >= count && last != Some(position) {
            return (position, taken);
        }
        last = Some(position);
        taken.push(item);
    }
    (0, taken)
}

fn page_reply(cursor: u64, items: Vec<Reply>) -> Reply {
    let cursor = Reply::Bulk(cursor.to_string().into_bytes());
    Reply::Array(vec![cursor, Reply::Array(items)])
}

fn scan(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let cursor = parse_cursor(&command[1])?;
    let options = ScanOptions::parse(&command[2..], true)?;
    let (next, keys) = page(store.keyspace.scan_from(cursor), options.count);
    let keys = keys
        .into_iter()
        .filter(|key| options.accepts(key) && options.accepts_type(store.keyspace.get(key)));
    Ok(page_reply(
        next,
        keys.map(|key| Reply::Bulk(key.to_vec())).collect(),
    ))
}

fn hscan(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let cursor = parse_cursor(&command[2])?;
    let Some(hash) = store.keyspace.read::<Hash>(&command[1])? else {
        return Ok(page_reply(0, Vec::new()));
    };
    let options = ScanOptions::parse(&command[3..], false)?;
    let (next, fields) = hash_page(hash, cursor, options.count);
    let fields = fields
        .into_iter()
        .filter(|(field, _)| options.accepts(field));
    let items = fields.flat_map(|(field, value)| [field, value]);
    Ok(page_reply(
        next,
        items.map(|item| Reply::Bulk(item.clone())).collect(),
    ))
}

type Field<'a> = (&'a Vec<u8>, &'a Vec<u8>);

fn hash_page(hash: &Hash, cursor: u64, count: usize) -> (u64, Vec<Field<'_>>) {
    let is_small = |bytes: &Vec<u8>| bytes.len() <= PACKED_BYTES;
    let packed = hash.len() <= PACKED_FIELDS
        && hash
            .iter()
            .all(|(field, value)| is_small(field) && is_small(value));
    if packed {
        return (0, hash.iter().collect());
    }
    let fields = hash.iter().map(|field| (scan_position(field.0), field));
    let mut ahead: Vec<_> = fields.filter(|(position, _)| *position >= cursor).collect();
    ahead.sort_unstable_by_key(|(position, _)| *position);
    page(ahead.into_iter(), count)
}
