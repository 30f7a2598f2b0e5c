//! Branches: the places of messages in the tree of a conversation, as stated by a client.

use std::collections::{HashMap, HashSet};

use super::json::text_of;
use super::{Invalid, MessageId, NewMessage, Object};

/// The parent of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Parent {
    /// The one before it: in its request, or else the last one of the active path.
    #[default]
    Previous,
    /// Nothing: it begins the conversation.
    Root,
    /// This message.
    Message(MessageId),
}

impl Parent {
    /// Represents [`Parent::Root`] where ids are expected; no id contains it.
    pub const ROOT: &'static str = "/";

    /// Takes the field `parentId`: absent, null or an id.
    ///
    /// # Errors
    /// `invalid_id`.
    pub fn take(object: &mut Object<'_>, path: &str) -> Result<Self, Invalid> {
        let path = format!("{path}.parentId");
        match object.take("parentId") {
            None => Ok(Self::Previous),
            Some(raw) if raw.get() == "null" => Ok(Self::Root),
            Some(raw) => {
                let id = text_of(raw.get()).ok_or_else(|| Invalid::id(&path))?;
                MessageId::parse(&id, &path).map(Self::Message)
            }
        }
    }

    /// As scripts read it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Previous => "",
            Self::Root => Self::ROOT,
            Self::Message(id) => id.as_str(),
        }
    }
}

/// How to treat a parent that is not among the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownParent {
    /// It is an error of the client.
    Refuse,
    /// It may be in the store.
    Keep,
}

/// Puts messages in the order in which scripts take them: first the active path, root to head, each following the one before;
/// then those beside it, each behind its parent. `head` is the last message of the path: without one it is the last message sent.
/// Returns the head too, where any message says what it follows.
///
/// # Errors
/// `invalid_field` for a missing parent (see [`UnknownParent`]), and for cycles.
pub(super) fn arrange(
    messages: Vec<NewMessage>,
    head: Option<&MessageId>,
    unknown: UnknownParent,
    path: &str,
) -> Result<(Vec<NewMessage>, Option<MessageId>), Invalid> {
    let parents = resolve(&messages, unknown, path)?;
    // A client without branches may send back the head it received, with more messages after it.
    if messages
        .iter()
        .all(|message| message.parent == Parent::Previous)
    {
        return Ok((messages, None));
    }
    let position = head.and_then(|head| messages.iter().position(|message| message.id == *head));
    let last = messages.len().checked_sub(1);
    let head = match (head, unknown) {
        // These are a part of a conversation whose path ends elsewhere.
        (Some(_), UnknownParent::Keep) => position,
        _ => position.or(last),
    };
    let on_path = ancestry(head, &parents, path)?;
    let is_on_path: HashSet<usize> = on_path.iter().copied().collect();
    let mut order = on_path;
    let path_length = order.len();
    let mut placed = is_on_path;
    for index in 0..messages.len() {
        // Each after its parent, regardless of the order sent.
        let mut line = Vec::new();
        let mut at = Some(index);
        while let Some(current) = at.filter(|current| !placed.contains(current)) {
            if line.len() > messages.len() {
                return Err(circle(path));
            }
            line.push(current);
            at = parents[current].flatten();
        }
        placed.extend(&line);
        order.extend(line.into_iter().rev());
    }
    let ids: Vec<MessageId> = messages.iter().map(|message| message.id.clone()).collect();
    let mut slots: Vec<Option<NewMessage>> = messages.into_iter().map(Some).collect();
    let mut arranged = Vec::with_capacity(slots.len());
    for (rank, index) in order.into_iter().enumerate() {
        let Some(mut message) = slots[index].take() else {
            return Err(circle(path));
        };
        message.parent = match parents[index] {
            // On the path, each follows the one before; the first may follow what only the store knows.
            Some(_) if rank < path_length => Parent::Previous,
            Some(Some(parent)) => Parent::Message(ids[parent].clone()),
            Some(None) => Parent::Root,
            None => message.parent,
        };
        arranged.push(message);
    }
    Ok((arranged, head.map(|head| ids[head].clone())))
}

/// Of each message the index of its parent: `Some(None)` for one that begins the conversation, `None` where the parent is
/// not among them.
fn resolve(
    messages: &[NewMessage],
    unknown: UnknownParent,
    path: &str,
) -> Result<Vec<Option<Option<usize>>>, Invalid> {
    let indices: HashMap<&MessageId, usize> = messages
        .iter()
        .enumerate()
        .map(|(index, message)| (&message.id, index))
        .collect();
    messages
        .iter()
        .enumerate()
        .map(|(index, message)| match &message.parent {
            Parent::Previous => Ok(Some(index.checked_sub(1))),
            Parent::Root => Ok(Some(None)),
            Parent::Message(id) => match indices.get(id) {
                Some(parent) => Ok(Some(Some(*parent))),
                None if unknown == UnknownParent::Keep => Ok(None),
                None => Err(Invalid::field(
                    &format!("{path}[{index}].parentId"),
                    "the id of another message of the conversation",
                )),
            },
        })
        .collect()
}

/// From the root to the head.
fn ancestry(
    head: Option<usize>,
    parents: &[Option<Option<usize>>],
    path: &str,
) -> Result<Vec<usize>, Invalid> {
    let mut line = Vec::new();
    let mut at = head;
    while let Some(index) = at {
        if line.len() == parents.len() {
            return Err(circle(path));
        }
        line.push(index);
        at = parents[index].flatten();
    }
    line.reverse();
    Ok(line)
}

fn circle(path: &str) -> Invalid {
    Invalid::field(path, "messages that do not follow one another in a circle")
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::ErrorCode;
    use crate::model::{Timestamp, parse_messages};

    fn arranged(sent: &str, head: Option<&str>) -> Result<Vec<String>, ErrorCode> {
        let messages: Vec<String> = sent
            .split(' ')
            .map(|word| {
                let (id, parent) = word.split_once('<').unwrap_or((word, ""));
                let parent = match parent {
                    "" => String::new(),
                    "/" => r#","parentId":null"#.to_owned(),
                    parent => format!(r#","parentId":"{parent}""#),
                };
                format!(r#"{{"id":"{id}","type":"user","content":"x"{parent}}}"#)
            })
            .collect();
        let raw: Box<RawValue> =
            serde_json::from_str(&format!("[{}]", messages.join(","))).unwrap();
        let messages = parse_messages(&raw, "messages", Timestamp::from_ms(1)).unwrap();
        let head = head.map(|head| MessageId::parse(head, "headId").unwrap());
        let (arranged, _) = arrange(messages, head.as_ref(), UnknownParent::Refuse, "messages")
            .map_err(|error| error.code)?;
        let word = |message: &NewMessage| match message.parent.as_str() {
            "" => message.id.to_string(),
            parent => format!("{}<{parent}", message.id),
        };
        Ok(arranged.iter().map(word).collect())
    }

    fn in_words(words: &str) -> Result<Vec<String>, ErrorCode> {
        Ok(words.split(' ').map(str::to_owned).collect())
    }

    #[test]
    fn a_line_stays_a_line() {
        assert_eq!(arranged("a b c", None), in_words("a b c"));
        assert_eq!(arranged("a</ b<a c<b", Some("c")), in_words("a b c"));
    }

    #[test]
    fn the_path_comes_first_and_the_others_behind_their_parents() {
        assert_eq!(arranged("q a1 a2<q", None), in_words("q a2 a1<q"));
        assert_eq!(arranged("q a1 a2<q", Some("a1")), in_words("q a1 a2<q"));
        assert_eq!(
            arranged("x<b b<q q</ a<q", Some("a")),
            in_words("q a b<q x<b")
        );
        assert_eq!(arranged("a b c<b", Some("b")), in_words("a b c<b"));
        assert_eq!(arranged("a b c", Some("b")), in_words("a b c"));
        assert_eq!(arranged("a b</", None), in_words("b a</"));
    }

    #[test]
    fn circles_and_unknown_parents_are_refused() {
        for sent in ["a<b b<a", "a<a", "a<x", "q a<b b<a c<q"] {
            assert_eq!(arranged(sent, None), Err(ErrorCode::InvalidField), "{sent}");
        }
    }
}
