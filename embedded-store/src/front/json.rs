//! Replies as JSON, written straight into the bytes of the response.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::reply::Reply;

/// How strings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As text; bytes that are not UTF-8 are replaced.
    Text,
    /// In base64, except the status `OK` and the texts of errors.
    Base64,
}

/// `{"result":...}` or `{"error":"..."}`.
pub fn write_entry(out: &mut Vec<u8>, reply: &Reply, encoding: Encoding) {
    match reply {
        Reply::Error(text) => write_error(out, text),
        Reply::Status(text) if text == "OK" => out.extend_from_slice(br#"{"result":"OK"}"#),
        reply => {
            out.extend_from_slice(br#"{"result":"#);
            write_value(out, reply, encoding);
            out.push(b'}');
        }
    }
}

/// The entries of a pipeline or a transaction.
pub fn write_entries(out: &mut Vec<u8>, replies: &[Reply], encoding: Encoding) {
    write_list(out, replies, |out, reply| write_entry(out, reply, encoding));
}

/// `{"error":"..."}`.
pub fn write_error(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(br#"{"error":"#);
    write_json(out, text);
    out.push(b'}');
}

fn write_value(out: &mut Vec<u8>, reply: &Reply, encoding: Encoding) {
    match reply {
        Reply::Nil => out.extend_from_slice(b"null"),
        Reply::Int(number) => write_json(out, number),
        Reply::Bulk(bytes) => write_string(out, bytes, encoding),
        // An error inside an array has no field of its own, so it is written as a string.
        Reply::Status(text) | Reply::Error(text) => write_string(out, text.as_bytes(), encoding),
        Reply::Array(replies) => {
            write_list(out, replies, |out, reply| write_value(out, reply, encoding));
        }
    }
}

fn write_list(out: &mut Vec<u8>, replies: &[Reply], mut write: impl FnMut(&mut Vec<u8>, &Reply)) {
    out.push(b'[');
    for (index, reply) in replies.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, reply);
    }
    out.push(b']');
}

fn write_string(out: &mut Vec<u8>, bytes: &[u8], encoding: Encoding) {
    match encoding {
        Encoding::Text => write_json(out, &*String::from_utf8_lossy(bytes)),
        Encoding::Base64 => write_base64(out, bytes),
    }
}

fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // Cannot fail: the buffer has exactly the size of padded base64.
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
    out.push(b'"');
}

fn write_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Cannot fail: the values are strings and integers, and a vector takes every byte.
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(reply: Reply, encoding: Encoding) -> String {
        let mut out = Vec::new();
        write_entry(&mut out, &reply, encoding);
        String::from_utf8(out).unwrap()
    }

    fn sample() -> Reply {
        let status = Reply::Status("PONG".to_owned());
        let bulk = Reply::Bulk(b"a\"\xff".to_vec());
        let nested = Reply::Array(vec![Reply::ok(), Reply::Int(-1)]);
        Reply::Array(vec![
            Reply::Nil,
            status,
            bulk,
            nested,
            Reply::Bulk(Vec::new()),
        ])
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_replaced_in_text() {
        let expected = r#"{"result":[null,"PONG","a\"�",["OK",-1],""]}"#;
        assert_eq!(written(sample(), Encoding::Text), expected);
    }

    #[test]
    fn base64_leaves_only_the_ok_reply_and_errors_plain() {
        let expected = r#"{"result":[null,"UE9ORw==","YSL/",["T0s=",-1],""]}"#;
        assert_eq!(written(sample(), Encoding::Base64), expected);
        assert_eq!(written(Reply::ok(), Encoding::Base64), r#"{"result":"OK"}"#);
        let error = Reply::Error("ERR no".to_owned());
        assert_eq!(written(error, Encoding::Base64), r#"{"error":"ERR no"}"#);
    }
}
