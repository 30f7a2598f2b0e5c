//! Exports of LibreChat: messages in a list that names parents (`messages`), or nested by `children` (`messagesTree`).

mod tree;

use crate::Format;
use crate::conversation::{Fields, Role, Status, Tokens};
use crate::json::{Json, Object, raw};
use crate::parts::{AI_SDK, NamedFile, Part, Tool, value_of};
use crate::report::{ConversationReport, count_kind};
use crate::thread::{Link, Node, Thread};
use crate::time::time_of;
use tree::Nested;

/// What the first messages of a conversation follow.
const ROOT: &str = "00000000-0000-0000-0000-000000000000";

/// Reads one conversation.
pub(crate) fn read(object: &Object<'_>, report: &mut ConversationReport) -> Option<Thread> {
    let tree = object
        .get("messagesTree")
        .or_else(|| object.get("messages"))?;
    let messages = tree::flatten(Some(tree).filter(|tree| tree.is_array())?);
    let above = |nested: &Nested<'_>| messages.get(nested.above?)?.message.nonempty("messageId");
    let nodes = messages.iter();
    let nodes = nodes.map(|nested| node(&nested.message, above(nested), report));
    let nodes: Vec<Node> = nodes.collect();
    let source_id = object.nonempty("conversationId");
    let source_id = source_id.or_else(|| Some(format!("librechat:{}", nodes.first()?.key)));
    let source_id = source_id.unwrap_or_default();
    let mut source = Fields::default();
    source.set("kind", &Format::LibreChat);
    source.set("id", &source_id);
    source.set_some(
        "endpoint",
        object
            .nonempty("endpoint")
            .filter(|text| text.len() < 1_000),
    );
    let time = |name| object.get(name).and_then(time_of);
    if let Some(exported) = time("exportAt") {
        source.set("exportedAt", &crate::time::to_iso(exported));
    }
    let model = object
        .object("options")
        .and_then(|options| options.nonempty("model"));
    source.set_some("model", model.filter(|text| text.len() < 1_000));
    Some(Thread {
        nodes,
        title: object.nonempty("title"),
        created: time("createdAt"),
        updated: time("updatedAt"),
        source,
        source_id,
        ..Thread::default()
    })
}

fn node(message: &Object<'_>, above: Option<String>, report: &mut ConversationReport) -> Node {
    let is_user = match message.get("isCreatedByUser") {
        Some(is_user) => is_user.as_str() == "true",
        None => message
            .text("sender")
            .is_some_and(|sender| sender.eq_ignore_ascii_case("user")),
    };
    let role = if is_user { Role::User } else { Role::Assistant };
    let parent = match message.nonempty("parentMessageId").or(above) {
        Some(parent) if parent != ROOT => Link::To(parent),
        _ if message.has("parentMessageId") => Link::Root,
        _ => Link::Previous,
    };
    let key = message.nonempty("messageId").unwrap_or_default();
    let mut node = Node::new(key, parent, role, AI_SDK);
    node.time = message.get("createdAt").and_then(time_of);
    node.model = message.nonempty("model").filter(|_| !is_user);
    node.status = if message.is_true("error") {
        Some(Status::Error)
    } else {
        message.is_true("unfinished").then_some(Status::Aborted)
    };
    node.tokens = message
        .count("tokenCount")
        .filter(|count| *count > 0)
        .map(|count| match role {
            Role::User => Tokens {
                input: count,
                output: 0,
            },
            _ => Tokens {
                input: 0,
                output: count,
            },
        });
    if let Some(feedback) = message.get("feedback") {
        node.metadata.set("feedback", &feedback.to_raw());
    }
    node.parts = Some(parts(message, &mut node.status, report));
    node
}

fn parts(
    message: &Object<'_>,
    status: &mut Option<Status>,
    report: &mut ConversationReport,
) -> Vec<Part> {
    let mut parts = Vec::new();
    for part in message.items("content") {
        parts.extend(part_of(part, status, report));
    }
    if parts.is_empty() {
        parts.extend(message.nonempty("text").map(Part::Text));
    }
    let files = ["files", "attachments"].map(|name| message.items(name));
    parts.extend(
        files
            .into_iter()
            .flatten()
            .filter_map(Json::object)
            .filter_map(|file| file_of(&file)),
    );
    parts
}

fn part_of(
    json: Json<'_>,
    status: &mut Option<Status>,
    report: &mut ConversationReport,
) -> Option<Part> {
    let part = json.object().unwrap_or_default();
    let kind = part.text("type").unwrap_or_default();
    match kind.as_str() {
        "text" => text_of(&part, "text").map(Part::Text),
        "think" => text_of(&part, "think").map(|text| Part::reasoning(&text)),
        "tool_call" => Some(tool(&part.object("tool_call").unwrap_or_default())),
        "image_file" => file_of(&part.object("image_file").unwrap_or_default()),
        "error" => {
            *status = Some(Status::Error);
            text_of(&part, "error")
                .or_else(|| text_of(&part, "text"))
                .map(Part::Text)
        }
        _ => {
            count_kind(&mut report.unknown_blocks, &kind);
            Some(Part::opaque(json))
        }
    }
}

/// A text, or one that is in an object as `value`.
fn text_of(part: &Object<'_>, name: &str) -> Option<String> {
    let value = || {
        part.object(name)
            .and_then(|object| object.nonempty("value"))
    };
    part.nonempty(name).or_else(value)
}

fn tool(call: &Object<'_>) -> Part {
    let function = call.object("function").unwrap_or_default();
    let value = |names: [&str; 2]| {
        let json = call.get(names[0]).or_else(|| function.get(names[1]))?;
        Some(
            json.text()
                .map_or_else(|| json.to_raw(), |text| value_of(&text)),
        )
    };
    let name = call.nonempty("name").or_else(|| function.nonempty("name"));
    let is_done = call
        .get("progress")
        .and_then(Json::number)
        .is_some_and(|progress| progress >= 1.0);
    let output = value(["output", "output"]).or_else(|| is_done.then(|| raw("null".to_owned())));
    let tool = Tool {
        name: name.unwrap_or_else(|| "tool".to_owned()),
        call_id: call.nonempty("id").unwrap_or_default(),
        input: value(["args", "arguments"]),
        output,
        ..Tool::default()
    };
    tool.to_part()
}

/// A file: with a URL only if it is on the web.
fn file_of(file: &Object<'_>) -> Option<Part> {
    let name = file.any_text(&["filename", "name", "file_id"]);
    let media_type = file
        .any_text(&["type", "mime_type"])
        .filter(|kind| kind.contains('/'));
    let url = file
        .any_text(&["filepath", "url"])
        .filter(|url| url.starts_with("http"));
    if let Some(url) = url {
        return Some(Part::linked_file(
            &url,
            name.as_deref(),
            media_type.as_deref(),
        ));
    }
    name.is_some().then(|| {
        Part::NamedFile(NamedFile {
            name,
            media_type,
            bytes: file.count("bytes"),
            source_id: file.any_text(&["file_id", "filepath"]),
        })
    })
}
