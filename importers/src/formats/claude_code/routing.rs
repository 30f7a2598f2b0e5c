//! Which conversation a line of a session belongs to, and which call started a subagent.

use super::{Draft, Reader};
use crate::continuation::state::{Call, Known, StartedBy};
use crate::conversation::Role;
use crate::ids::{digest, id_of};
use crate::json::{Json, Object};
use crate::parts::Part;
use crate::thread::Node;

impl Reader<'_> {
    /// The conversation of a line; `None` if there are too many.
    pub(super) fn conversation(
        &mut self,
        line: &Object<'_>,
        session: &str,
        node: &Node,
    ) -> Option<usize> {
        let parent = line
            .nonempty("parentUuid")
            .or_else(|| line.nonempty("logicalParentUuid"));
        let parent = parent.and_then(|parent| self.places.get(&parent)).copied();
        let is_main = |index: &usize| self.state.conversations[*index].agent.is_none();
        let (main_parent, side_parent) = (
            parent.filter(is_main),
            parent.filter(|index| !is_main(index)),
        );
        let named_agent = self
            .options
            .stem()
            .and_then(|stem| stem.strip_prefix("agent-"));
        let is_side = line.is_true("isSidechain");
        let agent = named_agent.map(str::to_owned);
        match agent.or_else(|| line.nonempty("agentId").filter(|_| is_side)) {
            Some(agent) => self.side(session, &agent, line, node),
            None if is_side => side_parent.or_else(|| self.side(session, &node.key, line, node)),
            None => self.main(session, main_parent),
        }
    }

    /// The conversation of a session, which may continue another one.
    fn main(&mut self, session: &str, parent: Option<usize>) -> Option<usize> {
        let last = self.last_main.filter(|_| session.is_empty());
        let found = self.mains.get(session).copied().or(parent).or(last);
        let index = match found {
            Some(index) => index,
            None => self.begin_main(session)?,
        };
        if !session.is_empty() && !self.mains.contains_key(session) {
            self.state.conversations[index]
                .sessions
                .push(session.to_owned());
            self.mains.insert(session.to_owned(), index);
        }
        Some(index)
    }

    /// Begins a conversation: the first one is named by the file.
    fn begin_main(&mut self, session: &str) -> Option<usize> {
        let stem = self.options.stem().filter(|_| self.last_main.is_none());
        let source_id = stem.unwrap_or(session).to_owned();
        let index = self.begin(Known {
            source_id: source_id.clone(),
            ..Known::default()
        })?;
        self.mains.insert(source_id, index);
        self.last_main = Some(index);
        Some(index)
    }

    /// The conversation of a subagent.
    fn side(
        &mut self,
        session: &str,
        agent: &str,
        line: &Object<'_>,
        node: &Node,
    ) -> Option<usize> {
        let source_id = agent_source(session, agent);
        if let Some(index) = self.sides.get(&source_id) {
            return Some(*index);
        }
        let started_by = Some(self.started_by(session, line, node, &id_of(&source_id)));
        let agent = Some(agent.to_owned());
        let index = self.begin(Known {
            source_id: source_id.clone(),
            agent,
            started_by,
            ..Known::default()
        })?;
        self.sides.insert(source_id, index);
        Some(index)
    }

    fn begin(&mut self, known: Known) -> Option<usize> {
        if self.drafts.len() >= self.options.max_conversations {
            self.has_more = true;
            return None;
        }
        self.state.conversations.push(known);
        self.drafts.push(Draft::default());
        Some(self.drafts.len() - 1)
    }

    /// Which call started a subagent: the first with the same prompt; or at least which conversation.
    fn started_by(&mut self, session: &str, line: &Object<'_>, node: &Node, id: &str) -> StartedBy {
        let asked = asked_of(node);
        if let Some(call) = asked.and_then(|asked| self.state.call_that_asked(session, &asked)) {
            call.started = Some(id.to_owned());
            return StartedBy {
                conversation_id: call.conversation_id.clone(),
                message_id: Some(call.message_id.clone()),
                tool_call_id: Some(call.tool_call_id.clone()),
            };
        }
        let parent = line
            .nonempty("sidechainParentUuid")
            .or_else(|| line.nonempty("parentUuid"));
        let place = parent.as_ref().and_then(|parent| self.places.get(parent));
        let known = place.or_else(|| self.mains.get(session));
        let known = known.map(|index| self.state.conversations[*index].source_id.as_str());
        StartedBy {
            conversation_id: id_of(known.unwrap_or(session)),
            message_id: parent.filter(|_| place.is_some()).as_deref().map(id_of),
            tool_call_id: None,
        }
    }

    /// Remembers the calls that may start a subagent: those with a prompt.
    pub(super) fn note_calls(&mut self, node: &Node, session: &str, index: usize) {
        if node.role != Role::Assistant {
            return;
        }
        let conversation_id = id_of(&self.state.conversations[index].source_id);
        for block in json_parts(node) {
            let call = Json::parse(block)
                .and_then(Json::object)
                .unwrap_or_default();
            let prompt = call
                .object("input")
                .and_then(|input| input.nonempty("prompt"));
            if let (Some(prompt), Some(tool_call_id)) = (prompt, call.nonempty("id")) {
                self.state.calls.push(Call {
                    session: session.to_owned(),
                    conversation_id: conversation_id.clone(),
                    message_id: id_of(&node.key),
                    tool_call_id,
                    prompt: digest(&[prompt.trim()]),
                    started: None,
                });
            }
        }
    }

    /// The conversation of the subagent whose result a line is.
    pub(super) fn subagent(&self, line: &Object<'_>, node: &Node, session: &str) -> Option<String> {
        if node.role != Role::Tool {
            return None;
        }
        let agent = line
            .object("toolUseResult")
            .and_then(|result| result.nonempty("agentId"));
        if let Some(agent) = agent {
            return Some(id_of(&agent_source(session, &agent)));
        }
        json_parts(node).find_map(|block| {
            let call_id = Json::parse(block)?.object()?.nonempty("tool_use_id")?;
            self.state.call(&call_id)?.started.clone()
        })
    }
}

fn json_parts(node: &Node) -> impl Iterator<Item = &str> {
    node.parts.iter().flatten().filter_map(|part| match part {
        Part::Json(json) => Some(json.get()),
        Part::Text(_) | Part::NamedFile(_) => None,
    })
}

fn agent_source(session: &str, agent: &str) -> String {
    format!("{session}-{agent}")
}

/// A digest of a subagent's prompt.
fn asked_of(node: &Node) -> Option<String> {
    let texts = node.parts.as_ref()?.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.trim()),
        Part::NamedFile(_) | Part::Json(_) => None,
    });
    let texts: Vec<&str> = texts.collect();
    (!texts.is_empty()).then(|| digest(&[&texts.join("\n")]))
}
