//! `search`: asks the service page by page, and prints matches as they arrive.

use reqwest::Url;
use serde_json::{Value, json};

use super::conversations::{line, one_line};
use crate::api::Client;
use crate::failure::Failure;
use crate::options::{Options, SearchOptions};
use crate::output::{Output, count};

/// The most characters of an excerpt.
const EXCERPT: usize = 240;

/// Prints conversations that contain all of the words.
pub async fn search(options: &Options, search: &SearchOptions) -> Result<(), Failure> {
    let (client, _) = Client::signed_in(options).await?;
    let output = Output::new(options.json);
    let (mut found, mut cursor): (Vec<Value>, Option<String>) = (Vec::new(), None);
    let mut unprepared = 0;
    loop {
        let mut page = client
            .get(&path(&search.words.join(" "), cursor.as_deref())?)
            .await?;
        let Value::Array(hits) = page["data"].take() else {
            return Err(Failure::other("the service does not respond as expected"));
        };
        let number = |name: &str| page["indexed"][name].as_u64().unwrap_or(0);
        unprepared = unprepared.max(number("of").saturating_sub(number("done")));
        for hit in hits {
            output.text(|| describe(&hit));
            found.push(hit);
            if found.len() == search.limit {
                break;
            }
        }
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() || found.len() >= search.limit {
            break;
        }
    }
    if unprepared > 0 {
        output.warn(&format!(
            "{} came last, not being prepared for searching yet: search again in a minute",
            count(unprepared, "conversation")
        ));
    }
    output.json(|| json!({ "conversations": found, "complete": cursor.is_none() }));
    Ok(())
}

fn path(words: &str, cursor: Option<&str>) -> Result<String, Failure> {
    let mut parameters = vec![("q", words)];
    parameters.extend(cursor.map(|cursor| ("cursor", cursor)));
    let url = Url::parse_with_params("http://service/api/conversations", parameters)
        .map_err(Failure::other)?;
    Ok(format!(
        "{}?{}",
        url.path(),
        url.query().unwrap_or_default()
    ))
}

/// The conversation, and below it its best match.
fn describe(hit: &Value) -> String {
    let messages = hit["messages"].as_array().into_iter().flatten();
    let excerpts = messages.filter_map(|message| message["excerpt"]["text"].as_str());
    let lines: String = excerpts
        .map(|text| format!("\n    {}", one_line(text, EXCERPT)))
        .collect();
    line(&hit["conversation"]) + &lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sent_as_they_are() {
        let path = path("a \"b & c\" ü", Some("x")).unwrap();
        assert_eq!(path, "/api/conversations?q=a+%22b+%26+c%22+%C3%BC&cursor=x");
    }

    #[test]
    fn matches_are_printed_below_their_conversation() {
        let hit = json!({
            "conversation": { "id": "c", "title": "T", "updatedAt": "2026-01-02T03:04:05Z", "messageCount": 2 },
            "messages": [{ "excerpt": { "text": "one\ntwo" } }],
        });
        let text = describe(&hit);
        assert!(text.contains("c  T\n    one two"), "{text}");
    }
}
