//! Commands as Upstash takes them: JSON arrays of strings.

use std::borrow::Cow;

use serde::Serialize;

/// How long a text is as a JSON string, in bytes: what it adds to a request.
pub(crate) fn encoded_len(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(escaped).sum::<usize>() + 3
}

/// One Redis command with its arguments.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Command<'a>(Vec<Cow<'a, str>>);

impl<'a> Command<'a> {
    /// Begins a command.
    pub fn new(name: &'static str) -> Self {
        Self(vec![Cow::Borrowed(name)])
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<Cow<'a, str>>) -> Self {
        self.0.push(argument.into());
        self
    }

    /// `EVAL` or `EVALSHA`.
    pub(crate) fn script(
        name: &'static str,
        script: &'a str,
        keys: &[&'a str],
        arguments: &[&'a str],
    ) -> Self {
        let mut words = Vec::with_capacity(3 + keys.len() + arguments.len());
        words.push(Cow::Borrowed(name));
        words.push(Cow::Borrowed(script));
        words.push(Cow::Owned(keys.len().to_string()));
        words.extend(
            keys.iter()
                .chain(arguments)
                .map(|word| Cow::Borrowed(*word)),
        );
        Self(words)
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(self.size_hint());
        // Serializing strings to memory cannot fail.
        let _ = serde_json::to_writer(&mut json, self);
        json
    }

    pub(super) fn list_to_json(commands: &[Self]) -> Vec<u8> {
        let mut json = Vec::with_capacity(commands.iter().map(Self::size_hint).sum());
        let _ = serde_json::to_writer(&mut json, commands);
        json
    }

    /// The size of the words, and a tenth more for what JSON escapes.
    fn size_hint(&self) -> usize {
        let size: usize = self.0.iter().map(|word| word.len() + 4).sum();
        size + size / 10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_an_array_of_strings() {
        let command = Command::new("SET").arg("k\"1").arg(5.to_string());
        assert_eq!(command.to_json(), br#"["SET","k\"1","5"]"#);
        let script = Command::script("EVAL", "return 1", &["k"], &["a"]);
        assert_eq!(
            Command::list_to_json(&[script]),
            br#"[["EVAL","return 1","1","k","a"]]"#
        );
    }
}
