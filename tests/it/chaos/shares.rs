//! A share: nothing yet, then a snapshot that anybody can read, then nothing again.

use super::history::Operation;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Share {
    Unborn,
    Open,
    Over,
}

#[derive(Clone, Debug)]
pub enum ShareCall {
    /// Answered 201. If creating it was never answered, the id is unknown.
    Make,
    /// What readers were shown; the content is compared elsewhere.
    Read {
        found: bool,
    },
    /// Revoked, or the conversation deleted, or the user erased.
    End,
    /// 404 to a revocation.
    NothingToEnd,
    Maybe(Box<ShareCall>),
}

impl Operation for ShareCall {
    type State = Share;

    fn initial() -> Share {
        Share::Unborn
    }

    fn apply(&self, share: &Share) -> Vec<Share> {
        match (self, share) {
            (Self::Make, Share::Unborn) => vec![Share::Open],
            (Self::Read { found: true }, Share::Open) => vec![Share::Open],
            (Self::Read { found: false } | Self::NothingToEnd, Share::Unborn | Share::Over) => {
                vec![*share]
            }
            (Self::End, Share::Unborn) => vec![Share::Unborn],
            (Self::End, Share::Open | Share::Over) => vec![Share::Over],
            (Self::Maybe(call), _) => [call.apply(share), vec![*share]].concat(),
            (Self::Make | Self::Read { .. } | Self::NothingToEnd, _) => vec![],
        }
    }

    fn unanswered(&self) -> Option<Self> {
        match self {
            Self::Make | Self::End => Some(Self::Maybe(Box::new(self.clone()))),
            Self::Maybe(_) => Some(self.clone()),
            Self::Read { .. } | Self::NothingToEnd => None,
        }
    }

    fn is_optional(&self) -> bool {
        matches!(self, Self::Maybe(_))
    }

    fn only_reads(&self) -> bool {
        self.changes_nothing()
    }

    fn changes_nothing(&self) -> bool {
        matches!(self, Self::Read { .. } | Self::NothingToEnd)
    }
}
