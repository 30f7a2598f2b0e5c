//! Cuts a source into portions, at the ends of lines or of conversations.

use std::io::BufRead;

use crate::Format;
use crate::error::SplitError;
use crate::json::Json;
use crate::scan::Scanner;

/// A portion of a source, which [`crate::convert`] takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Lines, or an array of conversations.
    pub bytes: Vec<u8>,
    /// How many lines or conversations of the source came before it.
    pub first: usize,
    /// Whether it is a single line or conversation that has more bytes than asked for.
    pub is_oversized: bool,
}

/// Cuts a source into portions of at most `max_bytes`. It holds one portion at a time, and one line or conversation more.
///
/// A larger line or conversation becomes its own portion, marked as such. A source that cannot be cut is one portion:
/// a `UIMessage[]`, or a single conversation.
pub fn split<R: BufRead>(reader: R, format: Format, max_bytes: usize) -> Split<R> {
    Split {
        scanner: Scanner::new(reader),
        format,
        max_bytes,
        form: None,
        pending: None,
        count: 0,
        is_done: false,
    }
}

/// The portions of a source; see [`split`].
#[derive(Debug)]
pub struct Split<R> {
    scanner: Scanner<R>,
    format: Format,
    max_bytes: usize,
    form: Option<Form>,
    /// What did not fit into the portion before.
    pending: Option<Vec<u8>>,
    /// How many lines or conversations have been handed out.
    count: usize,
    is_done: bool,
}

/// The container of a source's items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Lines,
    Array,
    /// There is one item.
    Whole,
}

impl<R: BufRead> Iterator for Split<R> {
    type Item = Result<Portion, SplitError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let portion = self.portion().transpose();
        self.is_done = !matches!(portion, Some(Ok(_)));
        portion
    }
}

impl<R: BufRead> Split<R> {
    fn portion(&mut self) -> Result<Option<Portion>, SplitError> {
        let form = self.form()?;
        let first = self.count;
        let mut bytes = Vec::new();
        // An array has brackets around, and a comma before each conversation but one.
        let around = if form == Form::Array { 2 } else { 0 };
        while let Some(item) = self.item(form)? {
            let is_first = self.count == first;
            if !is_first && bytes.len() + item.len() + around > self.max_bytes {
                self.pending = Some(item);
                break;
            }
            if form == Form::Array {
                bytes.push(if is_first { b'[' } else { b',' });
            }
            bytes.extend(item);
            self.count += 1;
        }
        if self.count == first {
            return Ok(None);
        }
        bytes.extend((form == Form::Array).then_some(b']'));
        let is_oversized = bytes.len() > self.max_bytes;
        Ok(Some(Portion {
            bytes,
            first,
            is_oversized,
        }))
    }

    fn item(&mut self, form: Form) -> Result<Option<Vec<u8>>, SplitError> {
        if let Some(item) = self.pending.take() {
            return Ok(Some(item));
        }
        match form {
            Form::Lines => self.scanner.line(),
            Form::Array => self.element(),
            Form::Whole => Ok(None),
        }
    }

    /// The next element of an array.
    fn element(&mut self) -> Result<Option<Vec<u8>>, SplitError> {
        let mut between = Vec::new();
        let mut next = self.scanner.space(&mut between)?;
        if next == Some(b',') {
            self.scanner.take(&mut between)?;
            next = self.scanner.space(&mut between)?;
        }
        match next {
            Some(b']') => return Ok(None),
            Some(b',' | b'}' | b':') | None => return Err(SplitError::NotJson),
            Some(_) => {}
        }
        let mut element = Vec::new();
        self.scanner.value(&mut element)?;
        Ok(Some(element))
    }

    /// Determines the container of the items, and reads up to the first of them.
    fn form(&mut self) -> Result<Form, SplitError> {
        if let Some(form) = self.form {
            return Ok(form);
        }
        self.scanner.mark()?;
        let form = match (self.format, self.scanner.peek()?) {
            (_, None) | (Format::ClaudeCode, _) => Form::Lines,
            _ => self.form_of_json()?,
        };
        self.form = Some(form);
        Ok(form)
    }

    fn form_of_json(&mut self) -> Result<Form, SplitError> {
        let mut before = Vec::new();
        match self.scanner.space(&mut before)? {
            Some(b'[') => {
                self.scanner.take(&mut before)?;
                self.form_of_array()
            }
            Some(b'{') => self.form_of_object(),
            None => Ok(Form::Lines),
            Some(_) => Err(SplitError::NotJson),
        }
    }

    /// An array of messages is one conversation; of anything else, several.
    fn form_of_array(&mut self) -> Result<Form, SplitError> {
        self.pending = self.element()?;
        let first = self
            .pending
            .as_deref()
            .and_then(|first| std::str::from_utf8(first).ok());
        let first = first
            .and_then(Json::parse)
            .and_then(Json::object)
            .unwrap_or_default();
        if self.format != Format::UiMessages || !first.has("role") {
            return Ok(Form::Array);
        }
        let mut whole = Vec::new();
        while let Some(item) = self.item(Form::Array)? {
            whole.push(if whole.is_empty() { b'[' } else { b',' });
            whole.extend(item);
        }
        whole.push(b']');
        self.pending = Some(whole);
        Ok(Form::Whole)
    }

    /// An object holds conversations, or is one, or the first of several lines.
    fn form_of_object(&mut self) -> Result<Form, SplitError> {
        let mut read = Vec::new();
        self.scanner.take(&mut read)?;
        loop {
            match self.scanner.space(&mut read)? {
                Some(b',') => self.scanner.take(&mut read)?,
                Some(b'"') => {
                    if self.begins_conversations(&mut read)? {
                        return Ok(Form::Array);
                    }
                }
                Some(b'}') => break,
                _ => return Err(SplitError::NotJson),
            }
        }
        self.scanner.take(&mut read)?;
        // With the end of its line, where it has one.
        let has_more = self.scanner.space(&mut read)?.is_some();
        self.pending = Some(read);
        Ok(if has_more { Form::Lines } else { Form::Whole })
    }

    /// Reads a member of an object, or where it is the array of conversations as far as the first of them.
    fn begins_conversations(&mut self, read: &mut Vec<u8>) -> Result<bool, SplitError> {
        let mut name = Vec::new();
        self.scanner.value(&mut name)?;
        read.extend(&name);
        if self.scanner.space(read)? != Some(b':') {
            return Err(SplitError::NotJson);
        }
        self.scanner.take(read)?;
        let next = self.scanner.space(read)?;
        if next == Some(b'[') && name == b"\"conversations\"" {
            self.scanner.take(&mut name)?;
            return Ok(true);
        }
        let length = read.len();
        self.scanner.value(read)?;
        if read.len() == length {
            Err(SplitError::NotJson)
        } else {
            Ok(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// Read in small pieces, so that values go on from one to the next.
    fn portions(
        source: &str,
        format: Format,
        most: usize,
    ) -> Result<Vec<(String, usize, bool)>, SplitError> {
        let text = |portion: Portion| {
            (
                String::from_utf8(portion.bytes).unwrap(),
                portion.first,
                portion.is_oversized,
            )
        };
        split(BufReader::with_capacity(3, source.as_bytes()), format, most)
            .map(|portion| portion.map(text))
            .collect()
    }

    fn texts(source: &str, format: Format, most: usize) -> Vec<String> {
        portions(source, format, most)
            .unwrap()
            .into_iter()
            .map(|(text, ..)| text)
            .collect()
    }

    #[test]
    fn lines_are_cut_between_them() {
        let source = "{\"a\":1}\n\n{\"b\":2}\nlast";
        assert_eq!(
            texts(source, Format::ClaudeCode, 9),
            ["{\"a\":1}\n\n", "{\"b\":2}\n", "last"]
        );
        assert_eq!(texts(source, Format::ClaudeCode, 1_000), [source]);
        let sizes = portions(source, Format::ClaudeCode, 5).unwrap();
        let sizes: Vec<_> = sizes
            .into_iter()
            .map(|(_, first, oversized)| (first, oversized))
            .collect();
        assert_eq!(sizes, [(0, true), (1, false), (2, true), (3, false)]);
    }

    #[test]
    fn arrays_are_cut_between_conversations() {
        let source = "\u{feff} [ {\"a\":\"]}\\\"\"} , [1,{}] ,2, \"x,\"]";
        let expected = ["[{\"a\":\"]}\\\"\"}]", "[[1,{}],2]", "[\"x,\"]"];
        assert_eq!(texts(source, Format::ChatGpt, 12), expected);
        assert_eq!(texts("[]", Format::ChatGpt, 12), Vec::<String>::new());
        let object =
            "{\"version\": {\"conversations\":[0]}, \"conversations\": [1, 2], \"more\":[3]}";
        assert_eq!(texts(object, Format::Own, 3), ["[1]", "[2]"]);
    }

    #[test]
    fn a_single_conversation_stays_whole() {
        let single = "{ \"mapping\": {}, \"a\": 1 }";
        assert_eq!(texts(single, Format::ChatGpt, 3), [single]);
        let messages = "[{\"role\":\"user\"},{\"role\":\"user\"}]";
        assert_eq!(texts(messages, Format::UiMessages, 3), [messages]);
        assert_eq!(
            texts("[{\"messages\":[]},{}]", Format::UiMessages, 3).len(),
            2
        );
    }

    #[test]
    fn lines_of_an_export_are_cut_between_them() {
        let source = "{\"id\":1}\n{\"id\":2}\n{\"export\":{}}\n";
        assert_eq!(
            texts(source, Format::Own, 9),
            ["{\"id\":1}\n", "{\"id\":2}\n", "{\"export\":{}}\n"]
        );
    }

    #[test]
    fn an_unterminated_file_is_an_error() {
        for source in ["[1, ", "[{\"a\":", "{\"a\"", "{\"a\":}", "[,,]", "x"] {
            assert!(portions(source, Format::ChatGpt, 100).is_err(), "{source}");
        }
    }
}
