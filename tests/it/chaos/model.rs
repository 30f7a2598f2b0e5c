//! What the service promises about one conversation: what each operation does to it, and what it returns.

use super::conversation::{Kept, Page, Shown};
use super::history::Operation;
use super::tree::Line;
use super::write::Write;

/// What a client was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// 2xx: the conversation after it, and which messages a deletion says it has deleted.
    Done(Shown, Option<Vec<String>>),
    /// 200 to a read of all branches: the version that is shown, and the messages.
    Branches(Option<u64>, Option<String>, Page),
    /// 201 to a fork: its title and its messages.
    Forked(String, Vec<Line>),
    /// 200 to the deletion of a conversation.
    Deleted,
    /// 404 `conversation_not_found`.
    Missing,
    /// 404 `conversation_deleted`.
    Gone,
    /// 404 `message_not_found`.
    NoMessage,
    /// 409 `conversation_exists`.
    Exists,
    /// 412.
    Stale,
    /// 401 `signed_out`: the user was claimed.
    SignedOut,
    /// Nothing, or nothing that says what happened.
    Nothing,
    /// Something that no state explains.
    Other(String),
}

impl Told {
    /// Whether nothing was done, which is not remembered for a repeat.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Missing | Self::Gone | Self::NoMessage | Self::Exists | Self::Stale
        )
    }
}

/// The caller: some conversations begin with a guest, whom the account claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    Account,
    Guest,
}

/// What clients do to one conversation.
#[derive(Clone)]
pub enum Call {
    /// Who owns the conversation at first.
    Begin(Party),
    Write {
        by: Party,
        write: Write,
        if_match: Option<String>,
        told: Told,
    },
    Read {
        by: Party,
        told: Told,
    },
    /// The account makes another conversation of the path up to this message, or to the head: of this one, that is a read.
    Fork {
        message: Option<String>,
        told: Told,
    },
    /// The account is erased.
    Erase,
    /// The guest's tokens become void: the first step of a claim.
    Void,
    /// The guest's conversation becomes the account's: the second.
    Move,
    /// May have happened or not.
    Maybe(Box<Call>),
}

/// The state, and its owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State {
    owner: Party,
    guest_is_void: bool,
    kept: Kept,
}

impl Write {
    /// The next state, if it explains the outcome.
    fn explain(&self, if_match: Option<&String>, told: &Told, kept: &Kept) -> Option<Kept> {
        let (may_match, may_differ) = self.compare(if_match, kept);
        let unchanged = |is_so: bool| is_so.then(|| kept.clone());
        match told {
            Told::Nothing | Told::Deleted if may_match => self.effect(kept).map(|(after, _)| after),
            Told::Done(shown, told_deleted) => {
                let (mut after, mut deleted) = self.effect(kept)?;
                let is_unchanged = after == *kept;
                let Kept::Present(conversation) = &mut after else {
                    return None;
                };
                let mut told_deleted = told_deleted.clone().unwrap_or_default();
                deleted.sort();
                told_deleted.sort();
                // Earlier deletions are reported again, as far as they are remembered.
                let was_deleted = is_unchanged && self.removes_one_of(&told_deleted);
                let is_told =
                    (may_match || is_unchanged) && (deleted == told_deleted || was_deleted);
                (is_told && conversation.learn(shown)).then_some(after)
            }
            Told::Missing => unchanged(!matches!(kept, Kept::Present(_))),
            Told::Gone => unchanged(*kept == Kept::Deleted),
            Told::Exists => unchanged(matches!((self, kept), (Self::Create(..), Kept::Present(_)))),
            Told::NoMessage => unchanged(self.lacks_its_message(kept)),
            Told::Stale => unchanged(may_differ && *kept != Kept::Deleted),
            _ => None,
        }
    }

    /// Whether the condition may hold, and whether it may not. An ETag told earlier is never that of a later state;
    /// but nothing keeps the ETags of a conversation that was erased from coming back with another one of its id.
    fn compare(&self, if_match: Option<&String>, kept: &Kept) -> (bool, bool) {
        match (if_match, kept) {
            (None, _) => (true, false),
            (Some(etag), Kept::Present(conversation)) => match &conversation.etag {
                Some(known) => (known == etag, known != etag),
                None => (conversation.former_etag.is_none(), true),
            },
            (Some(_), _) => (
                !matches!(self, Self::Save(..)),
                matches!(self, Self::Save(..)),
            ),
        }
    }
}

impl State {
    /// Whether `party` has access, and what it finds.
    fn seen_by(&self, party: Party) -> Option<Kept> {
        match (party, self.owner) {
            (Party::Guest, Party::Account) => None,
            (Party::Guest, Party::Guest) if self.guest_is_void => None,
            (Party::Account, Party::Guest) => Some(Kept::Absent),
            _ => Some(self.kept.clone()),
        }
    }

    fn with(&self, kept: Kept) -> Self {
        Self {
            kept,
            ..self.clone()
        }
    }

    fn write(&self, by: Party, write: &Write, etag: Option<&String>, told: &Told) -> Option<Self> {
        let Some(seen) = self.seen_by(by) else {
            return (*told == Told::SignedOut).then(|| self.clone());
        };
        let after = write.explain(etag, told, &seen)?;
        if by == self.owner {
            return Some(self.with(after));
        }
        // Accounts create no conversation under an id of a guest's.
        (after == seen).then(|| self.clone())
    }

    fn read(&self, by: Party, told: &Told) -> Option<Self> {
        match (self.seen_by(by), told) {
            (None, Told::SignedOut) => Some(self.clone()),
            (Some(Kept::Present(mut conversation)), Told::Done(shown, _)) => conversation
                .learn(shown)
                .then(|| self.with(Kept::Present(conversation))),
            (Some(Kept::Present(mut conversation)), Told::Branches(revision, etag, page)) => {
                let is_so = conversation.learn_version(*revision, etag.as_ref())
                    && conversation.shows(page);
                is_so.then(|| self.with(Kept::Present(conversation)))
            }
            (Some(Kept::Absent | Kept::Deleted), Told::Missing) => Some(self.clone()),
            (Some(Kept::Deleted), Told::Gone) => Some(self.clone()),
            _ => None,
        }
    }

    fn fork(&self, message: Option<&String>, told: &Told) -> Option<Self> {
        let Some(Kept::Present(conversation)) = self.seen_by(Party::Account) else {
            return self.read(Party::Account, told);
        };
        let tree = conversation.tree();
        let path = match message {
            Some(message) => tree.path_to(message),
            None => Some(tree.path()),
        };
        let is_so = match (told, path) {
            (Told::Forked(title, lines), Some(path)) => {
                *title == conversation.title && path.iter().map(|node| &node.message.line).eq(lines)
            }
            (Told::NoMessage, None) => true,
            _ => false,
        };
        is_so.then(|| self.clone())
    }

    fn moved(&self) -> Option<Self> {
        match self.owner {
            Party::Account => Some(self.clone()),
            Party::Guest if !self.guest_is_void => None,
            Party::Guest => Some(Self {
                owner: Party::Account,
                // The trash is moved as well.
                kept: match &self.kept {
                    Kept::Present(conversation) => Kept::Present(conversation.moved()),
                    other => other.clone(),
                },
                ..self.clone()
            }),
        }
    }
}

impl Call {
    pub fn is_creation(&self) -> bool {
        let Self::Write { write, .. } = self else {
            return false;
        };
        matches!(write, Write::Create(..))
    }
}

impl Operation for Call {
    type State = State;

    fn initial() -> State {
        State {
            owner: Party::Account,
            guest_is_void: false,
            kept: Kept::Absent,
        }
    }

    fn apply(&self, state: &State) -> Vec<State> {
        let next = match self {
            Self::Begin(owner) => Some(State {
                owner: *owner,
                ..state.clone()
            }),
            Self::Write {
                by,
                write,
                if_match,
                told,
            } => state.write(*by, write, if_match.as_ref(), told),
            Self::Read { by, told } => state.read(*by, told),
            Self::Fork { message, told } => state.fork(message.as_ref(), told),
            Self::Erase if state.owner == Party::Account => Some(state.with(Kept::Absent)),
            Self::Erase => Some(state.clone()),
            Self::Void => Some(State {
                guest_is_void: true,
                ..state.clone()
            }),
            Self::Move => state.moved(),
            Self::Maybe(call) => {
                let mut next = call.apply(state);
                next.push(state.clone());
                return next;
            }
        };
        next.into_iter().collect()
    }

    fn unanswered(&self) -> Option<Self> {
        match self {
            Self::Read { .. } | Self::Fork { .. } => None,
            Self::Begin(_) | Self::Maybe(_) => Some(self.clone()),
            Self::Write {
                by,
                write,
                if_match,
                ..
            } => Some(Self::Maybe(Box::new(Self::Write {
                by: *by,
                write: write.clone(),
                if_match: if_match.clone(),
                told: Told::Nothing,
            }))),
            Self::Erase | Self::Void | Self::Move => Some(Self::Maybe(Box::new(self.clone()))),
        }
    }

    fn is_optional(&self) -> bool {
        matches!(self, Self::Maybe(_))
    }

    fn only_reads(&self) -> bool {
        match self {
            Self::Read { .. } | Self::Fork { .. } => true,
            Self::Write { told, .. } => {
                !matches!(told, Told::Done(..) | Told::Deleted | Told::Nothing)
            }
            _ => false,
        }
    }

    fn changes_nothing(&self) -> bool {
        match self {
            // That an ETag is known may matter to a later If-Match.
            Self::Read { told, .. } => !matches!(
                told,
                Told::Done(Shown { etag: Some(_), .. }, _) | Told::Branches(_, Some(_), _)
            ),
            Self::Fork { .. } => true,
            Self::Write { told, .. } => !matches!(told, Told::Done(..) | Told::Deleted),
            _ => false,
        }
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
