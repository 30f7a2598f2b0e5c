//! `list`, and going through the list.

use serde_json::{Value, json};

use crate::api::Client;
use crate::failure::Failure;
use crate::options::{ListOptions, Options};
use crate::output::Output;

/// Prints the list.
pub async fn list(options: &Options, list: &ListOptions) -> Result<(), Failure> {
    let (client, _) = Client::signed_in(options).await?;
    let most = if list.limit == 0 {
        usize::MAX
    } else {
        list.limit
    };
    let conversations = summaries(&client, most).await?;
    let output = Output::new(options.json);
    output.text(|| {
        conversations
            .iter()
            .map(line)
            .collect::<Vec<_>>()
            .join("\n")
    });
    output.json(|| json!({ "conversations": conversations }));
    Ok(())
}

/// The first conversations of the list.
pub async fn summaries(client: &Client, most: usize) -> Result<Vec<Value>, Failure> {
    const PAGE: usize = 50;
    let mut found: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let limit = PAGE.min(most - found.len());
        let mut page = client
            .get(&format!("/api/conversations?limit={limit}{cursor}"))
            .await?;
        if let Value::Array(conversations) = page["data"].take() {
            found.extend(conversations);
        }
        match page["nextCursor"].as_str() {
            // It is of letters, digits, `-` and `_`.
            Some(next) if found.len() < most => cursor = format!("&cursor={next}"),
            _ => return Ok(found),
        }
    }
}

/// A conversation in one line.
pub fn line(conversation: &Value) -> String {
    const TITLE: usize = 80;
    let text = |name: &str| conversation[name].as_str().unwrap_or_default();
    let updated = text("updatedAt").get(..16).unwrap_or_default();
    let messages = conversation["messageCount"].as_u64().unwrap_or_default();
    format!(
        "{}  {messages:>5}  {}  {}",
        updated.replace('T', " "),
        text("id"),
        one_line(text("title"), TITLE)
    )
}

/// The beginning of a text, without what a terminal would act on.
pub fn one_line(text: &str, most: usize) -> String {
    let beginning = text.chars().take(most);
    let mut line: String = beginning
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(most).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_short_line() {
        let conversation = |title: &str| json!({ "id": "c", "title": title, "updatedAt": "2026-01-02T03:04:05.000Z", "messageCount": 7 });
        assert_eq!(
            line(&conversation("a\nb\u{1b}[1m")),
            "2026-01-02 03:04      7  c  a b [1m"
        );
        assert!(line(&conversation(&"ä".repeat(81))).ends_with(&("ä".repeat(80) + "…")));
        assert!(line(&conversation(&"ä".repeat(80))).ends_with('ä'));
    }
}
