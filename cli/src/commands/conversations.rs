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
    let text = |name: &str| conversation[name].as_str().unwrap_or_default();
    let updated: String = text("updatedAt").chars().take(16).collect();
    let messages = conversation["messageCount"].as_u64().unwrap_or_default();
    format!(
        "{}  {messages:>5}  {}  {}",
        updated.replace('T', " "),
        text("id"),
        one_line(text("title"))
    )
}

/// A text without what a terminal would act on.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
