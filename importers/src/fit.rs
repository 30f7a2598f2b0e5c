//! Makes messages fit: an oversized part becomes a placeholder, and too many parts are spread over several messages
//! that follow one another.

use serde_json::value::{RawValue, to_raw_value};

use crate::json::{Json, Object, quoted, raw};
use crate::parts::{NamedFile, Part};
use crate::report::{ConversationReport, Placeholder, PlaceholderReason};

/// The most bytes of JSON that the parts of a message have, less what separates them.
pub(crate) const PARTS: usize = 3_145_728 - 2_048;
/// The most parts of a message.
const PART_COUNT: usize = 1_000;
/// The most bytes of text that a message without parts has.
const CONTENT: usize = 1_048_576;
/// The most bytes that a member of a part may keep if the part as a whole is too large.
const MEMBER: usize = 65_536;

/// The content of a message.
#[derive(Debug)]
pub(crate) enum Body {
    /// A text.
    Content(String),
    /// Parts.
    Parts(Vec<Box<RawValue>>),
}

/// Packs parts into as few messages as they fit into: at least one.
pub(crate) fn pack(
    parts: Vec<Part>,
    plain: bool,
    message_id: &str,
    report: &mut ConversationReport,
) -> Vec<Body> {
    match parts.as_slice() {
        [] => return vec![Body::Content(String::new())],
        [Part::Text(text)] if plain && is_content(text) => {
            return vec![Body::Content(text.clone())];
        }
        _ => {}
    }
    let mut bodies = Vec::new();
    let (mut body, mut size) = (Vec::new(), 0);
    for json in parts
        .iter()
        .flat_map(|part| fit_part(part, message_id, report))
    {
        let length = json.get().len() + 1;
        if !body.is_empty() && (size + length > PARTS || body.len() == PART_COUNT) {
            bodies.push(Body::Parts(std::mem::take(&mut body)));
            size = 0;
        }
        size += length;
        body.push(json);
    }
    bodies.push(Body::Parts(body));
    bodies
}

/// Whether a text fits as content: its escapes count too.
fn is_content(text: &str) -> bool {
    text.len() <= CONTENT && (text.len() <= PARTS / 6 || quoted(text).len() < PARTS)
}

/// A part as JSON, none of it too large.
fn fit_part(part: &Part, id: &str, report: &mut ConversationReport) -> Vec<Box<RawValue>> {
    if let Part::NamedFile(file) = part {
        report.add_placeholder(placeholder(id, file, PlaceholderReason::NotInSource));
    }
    let json = part.to_json();
    if json.get().len() < PARTS {
        return vec![json];
    }
    if let Part::Text(text) = part {
        // Six bytes of JSON is the most that a byte of text becomes.
        let pieces = pieces_of(text, PARTS / 6 - 64);
        return pieces
            .map(|piece| Part::Text(piece.to_owned()).to_json())
            .collect();
    }
    vec![shrunk(json.get(), id, report)]
}

fn placeholder(id: &str, file: &NamedFile, reason: PlaceholderReason) -> Placeholder {
    Placeholder {
        message_id: id.to_owned(),
        name: file.name.clone(),
        bytes: file.bytes,
        reason,
    }
}

/// Cuts a text into pieces of at most so many bytes.
fn pieces_of(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, left) = rest.split_at(end_of_piece(rest, most));
        rest = left;
        Some(piece)
    })
}

/// Where a piece of at most so many bytes ends.
fn end_of_piece(text: &str, most: usize) -> usize {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// A part that is too large, without its large members.
fn shrunk(json: &str, id: &str, report: &mut ConversationReport) -> Box<RawValue> {
    let block = Json::parse(json).and_then(Json::object).unwrap_or_default();
    let file = NamedFile::of_block(&block, json.len() as u64);
    report.add_placeholder(placeholder(id, &file, PlaceholderReason::TooLarge));
    let rest = (!is_file(&block)).then(|| shrunk_members(&block));
    match rest.filter(|rest| rest.get().len() < PARTS) {
        Some(rest) => rest,
        None => placeholder_json(&file),
    }
}

fn placeholder_json(file: &NamedFile) -> Box<RawValue> {
    to_raw_value(&file.to_placeholder("too_large")).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn is_file(block: &Object<'_>) -> bool {
    let kind = block.text("type").unwrap_or_default();
    let files = ["image", "file", "document", "audio", "video"];
    files.iter().any(|word| kind.contains(word))
}

/// The object, with its long texts truncated and its files replaced by names.
fn shrunk_members(block: &Object<'_>) -> Box<RawValue> {
    let members = block.members().map(|(name, value)| {
        let value = match value.as_str().len() > MEMBER {
            true => shrunk_value(value),
            false => value.as_str().to_owned(),
        };
        format!("{}:{value}", quoted(name))
    });
    raw(format!("{{{}}}", members.collect::<Vec<_>>().join(",")))
}

fn shrunk_value(value: Json<'_>) -> String {
    if let Some(text) = value.text() {
        return beginning(&text);
    }
    let Some(items) = value.items() else {
        return beginning(value.as_str());
    };
    let items = items.into_iter().map(shrunk_item).collect::<Vec<_>>();
    format!("[{}]", items.join(","))
}

fn shrunk_item(item: Json<'_>) -> String {
    let length = item.as_str().len();
    match item.object() {
        _ if length <= MEMBER => item.as_str().to_owned(),
        Some(block) if is_file(&block) => {
            let file = NamedFile::of_block(&block, length as u64);
            placeholder_json(&file).get().to_owned()
        }
        Some(block) => {
            let members = block.members().map(|(name, value)| {
                let value = match (value.as_str().len() > MEMBER, value.text()) {
                    (false, _) => value.as_str().to_owned(),
                    (true, Some(text)) => beginning(&text),
                    (true, None) => beginning(value.as_str()),
                };
                format!("{}:{value}", quoted(name))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        None => beginning(item.as_str()),
    }
}

/// The beginning of a text as a JSON string, and how long it was.
fn beginning(text: &str) -> String {
    let end = end_of_piece(text, MEMBER / 4);
    quoted(&format!("{}… ({} bytes)", &text[..end], text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack_parts(parts: Vec<Part>) -> (Vec<Vec<String>>, ConversationReport) {
        let mut report = ConversationReport::default();
        let bodies = pack(parts, true, "m", &mut report)
            .into_iter()
            .map(|body| match body {
                Body::Content(text) => vec![text],
                Body::Parts(parts) => parts.iter().map(|part| part.get().to_owned()).collect(),
            });
        (bodies.collect(), report)
    }

    fn json_part(json: String) -> Part {
        Part::Json(raw(json))
    }

    #[test]
    fn a_text_is_content_and_a_long_one_is_parts() {
        assert_eq!(pack_parts(vec![Part::Text("hi".into())]).0, [["hi"]]);
        let long = "\u{1}ä".repeat(1_500_000);
        let (bodies, report) = pack_parts(vec![Part::Text(long.clone())]);
        let texts = bodies.iter().flatten().map(|json| {
            let object = Json::parse(json).unwrap().object().unwrap();
            object.text("text").unwrap()
        });
        assert_eq!(texts.collect::<String>(), long);
        for body in &bodies {
            assert!(body.iter().map(String::len).sum::<usize>() < 3_145_728);
        }
        assert!(report.placeholders.is_empty());
    }

    #[test]
    fn many_parts_go_on_in_further_messages() {
        let (bodies, _) = pack_parts(vec![json_part("{\"type\":\"x\"}".into()); 2_001]);
        assert_eq!(
            bodies.iter().map(Vec::len).collect::<Vec<_>>(),
            [1_000, 1_000, 1]
        );
    }

    #[test]
    fn an_oversized_item_keeps_its_name() {
        let data = "A".repeat(3_200_000);
        let image = format!(
            r#"{{"type":"image","filename":"a.png","source":{{"media_type":"image/png","data":"{data}"}}}}"#
        );
        let result = format!(
            r#"{{"type":"tool_result","tool_use_id":"t","content":[{{"type":"text","text":"said"}},{image}]}}"#
        );
        let output = format!(r#"{{"type":"tool_result","tool_use_id":"t","content":"{data}"}}"#);
        let (bodies, report) =
            pack_parts(vec![json_part(image), json_part(result), json_part(output)]);
        assert_eq!(bodies.len(), 1);
        for (part, words) in bodies[0].iter().zip([
            ["\"filename\":\"a.png\"", "too_large", "image/png"],
            ["\"tool_use_id\":\"t\"", "said", "a.png"],
            ["\"tool_use_id\":\"t\"", "AAAA", "(3200000 bytes)"],
        ]) {
            assert!(part.len() < 70_000);
            assert!(
                words.iter().all(|word| part.contains(word)),
                "{}",
                &part[..200]
            );
        }
        assert_eq!(report.placeholders.len(), 3);
    }
}
