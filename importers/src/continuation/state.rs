//! The state after some lines of a source, which is passed on to the next portion.

use serde::{Deserialize, Serialize};

use crate::conversation::Usage;
use crate::thread::Earlier;

/// The most entries of each kind that are kept.
const MOST: usize = 256;
/// The most lines of one conversation that are kept.
const MOST_LINES: usize = 2_000;

/// What is known of a source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub conversations: Vec<Known>,
    pub titles: Vec<Title>,
    pub calls: Vec<Call>,
    /// The usage that was counted, by the id of the API's response.
    pub counted: Vec<(String, [u64; 4])>,
}

/// A conversation that has begun.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Known {
    pub source_id: String,
    /// The sessions whose lines are in it.
    pub sessions: Vec<String>,
    /// Its subagent, or the first line of its side chain.
    pub agent: Option<String>,
    pub started_by: Option<StartedBy>,
    pub earlier: Earlier,
    /// Whether any line has named the one that it follows.
    pub has_parents: bool,
    /// The beginning of the first prompt.
    pub prompt: Option<String>,
    pub cwd: Option<String>,
    pub git_branch: Option<String>,
    pub version: Option<String>,
}

/// The call of a tool that a subagent was started by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StartedBy {
    pub conversation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

/// A name for a session or, where a line of it is named, for a conversation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Title {
    pub session: Option<String>,
    pub line: Option<String>,
    /// The lowest counts.
    pub rank: u8,
    pub text: String,
}

/// A call of a tool that may start a subagent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Call {
    pub session: String,
    pub conversation_id: String,
    pub message_id: String,
    pub tool_call_id: String,
    /// A digest of its prompt.
    pub prompt: String,
    /// The conversation that it has started.
    pub started: Option<String>,
}

impl State {
    /// The part of this usage that was not counted before. Each line of a response repeats the usage so far, so only
    /// the increase since the line before is new.
    pub(crate) fn count(&mut self, response: Option<&str>, usage: Usage) -> Usage {
        let Some(response) = response else {
            return usage;
        };
        let now = [
            usage.input,
            usage.output,
            usage.cache_read,
            usage.cache_write,
        ];
        let known = self
            .counted
            .iter_mut()
            .rev()
            .take(MOST)
            .find(|(id, _)| id == response);
        let Some((_, counted)) = known else {
            self.counted.push((response.to_owned(), now));
            return usage;
        };
        let mut new = [0; 4];
        for ((new, counted), now) in new.iter_mut().zip(counted.iter_mut()).zip(now) {
            *new = now.saturating_sub(*counted);
            *counted = now.max(*counted);
        }
        let [input, output, cache_read, cache_write] = new;
        Usage {
            input,
            output,
            cache_read,
            cache_write,
        }
    }

    /// Adds a title; the last of many are enough.
    pub(crate) fn add_title(&mut self, title: Title) {
        self.titles.push(title);
        if self.titles.len() > 2 * MOST {
            keep_last(&mut self.titles, MOST);
        }
    }

    /// The call of this id, if it was recent.
    pub(crate) fn call(&self, tool_call_id: &str) -> Option<&Call> {
        let mut calls = self.calls.iter().rev().take(MOST);
        calls.find(|call| call.tool_call_id == tool_call_id)
    }

    /// The first recent call of a session with this prompt that has started nothing yet.
    pub(crate) fn call_that_asked(&mut self, session: &str, prompt: &str) -> Option<&mut Call> {
        let old = self.calls.len().saturating_sub(MOST);
        self.calls[old..]
            .iter_mut()
            .find(|call| call.session == session && call.started.is_none() && call.prompt == prompt)
    }

    /// The title of a conversation: what it was named, or else its first prompt. `is_line` tells its lines.
    pub(crate) fn title(&self, known: &Known, is_line: impl Fn(&str) -> bool) -> Option<String> {
        let is_its = |title: &&Title| {
            let is_of_session = |session: &String| {
                known.agent.is_none()
                    && (known.source_id == *session || known.sessions.contains(session))
            };
            match &title.line {
                Some(line) => is_line(line),
                None => title.session.as_ref().is_some_and(is_of_session),
            }
        };
        // Of several with the same rank the last counts.
        let named = self
            .titles
            .iter()
            .rev()
            .take(MOST)
            .filter(is_its)
            .min_by_key(|title| title.rank);
        named
            .map(|title| title.text.clone())
            .or_else(|| known.prompt.clone())
    }

    /// Drops the oldest, so that the state stays small.
    pub(crate) fn cut(&mut self) {
        for known in &mut self.conversations {
            known.earlier.cut(MOST_LINES);
            keep_last(&mut known.sessions, MOST);
        }
        keep_last(&mut self.conversations, MOST);
        keep_last(&mut self.titles, MOST);
        keep_last(&mut self.calls, MOST);
        keep_last(&mut self.counted, MOST);
    }
}

fn keep_last<T>(list: &mut Vec<T>, most: usize) {
    list.drain(..list.len().saturating_sub(most));
}
