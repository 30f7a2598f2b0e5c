//! Long values of messages, stored compressed: `~`, the length of their JSON text, `:` and base64 of its zlib form.
//!
//! JSON text never begins with `~`, so what is stored says itself which of the two it is, and scripts,
//! to which values are opaque, need not know; the length tells them how much room it takes up. Base64, because Redis is reached by JSON.
//!
//! The release before packs contents only, and takes nothing for one that does not unpack to a string: it could not read a
//! message with another long value. So such a value is packed with `"","name":` in front, which no JSON text begins with. That
//! release passes it on as it is, and `{"parts":"","parts":[…]}` is to its clients what `{"parts":[…]}` is.

use std::borrow::Cow;
use std::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::json::quoted;
use super::{Record, limits};

const MARK: char = '~';

/// JSON texts up to here, in bytes, are stored as they are. Most of an account are replies of an assistant of one or two
/// thousand bytes: with a threshold above these there would be next to nothing saved.
const THRESHOLD: usize = 512;

/// From 0 to 9: see `what_it_saves` below. More saves nothing, and less is hardly faster, or saves half as much.
const LEVEL: u32 = 6;

thread_local! {
    // Their tables are larger than most messages: rebuilding them would take longer than using them.
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(LEVEL), true));
    static DECOMPRESSOR: RefCell<Decompress> = RefCell::new(Decompress::new(true));
}

impl Record {
    /// Adds a member of a message, packed where that makes it shorter. `json` is JSON text.
    pub(super) fn push_packed(&mut self, name: &str, json: &str) {
        self.push(name, pack(name, json).as_deref().unwrap_or(json));
    }
}

/// A stored record with all values as JSON text; `None` where one cannot be unpacked.
pub(super) fn unpack_record(stored: &str) -> Option<Record> {
    let mut record = Record::default();
    for (name, value) in Record::members(stored) {
        let unpacked = match value.strip_prefix(MARK) {
            Some(packed) => Some(unpack(packed)?),
            None => None,
        };
        let json = match &unpacked {
            Some(text) => without_prefix(name, text)?,
            None => value,
        };
        record.push_quoted(name, json);
    }
    Some(record)
}

/// What stands in front of a packed value that is no string.
fn prefix(quoted_name: &str) -> String {
    format!("{EMPTY},{quoted_name}:")
}

const EMPTY: &str = "\"\"";

/// An unpacked value as it was sent; `None` if it belongs to another member.
fn without_prefix<'a>(quoted_name: &str, text: &'a str) -> Option<&'a str> {
    match text.len() > EMPTY.len() && text.starts_with(EMPTY) {
        true => text.strip_prefix(&prefix(quoted_name)),
        false => Some(text),
    }
}

/// The packed form of a JSON text, where it is a shorter one.
fn pack(name: &str, json: &str) -> Option<String> {
    if json.len() <= THRESHOLD {
        return None;
    }
    let text: Cow<'_, str> = match json.starts_with('"') {
        true => json.into(),
        false => (prefix(&quoted(name)) + json).into(),
    };
    let compressed = COMPRESSOR.with_borrow_mut(|it| compress(it, text.as_bytes()))?;
    let packed = format!(
        "{MARK}{}:{}",
        text.len(),
        STANDARD_NO_PAD.encode(compressed)
    );
    (packed.len() < json.len()).then_some(packed)
}

/// The zlib form of `bytes`; `None` if it is not shorter.
fn compress(compressor: &mut Compress, bytes: &[u8]) -> Option<Vec<u8>> {
    compressor.reset();
    let mut compressed = Vec::with_capacity(bytes.len());
    let status = compressor.compress_vec(bytes, &mut compressed, FlushCompress::Finish);
    (status.ok()? == Status::StreamEnd).then_some(compressed)
}

/// The JSON text behind the mark; `None` where it is damaged, which zlib's checksum tells, or longer than
/// anything that was ever sent: a few bytes can unpack to a thousand times as many.
fn unpack(packed: &str) -> Option<String> {
    let (length, compressed) = packed.split_once(':')?;
    let length = length.parse().ok().filter(|it| *it <= limits::BODY)?;
    let compressed = STANDARD_NO_PAD.decode(compressed).ok()?;
    let json = DECOMPRESSOR.with_borrow_mut(|it| decompress(it, &compressed, length))?;
    let json = String::from_utf8(json).ok()?;
    json.starts_with('"').then_some(json)
}

/// Decompresses `compressed`, if the result has this length.
fn decompress(decompressor: &mut Decompress, compressed: &[u8], length: usize) -> Option<Vec<u8>> {
    decompressor.reset(true);
    let mut bytes = Vec::with_capacity(length + 1);
    let status = decompressor.decompress_vec(compressed, &mut bytes, FlushDecompress::Finish);
    (status.ok()? == Status::StreamEnd && bytes.len() == length).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::message::digest_of;
    use crate::model::{NewMessage, Object, Timestamp};
    use flate2::write::ZlibEncoder;
    use proptest::prelude::*;
    use std::io::Write;
    use std::time::Instant;

    /// A record with this content, as it is stored and as it comes back.
    fn store(json: &str) -> (String, String) {
        let mut packed = Record::default();
        for (name, json) in [("a", "1"), ("content", json), ("b", "\"~\"")] {
            packed.push_packed(name, json);
        }
        let stored = packed.as_str().to_owned();
        let read = unpack_record(&stored).unwrap();
        (stored, read.as_str().to_owned())
    }

    fn record(json: &str) -> String {
        format!("\"a\"\u{1f}1\u{1e}\"content\"\u{1f}{json}\u{1e}\"b\"\u{1f}\"~\"\u{1e}")
    }

    /// In zlib's form, which may be longer.
    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(LEVEL));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn stored(bytes: &[u8]) -> String {
        let packed = STANDARD_NO_PAD.encode(zlib(bytes));
        format!("\"content\"\u{1f}{MARK}{}:{packed}\u{1e}", bytes.len())
    }

    #[test]
    fn long_contents_are_shorter_and_the_others_as_they_were() {
        let long = quoted(&"What is the meaning of this? ".repeat(100));
        let (packed, read) = store(&long);
        assert!(packed.len() < long.len() / 5);
        assert_eq!(read, record(&long));
        for json in ["\"\"", "\"~short\"", &quoted(&"x".repeat(THRESHOLD - 2))] {
            assert_eq!(store(json).0, record(json));
        }
        // What cannot be compressed is not stored longer than it was sent.
        let noise: String = (0..5_000).map(|_| fastrand::alphanumeric()).collect();
        assert!(store(&quoted(&noise)).0.len() <= record(&quoted(&noise)).len());
    }

    /// As the release before unpacks a value: to a string, or not at all.
    fn unpack_before(value: &str) -> Option<String> {
        unpack(value.strip_prefix(MARK)?).filter(|text| text.starts_with('"'))
    }

    #[test]
    fn long_values_that_are_no_strings_are_packed_so_that_the_release_before_can_read_them() {
        let list = format!("[{}]", vec!["{\"a\":1}"; 200].join(", "));
        for json in [
            list,
            format!("{{\"a\":{}}}", "1".repeat(600)),
            "1".repeat(600),
        ] {
            let mut record = Record::default();
            record.push_packed("a\n", &json);
            assert!(record.as_str().len() < json.len() / 3);
            let read = unpack_record(record.as_str()).unwrap();
            assert_eq!(read.as_str(), format!("\"a\\n\"\u{1f}{json}\u{1e}"));
            let (_, packed) = Record::members(record.as_str()).next().unwrap();
            let before = format!("{{\"a\\n\":{}}}", unpack_before(packed).unwrap());
            let object = Object::parse(before.as_bytes(), "m").unwrap();
            assert_eq!(object.get("a\n").unwrap().get(), json);
            // Under another name it is damaged.
            assert_eq!(unpack_record(&format!("\"b\"\u{1f}{packed}\u{1e}")), None);
        }
    }

    #[test]
    fn a_digest_is_of_what_was_sent() {
        let json = quoted(&"What is the meaning of this? ".repeat(100));
        let json = format!(r#"{{"id":"m","type":"user","content":{json}}}"#);
        let raw = serde_json::from_str(&json).unwrap();
        let message = NewMessage::parse(raw, "m", Timestamp::from_ms(5)).unwrap();
        let sent = unpack_record(message.record.as_str()).unwrap();
        assert_ne!(sent, message.record);
        assert_eq!(message.digest, digest_of(&[b"", sent.as_str().as_bytes()]));
    }

    #[test]
    fn what_is_damaged_is_no_record() {
        let json = quoted(&"What is the meaning of this? ".repeat(100));
        let good = stored(json.as_bytes());
        assert!(unpack_record(&good).is_some());
        let begin = good.find(MARK).unwrap() + 1;
        for at in begin..good.len() - 1 {
            let new = if &good[at..=at] == "A" { "B" } else { "A" };
            let damaged = [&good[..at], new, &good[at + 1..]].concat();
            let read = unpack_record(&damaged);
            // Some bits of zlib's header and of its tables mean nothing.
            assert!(
                read.is_none() || read == unpack_record(&good),
                "damaged at {at}"
            );
            let cut = format!("{}\u{1e}", &good[..at]);
            assert_eq!(unpack_record(&cut), None, "cut at {at}");
        }
        for bytes in [&b"\"\xff\""[..], b"", b"{}"] {
            assert_eq!(unpack_record(&stored(bytes)), None);
        }
        for packed in ["~", "~!", "~\"", "~ä", "~5", "~5:", "~:AA", "~-1:AA"] {
            assert_eq!(
                unpack_record(&format!("\"content\"\u{1f}{packed}\u{1e}")),
                None
            );
        }
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let text = |length: usize| stored(&[b"\"", vec![b'x'; length].as_slice()].concat());
        assert!(unpack_record(&text(limits::BODY - 1)).is_some());
        assert_eq!(unpack_record(&text(limits::BODY)), None);
        assert_eq!(unpack_record(&text(50_000_000)), None);
    }

    proptest! {
        #[test]
        fn any_text_comes_back_byte_for_byte(text in "(?s).{0,80}", times in 1usize..200) {
            let json = quoted(&text.repeat(times));
            prop_assert_eq!(store(&json).1, record(&json));
        }

        #[test]
        fn whatever_is_stored_does_no_harm(text in ".*", bytes: Vec<u8>) {
            let base64 = STANDARD_NO_PAD.encode(&bytes);
            for value in [text, base64, format!("{}:{}", bytes.len(), STANDARD_NO_PAD.encode(zlib(&bytes)))] {
                unpack_record(&format!("\"content\"\u{1f}~{value}\u{1e}"));
            }
        }
    }

    /// Measures the contents of the file that `CONVERSATIONS` names, a value of the frontend's
    /// localStorage key; by default that of the sample.
    #[test]
    fn what_it_saves() {
        let path = std::env::var("CONVERSATIONS").unwrap_or_else(|_| "public/sample.json".into());
        let dump: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let conversations = dump.as_array().unwrap().iter();
        let contents: Vec<String> = conversations
            .flat_map(|conversation| conversation["messages"].as_array().unwrap())
            .map(|message| message["content"].to_string())
            .collect();
        let all: usize = contents.iter().map(String::len).sum();
        println!("{} contents, {all} bytes", contents.len());
        println!("level  longer than  of them  bytes    stored   saved of all  MB/s in");
        for level in [1, 2, 6, 9] {
            for threshold in [256, 512, 1_024, 2_048] {
                measure(&contents, all, level, threshold);
            }
        }
    }

    fn measure(contents: &[String], all: usize, level: u32, threshold: usize) {
        let long = contents.iter().filter(|json| json.len() > threshold);
        let (mut count, mut bytes, mut stored) = (0, 0, 0);
        let mut compressor = Compress::new(Compression::new(level), true);
        let began = Instant::now();
        for json in long {
            let packed = compress(&mut compressor, json.as_bytes())
                .map_or(json.len(), |compressed| compressed.len() * 4 / 3 + 2);
            count += 1;
            bytes += json.len();
            stored += packed.min(json.len());
        }
        let speed = bytes as f64 / 1e6 / began.elapsed().as_secs_f64();
        let saved = (bytes - stored) as f64 / all as f64 * 100.0;
        println!(
            "{level:<6} {threshold:<12} {count:<8} {bytes:<8} {stored:<8} {saved:<13.1} {speed:.0}"
        );
    }
}
