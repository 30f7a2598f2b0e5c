//! The metadata of a conversation: what a client may set, and how large it may be.

use serde_json::value::RawValue;

use super::json::{quoted, text_of};
use super::{
    ExportMetadata, Invalid, NewMessage, Object, Record, array_of, generate_title, limits, title,
};
use crate::ErrorCode;

/// The fields of the record. An empty title is replaced by a generated one; but an exported conversation keeps, or
/// lacks, its title.
pub(super) fn metadata(
    mut object: Object<'_>,
    path: &str,
    export: Option<&ExportMetadata>,
    messages: &[NewMessage],
) -> Result<Record, Invalid> {
    // Part of every conversation, so it may be sent back beside the largest number of fields.
    if object
        .get("keep")
        .is_some_and(|value| value.get() == "false")
    {
        object.take("keep");
    }
    check_metadata(&object, path)?;
    let is_none =
        |title: &str| ["null", "\"\""].contains(&title) || title == quoted(title::UNTITLED);
    let mut record = Record::default();
    let sent = object.take("title").map(|raw| raw.get().to_owned());
    let title = match export {
        Some(export) => sent.filter(|title| export.titled && title != "null"),
        None => sent
            .filter(|title| !is_none(title))
            .or_else(|| generate_title(messages)),
    };
    if let Some(title) = title {
        record.push("title", &title);
    }
    for name in ["pinned", "keep", "archived", "tags"] {
        // The script's null removes, and there is nothing to remove yet.
        if object.get(name).is_some_and(|value| value.get() == "null") {
            object.take(name);
        }
    }
    for (name, value) in object.members() {
        record.push(name, value.get());
    }
    Ok(record)
}

pub(super) fn check_metadata(object: &Object<'_>, path: &str) -> Result<(), Invalid> {
    object.check_len(path)?;
    let mut size = 0;
    for (name, value) in object.members() {
        let (json, at) = (value.get(), format!("{path}.{name}"));
        size += name.len() + json.len();
        match name {
            _ if json == "null" => {}
            "title" => check_title(json, &at)?,
            "tags" => check_tags(json, &at)?,
            "mcpServers" if !json.starts_with('{') => {
                return Err(Invalid::field(&at, "an object"));
            }
            "pinned" | "keep" | "archived" if !["true", "false"].contains(&json) => {
                return Err(Invalid::field(&at, "true or false"));
            }
            _ => {}
        }
    }
    if size > limits::METADATA {
        return Err(Invalid::new(
            ErrorCode::MetadataTooLarge,
            format!(
                "{path}: a conversation's metadata may have at most {} bytes",
                limits::METADATA
            ),
        ));
    }
    Ok(())
}

fn check_title(json: &str, path: &str) -> Result<(), Invalid> {
    text_of(json)
        .filter(|title| title.chars().count() <= limits::TITLE)
        .map(|_| ())
        .ok_or_else(|| {
            Invalid::field(
                path,
                &format!("a string of at most {} characters", limits::TITLE),
            )
        })
}

fn check_tags(json: &str, path: &str) -> Result<(), Invalid> {
    let is_tag =
        |raw: &&RawValue| text_of(raw.get()).is_some_and(|tag| tag.chars().count() <= limits::TAG);
    array_of(json.as_bytes(), path)
        .ok()
        .filter(|tags| tags.len() <= limits::TAGS && tags.iter().all(is_tag))
        .map(|_| ())
        .ok_or_else(|| {
            let expected = format!(
                "at most {} strings of at most {} characters",
                limits::TAGS,
                limits::TAG
            );
            Invalid::field(path, &expected)
        })
}
