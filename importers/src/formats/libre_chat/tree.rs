//! Messages nested in messages, as deep as a conversation is long: taken apart in one pass over the text.

use crate::json::{Json, Object};
use crate::scan::value_end;

/// A message without what is nested in it, and the index of the one that it is nested in.
pub(super) struct Nested<'a> {
    pub message: Object<'a>,
    pub above: Option<usize>,
}

/// The messages of an array, each before what is nested in it.
pub(super) fn flatten(array: Json<'_>) -> Vec<Nested<'_>> {
    let mut reader = Reader {
        text: array.as_str(),
        at: 0,
        messages: Vec::new(),
        members: Vec::new(),
    };
    // The messages that the array is within, from the outermost: each of them is still being read.
    let mut open: Vec<usize> = Vec::new();
    let mut is_array = array.is_array();
    reader.at = 1;
    while reader.at < reader.text.len() {
        is_array = if is_array {
            reader.item(&mut open)
        } else {
            reader.member(&mut open)
        };
    }
    reader.finish()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    messages: Vec<Option<usize>>,
    members: Vec<Vec<(String, Json<'a>)>>,
}

impl<'a> Reader<'a> {
    /// Skips separators, and returns the next byte.
    fn next(&mut self) -> Option<u8> {
        let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b':');
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().take_while(|byte| is_between(byte)).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn value(&mut self) -> Option<Json<'a>> {
        self.next()?;
        let end = self.at + value_end(&self.text.as_bytes()[self.at..]);
        let value = self.text.get(self.at..end)?;
        // Never less than a byte, or there would be no end.
        self.at = end.max(self.at + 1);
        Json::of_valid(value)
    }

    /// Within an array: begins the next message, or ends the array. Returns whether what follows is within an array.
    fn item(&mut self, open: &mut Vec<usize>) -> bool {
        match self.next() {
            Some(b'{') => {
                self.messages.push(open.last().copied());
                self.members.push(Vec::new());
                open.push(self.messages.len() - 1);
                self.at += 1;
                false
            }
            Some(b']') => {
                self.at += 1;
                if open.is_empty() {
                    self.at = self.text.len();
                }
                false
            }
            _ => {
                if self.value().is_none() {
                    self.at = self.text.len();
                }
                true
            }
        }
    }

    /// Within a message: reads the next member, begins its children, or ends it.
    fn member(&mut self, open: &mut Vec<usize>) -> bool {
        if self.next() == Some(b'}') {
            open.pop();
            self.at += 1;
            return true;
        }
        let name = self.value().and_then(Json::text);
        let (Some(name), Some(index)) = (name, open.last()) else {
            self.at = self.text.len();
            return false;
        };
        if name == "children" && self.next() == Some(b'[') {
            self.at += 1;
            return true;
        }
        if let Some(value) = self.value() {
            self.members[*index].push((name, value));
        }
        false
    }

    fn finish(self) -> Vec<Nested<'a>> {
        let members = self.members.into_iter().map(Object::of_members);
        let nested = members.zip(self.messages);
        nested
            .map(|(message, above)| Nested { message, above })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_before_what_is_nested_in_them() {
        let json = r#" [ {"a":"]}\"", "children": [ {"children":[]}, 5, {"a":[{}],"children":[{"a":1}] } ], "b":2 }, {"children":null} ] "#;
        let nested = flatten(Json::parse(json).unwrap());
        let above: Vec<_> = nested.iter().map(|nested| nested.above).collect();
        assert_eq!(above, [None, Some(0), Some(0), Some(2), None]);
        let values = ["a", "b"].map(|name| nested[0].message.get(name).unwrap().as_str());
        assert_eq!(values, [r#""]}\"""#, "2"]);
        assert_eq!(nested[2].message.get("a").unwrap().as_str(), "[{}]");
        assert_eq!(nested[3].message.get("a").unwrap().as_str(), "1");
    }
}
