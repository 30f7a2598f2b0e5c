//! Parsing a request into a call: one command, a pipeline or a transaction.

use std::fmt;
use std::io::Write as _;

use percent_encoding::percent_decode;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::reply::Command;

/// A parsed command request.
pub enum Call {
    /// One command, in the body or in the path.
    Single(Command),
    /// `/pipeline`: commands in order.
    Pipeline(Vec<Command>),
    /// `/multi-exec`: commands in one transaction.
    Transaction(Vec<Command>),
}

impl Call {
    /// Parses the raw path, the raw query and the body. The error is the text of the response.
    pub fn parse(path: &str, query: Option<&str>, body: &[u8]) -> Result<Self, &'static str> {
        match path.trim_matches('/') {
            "" => single(body).map(Self::Single),
            "pipeline" => several(body).map(Self::Pipeline),
            "multi-exec" => several(body).map(Self::Transaction),
            words => Ok(Self::Single(from_path(words, query, body))),
        }
    }

    /// The commands in order.
    pub fn commands(&self) -> &[Command] {
        match self {
            Self::Single(command) => std::slice::from_ref(command),
            Self::Pipeline(commands) | Self::Transaction(commands) => commands,
        }
    }
}

fn single(body: &[u8]) -> Result<Command, &'static str> {
    let words: Vec<Word> =
        serde_json::from_slice(body).map_err(|_| "ERR failed to parse command")?;
    if words.is_empty() {
        return Err("ERR empty command");
    }
    Ok(into_command(words))
}

fn several(body: &[u8]) -> Result<Vec<Command>, &'static str> {
    let commands: Vec<Vec<Word>> =
        serde_json::from_slice(body).map_err(|_| "ERR failed to parse pipeline request")?;
    if commands.is_empty() {
        return Err("ERR empty pipeline request");
    }
    Ok(commands.into_iter().map(into_command).collect())
}

fn into_command(words: Vec<Word>) -> Command {
    // Collected in place: a word is its bytes.
    words.into_iter().map(|Word(bytes)| bytes).collect()
}

/// `/set/key/value/EX/100`; a body comes next, then the query's names and values.
fn from_path(words: &str, query: Option<&str>, body: &[u8]) -> Command {
    let segments = words.split('/');
    let mut command: Command = segments
        .map(|segment| percent_decode(segment.as_bytes()).collect())
        .collect();
    if !body.is_empty() {
        command.push(body.to_vec());
    }
    let parameters = query.unwrap_or_default().split('&');
    for parameter in parameters.filter(|p| !p.is_empty() && !p.starts_with("_token=")) {
        command.extend(parameter.splitn(2, '=').map(from_query));
    }
    command
}

/// Decodes as forms are: a plus is a space.
fn from_query(text: &str) -> Vec<u8> {
    percent_decode(text.replace('+', " ").as_bytes()).collect()
}

/// One element of a JSON command, as the bytes Redis gets. Arrays and objects are refused.
struct Word(Vec<u8>);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordVisitor)
    }
}

struct WordVisitor;

impl WordVisitor {
    fn printed<E: Error>(value: impl fmt::Display) -> Result<Word, E> {
        let mut bytes = Vec::new();
        write!(bytes, "{value}").map_err(E::custom)?;
        Ok(Word(bytes))
    }
}

impl Visitor<'_> for WordVisitor {
    type Value = Word;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number, a boolean or null")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Word, E> {
        Ok(Word(text.as_bytes().to_vec()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Word, E> {
        Ok(Word(text.into_bytes()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Word, E> {
        Self::printed(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Word, E> {
        Self::printed(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Word, E> {
        Self::printed(number)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Word, E> {
        Self::printed(truth)
    }

    fn visit_unit<E: Error>(self) -> Result<Word, E> {
        self.visit_str("null")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(path: &str, query: Option<&str>, body: &str) -> Result<Vec<String>, &'static str> {
        let call = Call::parse(path, query, body.as_bytes())?;
        let words = call.commands()[0].iter();
        Ok(words
            .map(|w| String::from_utf8(w.clone()).unwrap())
            .collect())
    }

    #[test]
    fn scalars_become_strings() {
        let words = parsed("/", None, r#"["A",1,-2,1.5,2.0,1e21,true,null,"é\n"]"#).unwrap();
        let big = "1000000000000000000000";
        assert_eq!(
            words,
            ["A", "1", "-2", "1.5", "2", big, "true", "null", "é\n"]
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for body in [
            "",
            "{}",
            "[",
            "[{}]",
            "[[1]]",
            "[1] x",
            "\"GET\"",
            "[\"\\ud800\"]",
        ] {
            assert_eq!(
                parsed("/", None, body),
                Err("ERR failed to parse command"),
                "{body}"
            );
        }
        assert_eq!(parsed("/", None, "[]"), Err("ERR empty command"));
        assert_eq!(
            parsed("/pipeline", None, "[]"),
            Err("ERR empty pipeline request")
        );
        let failed = Err("ERR failed to parse pipeline request");
        assert_eq!(parsed("/multi-exec", None, "[\"GET\"]"), failed);
    }

    #[test]
    fn path_body_and_query_are_joined_in_this_order() {
        let query = Some("_token=t&EX=100&NX&a=b+c%2B");
        let words = parsed("/set/a%2Fb/", query, "va/lue").unwrap();
        assert_eq!(
            words,
            ["set", "a/b", "va/lue", "EX", "100", "NX", "a", "b c+"]
        );
    }
}
