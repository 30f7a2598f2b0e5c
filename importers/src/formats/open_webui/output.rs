//! `output` of a message: items as OpenAI's Responses API has them.

use crate::json::{Json, Object};
use crate::parts::{NamedFile, Part, Tool, value_of};
use crate::report::{ConversationReport, count_kind};

enum Item {
    Part(Part),
    Tool(Tool),
}

/// The parts of items; each call with its result.
pub(super) fn read(items: &[Json<'_>], report: &mut ConversationReport) -> Vec<Part> {
    let mut read: Vec<Item> = Vec::new();
    for json in items {
        let item = json.object().unwrap_or_default();
        let kind = item.text("type").unwrap_or_default();
        match kind.as_str() {
            "reasoning" => read.extend(reasoning(&item).map(Item::Part)),
            "message" => {
                let content = item.get("content").into_iter();
                read.extend(
                    content
                        .flat_map(|content| read_content(content, report))
                        .map(Item::Part),
                );
            }
            "function_call" => read.push(Item::Tool(call(&item))),
            "function_call_output" => add_output(&mut read, &item),
            _ => {
                count_kind(&mut report.unknown_blocks, &kind);
                read.push(Item::Part(Part::opaque(*json)));
            }
        }
    }
    let part = |item| match item {
        Item::Part(part) => part,
        Item::Tool(tool) => tool.to_part(),
    };
    read.into_iter().map(part).collect()
}

/// Text, or an array of parts.
pub(super) fn read_content(content: Json<'_>, report: &mut ConversationReport) -> Vec<Part> {
    let parts = content.items().unwrap_or_else(|| vec![content]);
    parts
        .into_iter()
        .filter_map(|part| content_part(part, report))
        .collect()
}

fn content_part(json: Json<'_>, report: &mut ConversationReport) -> Option<Part> {
    if let Some(text) = json.text() {
        return (!text.is_empty()).then_some(Part::Text(text));
    }
    let part = json.object().unwrap_or_default();
    let kind = part.text("type").unwrap_or_default();
    match kind.as_str() {
        "text" | "output_text" | "input_text" | "refusal" => {
            part.any_text(&["text", "refusal"]).map(Part::Text)
        }
        "image_url" | "input_image" => Some(image(&part)),
        "input_file" => Some(Part::NamedFile(NamedFile {
            name: part.any_text(&["filename", "file_id"]),
            ..NamedFile::default()
        })),
        _ => {
            count_kind(&mut report.unknown_blocks, &kind);
            Some(Part::opaque(json))
        }
    }
}

fn image(part: &Object<'_>) -> Part {
    let inner = part
        .object("image_url")
        .and_then(|image| image.nonempty("url"));
    let url = inner.or_else(|| part.nonempty("image_url"));
    match url.filter(|url| url.starts_with("http") || url.starts_with("data:")) {
        Some(url) => Part::linked_file(&url, None, Some("image/*")),
        None => Part::NamedFile(NamedFile {
            media_type: Some("image/*".to_owned()),
            source_id: part.any_text(&["file_id", "image_url"]),
            ..NamedFile::default()
        }),
    }
}

fn reasoning(item: &Object<'_>) -> Option<Part> {
    let texts = |name| {
        let parts = item.items(name).into_iter().filter_map(Json::object);
        let texts: Vec<String> = parts.filter_map(|part| part.nonempty("text")).collect();
        Some(texts.join("\n\n")).filter(|text| !text.is_empty())
    };
    let text = texts("content")
        .or_else(|| texts("summary"))
        .or_else(|| item.nonempty("text"));
    text.map(|text| Part::reasoning(&text))
}

fn call(item: &Object<'_>) -> Tool {
    let arguments = item.get("arguments");
    Tool {
        name: item.nonempty("name").unwrap_or_else(|| "tool".to_owned()),
        call_id: item.any_text(&["call_id", "id"]).unwrap_or_default(),
        input: arguments.map(|json| {
            json.text()
                .map_or_else(|| json.to_raw(), |text| value_of(&text))
        }),
        ..Tool::default()
    }
}

/// Adds a result to its call, or as a separate call if there is none.
fn add_output(read: &mut Vec<Item>, item: &Object<'_>) {
    let call_id = item.nonempty("call_id").unwrap_or_default();
    let output = item.get("output");
    let output = output.map(|json| {
        json.text()
            .map_or_else(|| json.to_raw(), |text| value_of(&text))
    });
    let is_its = |item: &&mut Item| matches!(item, Item::Tool(tool) if tool.call_id == call_id && !tool.is_done);
    // The result of a call follows soon after it.
    const NEAR: usize = 200;
    match read.iter_mut().rev().take(NEAR).find(is_its) {
        Some(Item::Tool(tool)) => (tool.output, tool.is_done) = (output, true),
        _ => read.push(Item::Tool(Tool {
            name: "tool".to_owned(),
            call_id,
            output,
            is_done: true,
            ..Tool::default()
        })),
    }
}
