//! Sessions of Claude Code: lines of JSON, each of which follows another (`parentUuid`).
//!
//! A message is a line, by its `uuid`: one response of the API is several lines, each with its own block, and a tool result is
//! a message of the type `tool`. So a session that continues only ever gains messages. A subagent's side chain is a separate
//! conversation; the message with the result of the call that started it has `metadata.subagent.conversationId`, and the
//! conversation has `source.startedBy`.

mod line;
mod routing;

use std::collections::HashMap;

use crate::continuation::Continuation;
use crate::continuation::state::{Known, State, Title};
use crate::conversation::{Fields, Role};
use crate::ids::digest;
use crate::json::{Json, Object};
use crate::report::{ConversationReport, Report, SkipCode};
use crate::thread::{Link, Node, Orphans, Thread, build};
use crate::time::time_of;
use crate::{ConvertError, Converted, Format, ImportedConversation, Options};
use line::Said;

/// Converts lines.
pub(crate) fn convert(text: &str, options: &Options) -> Result<Converted, ConvertError> {
    let mut reader = Reader::new(options);
    for line in text
        .split('\n')
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        reader.read(line);
    }
    if reader.is_foreign {
        return Err(ConvertError::WrongShape(Format::ClaudeCode));
    }
    Ok(reader.finish())
}

struct Reader<'a> {
    options: &'a Options,
    state: State,
    report: Report,
    /// This portion's part of each conversation in the state.
    drafts: Vec<Draft>,
    /// The conversation that a line is in.
    places: HashMap<String, usize>,
    /// The conversation of a session, and of a subagent.
    mains: HashMap<String, usize>,
    sides: HashMap<String, usize>,
    last_main: Option<usize>,
    /// Whether not a single line was a session's.
    is_foreign: bool,
    /// Whether there are more conversations than may be.
    has_more: bool,
}

/// A portion's part of a conversation.
#[derive(Default)]
struct Draft {
    nodes: Vec<Node>,
    report: ConversationReport,
}

impl<'a> Reader<'a> {
    fn new(options: &'a Options) -> Self {
        let mut reader = Self::empty(options);
        if let Some(Continuation(state)) = options.continuation.clone() {
            reader.go_on(state);
        }
        reader
    }

    fn empty(options: &'a Options) -> Self {
        Self {
            options,
            state: State::default(),
            report: Report::new(Format::ClaudeCode),
            drafts: Vec::new(),
            places: HashMap::new(),
            mains: HashMap::new(),
            sides: HashMap::new(),
            last_main: None,
            is_foreign: true,
            has_more: false,
        }
    }

    fn go_on(&mut self, state: State) {
        let options = self.options;
        *self = Self::empty(options);
        self.is_foreign = false;
        for (index, known) in state.conversations.iter().enumerate() {
            self.drafts.push(Draft::default());
            self.places
                .extend(known.earlier.keys().map(|key| (key.to_owned(), index)));
            let names = known.sessions.iter().chain([&known.source_id]).cloned();
            match known.agent {
                Some(_) => drop(self.sides.insert(known.source_id.clone(), index)),
                None => self.mains.extend(names.map(|name| (name, index))),
            }
            self.last_main = known.agent.is_none().then_some(index).or(self.last_main);
        }
        self.state = state;
    }

    fn read(&mut self, text: &str) {
        let line = Json::parse(text).and_then(Json::object).unwrap_or_default();
        let Some(kind) = line.text("type") else {
            self.report.invalid_lines += 1;
            return;
        };
        if let Some(state) = Continuation::of_line(&line) {
            self.go_on(state);
            return;
        }
        match kind.as_str() {
            "custom-title" => self.add_title(&line, "customTitle", 0),
            "ai-title" => self.add_title(&line, "aiTitle", 1),
            "agent-name" => self.add_title(&line, "agentName", 1),
            "summary" if !line.has("message") => self.add_title(&line, "summary", 2),
            "user" | "assistant" | "system" | "summary" | "attachment" => {
                self.read_message(&line, &kind, text);
            }
            _ => self.pass_over(&line, &kind, text),
        }
    }

    /// A hidden line, which others may follow.
    fn pass_over(&mut self, line: &Object<'_>, kind: &str, text: &str) {
        self.report.ignore_line(kind);
        self.is_foreign &= !(line.has("sessionId") || line.has("messageId"));
        if line.has("uuid") {
            let node = Node::new(String::new(), Link::Previous, Role::System, "");
            self.add(line, node, text);
        }
    }

    fn add_title(&mut self, line: &Object<'_>, name: &str, rank: u8) {
        const LONGEST: usize = 1_000;
        self.is_foreign = false;
        let text = line.nonempty(name).unwrap_or_default();
        let text: String = text.trim().chars().take(LONGEST).collect();
        if !text.is_empty() {
            let (session, line) = (line.nonempty("sessionId"), line.nonempty("leafUuid"));
            self.state.add_title(Title {
                session,
                line,
                rank,
                text,
            });
        }
    }

    fn read_message(&mut self, line: &Object<'_>, kind: &str, text: &str) {
        let mut report = ConversationReport::default();
        let said = match kind {
            "system" => line::system(line, &mut report),
            "summary" => line::summary(line, &mut report),
            "attachment" => line::attachment(line, &mut report),
            _ => line::message(line, kind, &mut report),
        };
        let node = match said {
            Said::Invalid => {
                self.report.invalid_lines += 1;
                return;
            }
            Said::Hidden => Node::new(String::new(), Link::Previous, Role::System, ""),
            Said::Node(node) => *node,
        };
        self.is_foreign = false;
        if let Some(index) = self.add(line, node, text) {
            let total = &mut self.drafts[index].report;
            total.hidden += report.hidden;
            for (kind, count) in report.unknown_blocks {
                *total.unknown_blocks.entry(kind).or_default() += count;
            }
        }
    }

    /// Adds a line to its conversation, and returns which that is.
    fn add(&mut self, line: &Object<'_>, mut node: Node, text: &str) -> Option<usize> {
        node.key = line
            .nonempty("uuid")
            .unwrap_or_else(|| format!("line-{}", digest(&[text])));
        node.time = line.get("timestamp").and_then(time_of);
        let session = line.nonempty("sessionId").unwrap_or_default();
        let index = self.conversation(line, &session, &node)?;
        if let Some(usage) = node.usage {
            let response = line
                .object("message")
                .and_then(|message| message.nonempty("id"));
            node.usage = Some(self.state.count(response.as_deref(), usage));
        }
        let known = &mut self.state.conversations[index];
        node.parent = parent(line, &node, known);
        let is_elsewhere = |key: &String| self.places.get(key).is_some_and(|place| *place != index);
        let follows_other = matches!(&node.parent, Link::To(key) if is_elsewhere(key));
        let begins_side = known.agent.as_ref() == Some(&node.key);
        if begins_side || (known.agent.is_some() && follows_other) {
            // The message that a subagent was started by is in the conversation that started it.
            node.parent = Link::Root;
        }
        note_details(known, line, &node);
        self.note_calls(&node, &session, index);
        if let Some(conversation_id) = self.subagent(line, &node, &session) {
            let mut subagent = Fields::default();
            subagent.set("conversationId", &conversation_id);
            node.metadata.set("subagent", &subagent);
        }
        self.places.entry(node.key.clone()).or_insert(index);
        self.drafts[index].nodes.push(node);
        Some(index)
    }

    fn finish(mut self) -> Converted {
        let mut conversations = Vec::new();
        for (index, draft) in std::mem::take(&mut self.drafts).into_iter().enumerate() {
            if !draft.nodes.is_empty() {
                conversations.extend(self.build(index, draft));
            }
        }
        if self.has_more {
            let index = self.report.conversations.len();
            let report = ConversationReport::skipped(index, None, SkipCode::TooManyConversations);
            self.report.conversations.push(report);
        }
        self.state.cut();
        Converted {
            conversations,
            report: self.report,
            continuation: Some(Continuation(self.state)),
        }
    }

    fn build(&mut self, index: usize, draft: Draft) -> Option<ImportedConversation> {
        let Draft { nodes, mut report } = draft;
        report.index = self.report.conversations.len();
        let is_line = |key: &str| self.places.get(key) == Some(&index);
        let known = &self.state.conversations[index];
        let title = self.state.title(known, is_line);
        let thread = Thread {
            title,
            ..thread(known, nodes)
        };
        let earlier = &mut self.state.conversations[index].earlier;
        let conversation = build(thread, self.options.max_messages, earlier, &mut report);
        self.report.conversations.push(report);
        conversation.map(|conversation| ImportedConversation::Converted(Box::new(conversation)))
    }
}

fn thread(known: &Known, nodes: Vec<Node>) -> Thread {
    let mut source = Fields::default();
    source.set("kind", &Format::ClaudeCode);
    source.set("id", &known.source_id);
    source.set_some("cwd", known.cwd.as_ref());
    source.set_some("gitBranch", known.git_branch.as_ref());
    source.set_some("version", known.version.as_ref());
    source.set_some("agentId", known.agent.as_ref());
    source.set_some("startedBy", known.started_by.as_ref());
    Thread {
        source_id: known.source_id.clone(),
        source,
        nodes,
        orphans: Orphans::Follow,
        keys_are_unique: true,
        ..Thread::default()
    }
}

/// The parent of a line. If no line names one, as in files of other programs, each follows the one before it.
fn parent(line: &Object<'_>, node: &Node, known: &mut Known) -> Link {
    if let Some(parent) = line.nonempty("parentUuid") {
        known.has_parents = true;
        return Link::To(parent);
    }
    let before_compaction = line.nonempty("logicalParentUuid").map(Link::To);
    let begins = known.has_parents && node.role == Role::User && node.parts.is_some();
    before_compaction.unwrap_or(if begins { Link::Root } else { Link::Previous })
}

fn note_details(known: &mut Known, line: &Object<'_>, node: &Node) {
    const LONGEST: usize = 4_096;
    let text = |name| {
        line.nonempty(name)
            .filter(|text: &String| text.len() <= LONGEST)
    };
    known.cwd = known.cwd.take().or_else(|| text("cwd"));
    known.git_branch = known.git_branch.take().or_else(|| text("gitBranch"));
    known.version = known.version.take().or_else(|| text("version"));
    known.prompt = known.prompt.take().or_else(|| line::prompt(node));
}
