//! The account's code for another device: the last one is good, once.

use super::history::Operation;

#[derive(Clone, Debug)]
pub enum CodeCall {
    /// A new code; `None` if the response was lost, so that nobody knows it.
    Link(Option<String>),
    /// 200.
    Redeem(String),
    /// 403 `wrong_code`.
    Refused(String),
    /// The account is erased.
    Erase,
    Maybe(Box<CodeCall>),
}

impl Operation for CodeCall {
    type State = Option<String>;

    fn initial() -> Option<String> {
        None
    }

    fn apply(&self, good: &Option<String>) -> Vec<Option<String>> {
        match self {
            Self::Link(code) => vec![code.clone()],
            Self::Redeem(code) if good.as_ref() == Some(code) => vec![None],
            Self::Refused(code) if good.as_ref() != Some(code) => vec![good.clone()],
            Self::Redeem(_) | Self::Refused(_) => vec![],
            Self::Erase => vec![None],
            Self::Maybe(call) => [call.apply(good), vec![good.clone()]].concat(),
        }
    }

    fn unanswered(&self) -> Option<Self> {
        match self {
            Self::Link(_) => Some(Self::Maybe(Box::new(Self::Link(None)))),
            Self::Redeem(_) | Self::Erase => Some(Self::Maybe(Box::new(self.clone()))),
            Self::Maybe(_) => Some(self.clone()),
            Self::Refused(_) => None,
        }
    }

    fn is_optional(&self) -> bool {
        matches!(self, Self::Maybe(_))
    }

    fn only_reads(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    fn changes_nothing(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}
