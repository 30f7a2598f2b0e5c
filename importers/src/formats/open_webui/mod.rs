//! Exports of Open WebUI: a tree of messages (`chat.history.messages`), of which `currentId` is the active leaf.
//!
//! Reasoning and calls of tools are in `output`, or in earlier releases as `<details>` within the text.

mod details;
mod output;

use std::collections::HashMap;

use crate::Format;
use crate::conversation::{Fields, Role, Status, Tokens};
use crate::json::{Json, Object};
use crate::parts::{AI_SDK, NamedFile, Part};
use crate::report::ConversationReport;
use crate::thread::{Link, Node, Thread};
use crate::time::time_of;

/// Reads one conversation.
pub(crate) fn read(object: &Object<'_>, report: &mut ConversationReport) -> Option<Thread> {
    let inner = object.object("chat").unwrap_or_default();
    let history = inner
        .object("history")
        .or_else(|| object.object("history"))
        .unwrap_or_default();
    let messages = messages_of(&history).or_else(|| linear(&inner))?;
    let nodes: Vec<Node> = messages
        .iter()
        .map(|(key, message)| node(key, message, report))
        .collect();
    let source_id = object.nonempty("id");
    let source_id = source_id.or_else(|| Some(format!("open-webui:{}", nodes.first()?.key)));
    let source_id = source_id.unwrap_or_default();
    let time = |name| object.get(name).and_then(time_of);
    let tags = object
        .object("meta")
        .map(|meta| meta.items("tags"))
        .unwrap_or_default();
    Some(Thread {
        nodes,
        title: object.nonempty("title").or_else(|| inner.nonempty("title")),
        created: time("created_at").or_else(|| inner.get("timestamp").and_then(time_of)),
        updated: time("updated_at"),
        head: history.nonempty("currentId"),
        archived: object.is_true("archived"),
        pinned: object.is_true("pinned"),
        tags: tags.into_iter().filter_map(tag_of).collect(),
        source: source(object, &source_id),
        source_id,
        ..Thread::default()
    })
}

/// A tag is a word, or an object with a name.
fn tag_of(tag: Json<'_>) -> Option<String> {
    tag.text().or_else(|| tag.object()?.nonempty("name"))
}

fn source(object: &Object<'_>, id: &str) -> Fields {
    let mut source = Fields::default();
    source.set("kind", &Format::OpenWebUi);
    source.set("id", &id);
    source.set_some(
        "folderId",
        object.nonempty("folder_id").filter(|id| id.len() < 1_000),
    );
    source
}

type Messages<'a> = Vec<(String, Object<'a>)>;

/// The messages of the tree; of two with the same name the last counts.
fn messages_of<'a>(history: &Object<'a>) -> Option<Messages<'a>> {
    let messages = history.object("messages")?;
    let last: HashMap<&str, usize> = messages
        .members()
        .enumerate()
        .map(|(index, (key, _))| (key, index))
        .collect();
    let members = messages.members().enumerate();
    let members = members.filter(|(index, (key, _))| last.get(key) == Some(index));
    let read = members.filter_map(|(_, (key, json))| Some((key.to_owned(), json.object()?)));
    Some(read.collect())
}

/// The messages of a chat that has no tree.
fn linear<'a>(chat: &Object<'a>) -> Option<Messages<'a>> {
    let messages = chat
        .get("messages")?
        .items()?
        .into_iter()
        .filter_map(Json::object);
    Some(
        messages
            .map(|message| (message.nonempty("id").unwrap_or_default(), message))
            .collect(),
    )
}

fn node(key: &str, message: &Object<'_>, report: &mut ConversationReport) -> Node {
    let role = match message.text("role").as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool") => Role::Tool,
        _ => Role::System,
    };
    let parent = match message.nonempty("parentId") {
        Some(parent) => Link::To(parent),
        None if message.has("parentId") => Link::Root,
        None => Link::Previous,
    };
    let mut node = Node::new(key.to_owned(), parent, role, AI_SDK);
    node.time = message.get("timestamp").and_then(time_of);
    node.model = message
        .nonempty("model")
        .filter(|_| role == Role::Assistant);
    node.tokens = message.object("usage").and_then(|usage| tokens_of(&usage));
    let is_unfinished = message
        .get("done")
        .is_some_and(|done| done.as_str() == "false");
    node.status = is_unfinished.then_some(Status::Aborted);
    let mut parts = said(message, report);
    if let Some(error) = message
        .get("error")
        .filter(|error| error.as_str() != "false")
    {
        node.status = Some(Status::Error);
        parts.extend(error_text(error).map(Part::Text));
    }
    let items = |name| message.items(name).into_iter().filter_map(Json::object);
    parts.extend(items("files").map(|file| file_of(&file)));
    parts.extend(items("sources").flat_map(|source| sources_of(&source)));
    node.parts = Some(parts);
    node
}

fn said(message: &Object<'_>, report: &mut ConversationReport) -> Vec<Part> {
    let output = output::read(&message.items("output"), report);
    match message.get("content") {
        _ if !output.is_empty() => output,
        Some(content) if content.is_array() => output::read_content(content, report),
        Some(content) => details::read(&content.text().unwrap_or_default()),
        None => Vec::new(),
    }
}

fn error_text(error: Json<'_>) -> Option<String> {
    let inner = || error.object()?.any_text(&["content", "message", "detail"]);
    error.text().or_else(inner).filter(|text| !text.is_empty())
}

fn tokens_of(usage: &Object<'_>) -> Option<Tokens> {
    let count = |names: [&str; 3]| names.iter().find_map(|name| usage.count(name));
    let tokens = Tokens {
        input: count(["prompt_tokens", "input_tokens", "prompt_eval_count"]).unwrap_or_default(),
        output: count(["completion_tokens", "output_tokens", "eval_count"]).unwrap_or_default(),
    };
    (tokens != Tokens::default()).then_some(tokens)
}

/// A file: it is on another server, unless it is on the web or in the message itself.
fn file_of(file: &Object<'_>) -> Part {
    let inner = file.object("file").unwrap_or_default();
    let meta = inner.object("meta").unwrap_or_default();
    let name = file.nonempty("name").or_else(|| inner.nonempty("filename"));
    let media_type = file
        .nonempty("content_type")
        .or_else(|| meta.nonempty("content_type"));
    let is_image = file.text("type").as_deref() == Some("image");
    let media_type = media_type.or_else(|| is_image.then(|| "image/*".to_owned()));
    let url = file
        .nonempty("url")
        .filter(|url| url.starts_with("http") || url.starts_with("data:"));
    match url {
        Some(url) => Part::linked_file(&url, name.as_deref(), media_type.as_deref()),
        None => Part::NamedFile(NamedFile {
            name,
            media_type,
            bytes: file.count("size"),
            source_id: file.any_text(&["id", "url"]),
        }),
    }
}

/// The pages that something was taken from, or the documents.
fn sources_of(source: &Object<'_>) -> Vec<Part> {
    let about = source.object("source").unwrap_or_default();
    let metadata: Vec<Object<'_>> = source
        .items("metadata")
        .into_iter()
        .filter_map(Json::object)
        .collect();
    let places = metadata
        .iter()
        .filter_map(|page| Some((page.nonempty("source")?, page.any_text(&["title", "name"]))));
    let own = about
        .any_text(&["url", "name"])
        .map(|place| (place, about.nonempty("name")));
    let mut pages: Vec<(String, Option<String>)> = places.collect();
    pages.extend(own.filter(|_| metadata.is_empty()));
    pages.dedup();
    let part = |(place, title): (String, Option<String>)| match place.starts_with("http") {
        true => Part::source_url(&place, title.as_deref()),
        false => Part::source_document(title.as_deref().unwrap_or(&place)),
    };
    pages.into_iter().map(part).collect()
}
