//! `UIMessage[]` of the AI SDK: their parts are kept as they came. A source is one such array, or objects that hold one as
//! `messages`.

use super::list::{List, items_of};
use crate::conversation::{Fields, Role, Tokens, Usage};
use crate::json::{Json, Object};
use crate::parts::{AI_SDK, Part};
use crate::report::{ConversationReport, count_kind};
use crate::thread::{Link, Node, Thread};
use crate::time::time_of;
use crate::{ConvertError, Converted, Format, Options};

/// Converts one array of messages, or several conversations.
pub(crate) fn convert(text: &str, options: &Options) -> Result<Converted, ConvertError> {
    let json = Json::parse(text).ok_or(ConvertError::NotJson)?;
    let items = items_of(json).ok_or(ConvertError::WrongShape(Format::UiMessages))?;
    let mut list = List::new(Format::UiMessages, options);
    let first = items.first().and_then(|item| item.object());
    if first.is_some_and(|first| first.has("role")) {
        let messages: Vec<Object<'_>> = items.into_iter().filter_map(Json::object).collect();
        let name = options.stem().map(str::to_owned);
        list.add(|report| Some(thread(&Object::default(), name, &messages, report)));
    } else {
        for item in items {
            list.add(|report| read(&item.object()?, report));
        }
    }
    Ok(list.finish())
}

fn read(object: &Object<'_>, report: &mut ConversationReport) -> Option<Thread> {
    let messages = object
        .get("messages")?
        .items()?
        .into_iter()
        .filter_map(Json::object);
    let id = object.any_text(&["id", "chatId"]);
    Some(thread(object, id, &messages.collect::<Vec<_>>(), report))
}

fn thread(
    object: &Object<'_>,
    id: Option<String>,
    messages: &[Object<'_>],
    report: &mut ConversationReport,
) -> Thread {
    let first = || Some(format!("ui-messages:{}", messages.first()?.nonempty("id")?));
    let source_id = id.or_else(first).unwrap_or_default();
    let mut source = Fields::default();
    source.set("kind", &Format::UiMessages);
    source.set("id", &source_id);
    let time = |name| object.get(name).and_then(time_of);
    Thread {
        nodes: messages
            .iter()
            .map(|message| node(message, report))
            .collect(),
        title: object.nonempty("title"),
        created: time("createdAt"),
        updated: time("updatedAt"),
        source,
        source_id,
        ..Thread::default()
    }
}

fn node(message: &Object<'_>, report: &mut ConversationReport) -> Node {
    let role = match message.text("role").as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool") => Role::Tool,
        _ => Role::System,
    };
    let key = message.nonempty("id").unwrap_or_default();
    let mut node = Node::new(key, Link::Previous, role, AI_SDK);
    let metadata = message.object("metadata").unwrap_or_default();
    node.time = [
        message.get("createdAt"),
        metadata.get("createdAt"),
        metadata.get("timestamp"),
    ]
    .into_iter()
    .flatten()
    .find_map(time_of);
    node.model = metadata.any_text(&["model", "modelId"]);
    count_tokens(&mut node, &metadata);
    node.metadata = Fields::of_object(&metadata);
    // Readers of this format expect parts even for plain text.
    node.plain = false;
    node.parts = Some(parts(message, report));
    node
}

fn parts(message: &Object<'_>, report: &mut ConversationReport) -> Vec<Part> {
    match message.get("parts").and_then(Json::items) {
        Some(parts) => parts
            .into_iter()
            .map(|part| part_of(part, report))
            .collect(),
        // The form of messages before they had parts.
        None => message
            .nonempty("content")
            .map(Part::Text)
            .into_iter()
            .collect(),
    }
}

fn part_of(part: Json<'_>, report: &mut ConversationReport) -> Part {
    let kind = part
        .object()
        .and_then(|part| part.text("type"))
        .unwrap_or_default();
    if !is_known(&kind) {
        count_kind(&mut report.unknown_blocks, &kind);
    }
    Part::opaque(part)
}

fn is_known(kind: &str) -> bool {
    const KNOWN: [&str; 9] = [
        "text",
        "reasoning",
        "file",
        "source-url",
        "source-document",
        "step-start",
        "dynamic-tool",
        "custom",
        "reasoning-file",
    ];
    KNOWN.contains(&kind) || kind.starts_with("tool-") || kind.starts_with("data-")
}

/// The usage that applications store, in the AI SDK's terms.
fn count_tokens(node: &mut Node, metadata: &Object<'_>) {
    let usage = ["usage", "totalUsage"]
        .into_iter()
        .find_map(|name| metadata.object(name));
    let Some(usage) = usage else {
        return;
    };
    let count = |name| usage.count(name).unwrap_or_default();
    let cache_read = count("cachedInputTokens");
    let (input, output) = (count("inputTokens"), count("outputTokens"));
    node.tokens = Some(Tokens { input, output }).filter(|tokens| *tokens != Tokens::default());
    // There, cached input is part of the input.
    node.usage = Some(Usage {
        input: input.saturating_sub(cache_read),
        output,
        cache_read,
        cache_write: 0,
    });
}
