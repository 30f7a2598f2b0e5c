//! `search`: reads an export of everything, and shows what has all the words.

use serde_json::{Value, json};

use super::conversations::{line, one_line};
use super::lines::Lines;
use crate::api::Client;
use crate::failure::Failure;
use crate::options::{Options, SearchOptions};
use crate::output::{Output, count};

/// Prints conversations that have all the words in the title or in texts.
pub async fn search(options: &Options, search: &SearchOptions) -> Result<(), Failure> {
    let (client, _) = Client::signed_in(options).await?;
    let words: Vec<String> = search
        .words
        .iter()
        .map(|word| word.to_lowercase())
        .collect();
    let mut lines = Lines::new(client.open("/api/export").await?);
    let (mut found, mut read): (Vec<Value>, u64) = (Vec::new(), 0);
    let output = Output::new(options.json);
    while let Some(text) = lines.next().await? {
        let conversation: Value = serde_json::from_slice(&text).map_err(Failure::other)?;
        if conversation["id"].is_null() {
            continue;
        }
        read += 1;
        if let Some(hit) = hit(&conversation, &words) {
            // A long conversation goes on in further lines.
            if found.last().is_none_or(|last| last["id"] != hit["id"]) {
                output.text(|| describe(&hit));
                found.push(hit);
            }
        }
    }
    output.json(|| json!({ "conversations": found, "searched": read, "by": "export" }));
    if !options.json {
        output.warn(&format!(
            "{} read: the service has no search yet",
            count(read, "conversation")
        ));
    }
    Ok(())
}

/// The conversation without its messages, and where its first word is; `None` where a word is missing.
fn hit(conversation: &Value, words: &[String]) -> Option<Value> {
    let title = conversation["title"].as_str().unwrap_or_default();
    let messages = conversation["messages"].as_array().into_iter().flatten();
    let texts: Vec<&str> = std::iter::once(title)
        .chain(messages.filter_map(|message| message["content"].as_str()))
        .collect();
    let is_there = |word: &String| texts.iter().any(|text| text.to_lowercase().contains(word));
    if !words.iter().all(is_there) {
        return None;
    }
    let excerpt = texts
        .iter()
        .skip(1)
        .find_map(|text| excerpt(text, words.first()?));
    let mut hit = json!({ "excerpt": excerpt });
    for name in ["id", "title", "updatedAt", "messageCount"] {
        hit[name] = conversation[name].clone();
    }
    Some(hit)
}

/// The line of a text that a word is in.
fn excerpt(text: &str, word: &str) -> Option<String> {
    const LONGEST: usize = 160;
    let line = text
        .lines()
        .find(|line| line.to_lowercase().contains(word))?;
    let lower = line.to_lowercase();
    let before = lower.find(word).map_or(0, |at| lower[..at].chars().count());
    let excerpt: String = line
        .chars()
        .skip(before.saturating_sub(LONGEST / 2))
        .take(LONGEST)
        .collect();
    Some(one_line(excerpt.trim(), LONGEST))
}

fn describe(hit: &Value) -> String {
    let excerpt = hit["excerpt"].as_str().unwrap_or_default();
    if excerpt.is_empty() {
        line(hit)
    } else {
        format!("{}\n    {excerpt}", line(hit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_have_to_be_there() {
        let conversation = json!({ "id": "c", "title": "Title", "messages": [
            { "content": "one\nÄ two THREE" }, { "content": [{ "type": "text" }] } ] });
        let hit = |words: &[&str]| {
            hit(
                &conversation,
                &words
                    .iter()
                    .map(|&word| word.to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(hit(&["three", "title"]).unwrap()["excerpt"], "Ä two THREE");
        assert!(hit(&["three", "four"]).is_none());
    }
}
