//! What a portion of a source needs to know about earlier portions.

pub(crate) mod state;

use serde::{Deserialize, Serialize};

use crate::json::{Json, Object};
use state::State;

/// The type of the line that a continuation is, among those of a portion.
pub(crate) const LINE: &str = "$continuation";

/// What a portion of a source needs to know about earlier portions: which messages the lines have become, which tokens
/// were counted, which tools were called. It is opaque, and bounded: some 100 bytes for each of the last 2,000 lines.
///
/// It goes into [`crate::Options::continuation`] of the next portion, or in front of the portion itself, as
/// [`Continuation::to_line`]: then nothing needs to be remembered between portions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Continuation(pub(crate) State);

impl Continuation {
    /// As a line of JSON, with its end, to be put in front of the next portion.
    pub fn to_line(&self) -> String {
        let line = Line {
            kind: LINE,
            state: &self.0,
        };
        serde_json::to_string(&line).unwrap_or_default() + "\n"
    }

    /// Whether a portion begins with such a line.
    pub fn is_in(portion: &[u8]) -> bool {
        let line = portion.split(|byte| *byte == b'\n').next();
        let line = line.and_then(|line| std::str::from_utf8(line).ok());
        line.and_then(Json::parse)
            .and_then(Json::object)
            .is_some_and(|line| Self::of_line(&line).is_some())
    }

    /// Reads a line; `None` where it is another.
    pub(crate) fn of_line(line: &Object<'_>) -> Option<State> {
        let is_continuation = line.text("type").as_deref() == Some(LINE);
        let state = is_continuation
            .then(|| line.get("state"))?
            .map(Json::as_str)?;
        serde_json::from_str(state).ok()
    }
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    state: &'a State,
}
