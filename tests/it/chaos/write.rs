//! Writes to one conversation, and what each makes of it.

use super::conversation::{Conversation, Kept};
use super::tree::{Message, Parent};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    Create(String, Vec<Message>),
    Save(String, Vec<Message>),
    Append(Vec<Message>, Parent),
    /// Creates a message, or replaces it whole.
    Put(Message),
    Rename(String),
    /// Makes the active path end with this message.
    Switch(String),
    /// A content, or parts with the content that is derived from them.
    Edit {
        message: String,
        content: String,
        parts: Option<String>,
        tokens: u64,
    },
    Remove {
        message: String,
        and_after: bool,
    },
    Delete,
}

impl Write {
    /// The state after it and the messages it deleted; `None` where it is refused.
    pub fn effect(&self, kept: &Kept) -> Option<(Kept, Vec<String>)> {
        let Kept::Present(before) = kept else {
            return self.effect_on_nothing(kept);
        };
        let unchanged = Some((kept.clone(), vec![]));
        let mut after = before.clone();
        let mut deleted = Vec::new();
        match self {
            Self::Create(..) => return None,
            Self::Delete => return Some((Kept::Deleted, deleted)),
            Self::Save(title, messages) => {
                after.title.clone_from(title);
                after.tree_mut().save(messages);
            }
            Self::Append(messages, _) if before.tree().holds_all(messages) => return unchanged,
            Self::Append(messages, parent) => {
                if !after.tree_mut().append(messages, parent) {
                    return None;
                }
            }
            Self::Put(message) => after.tree_mut().put(message),
            Self::Rename(title) => after.title.clone_from(title),
            Self::Switch(head) if before.tree().head.as_ref() == Some(head) => return unchanged,
            Self::Switch(head) if !before.tree().holds(head) => return None,
            Self::Switch(head) => after.tree_mut().head = Some(head.clone()),
            Self::Edit {
                message,
                content,
                parts,
                tokens,
            } => {
                let line = after.tree_mut().line_mut(message)?;
                line.content.clone_from(content);
                line.tokens = *tokens;
                if parts.is_some() {
                    line.parts.clone_from(parts);
                }
            }
            Self::Remove { message, .. } if !before.tree().holds(message) => return unchanged,
            Self::Remove { message, and_after } => {
                deleted = after.tree_mut().remove(message, *and_after);
            }
        }
        after.change();
        Some((Kept::Present(after), deleted))
    }

    fn effect_on_nothing(&self, kept: &Kept) -> Option<(Kept, Vec<String>)> {
        match (self, kept) {
            (Self::Create(title, messages) | Self::Save(title, messages), Kept::Absent) => {
                let created = Conversation::new(title, messages);
                Some((Kept::Present(created), vec![]))
            }
            (Self::Delete, Kept::Deleted) => Some((Kept::Deleted, vec![])),
            _ => None,
        }
    }

    /// Whether it deletes a message that is among these.
    pub fn removes_one_of(&self, ids: &[String]) -> bool {
        matches!(self, Self::Remove { message, .. } if ids.contains(message))
    }

    /// Whether it is about a message that is not there.
    pub fn lacks_its_message(&self, kept: &Kept) -> bool {
        let (Self::Edit { message: id, .. }
        | Self::Remove { message: id, .. }
        | Self::Switch(id)
        | Self::Append(_, Parent::Message(id))) = self
        else {
            return false;
        };
        matches!(kept, Kept::Present(conversation) if !conversation.tree().holds(id))
    }
}
