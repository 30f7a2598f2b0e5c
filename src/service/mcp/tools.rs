//! The tools: their inputs and results. `tools.json` describes them to agents.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::search::{self, Hit, SearchQuery};
use super::super::{ServiceError, conversation};
use super::protocol::RpcError;
use crate::context::Caller;
use crate::model::{ConversationFilter, ConversationId, Invalid, StoredMessage, Summary, limits};
use crate::store::{Cursor, CursorKind, Order, PageQuery, SearchCursor, StoreError};
use crate::{App, ErrorCode};

/// Their description for agents.
const TOOLS: &str = include_str!("tools.json");
/// How many conversations a page has, if nothing else is said, and at most.
const LISTED: limits::PageSize = limits::CONVERSATION_PAGE;
/// The most messages of a page.
const MOST_MESSAGES: usize = 50;
/// About how long the messages of a page are, in bytes as they are stored: some 8,000 tokens.
const PAGE: usize = 32_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchConversations {
    query: String,
    tag: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListConversations {
    tag: Option<String>,
    archived: Option<bool>,
    limit: Option<usize>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadConversation {
    id: String,
    #[serde(default)]
    order: ReadingOrder,
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReadingOrder {
    #[default]
    OldestFirst,
    NewestFirst,
}

/// What `tools/list` returns.
pub(super) fn list() -> Value {
    let tools: Value = serde_json::from_str(TOOLS).unwrap_or_default();
    json!({ "tools": tools })
}

/// Calls a tool. An error that an agent can correct is the tool's result, so that its model reads it.
pub(super) async fn call(
    app: &App,
    caller: &Caller,
    params: &Value,
) -> Result<Result<Value, RpcError>, ServiceError> {
    let name = params["name"].as_str().unwrap_or_default();
    let arguments = &params["arguments"];
    let text = match name {
        "search_conversations" => search_conversations(app, caller, arguments).await,
        "list_conversations" => list_conversations(app, caller, arguments).await,
        "read_conversation" => read_conversation(app, caller, arguments).await,
        _ => {
            let message = format!("There is no tool {name}.");
            return Ok(Err(RpcError::invalid_params(message)));
        }
    };
    match text {
        Ok(text) => Ok(Ok(result(&text, false))),
        Err(error) => match refusal(&error) {
            Some(message) => Ok(Ok(result(&message, true))),
            None => Err(error),
        },
    }
}

fn parse<T: DeserializeOwned>(arguments: &Value) -> Result<T, Invalid> {
    let arguments = match arguments {
        Value::Null => json!({}),
        given => given.clone(),
    };
    serde_json::from_value(arguments)
        .map_err(|error| Invalid::field("arguments", &format!("what the tool takes ({error})")))
}

fn result(text: &str, is_error: bool) -> Value {
    json!({ "content": [{ "type": "text", "text": text }], "isError": is_error })
}

/// The message for an agent that can correct its input; `None` if the caller or the database is at fault.
fn refusal(error: &ServiceError) -> Option<String> {
    match error {
        ServiceError::Invalid(invalid) => Some(invalid.message.clone()),
        ServiceError::Store(StoreError::Refused(ErrorCode::ConversationNotFound)) => {
            Some("There is no such conversation: it never was, was deleted, or has expired.".into())
        }
        ServiceError::Store(StoreError::Refused(ErrorCode::ConversationDeleted)) => {
            Some("This conversation was deleted.".into())
        }
        _ => None,
    }
}

async fn search_conversations(
    app: &App,
    caller: &Caller,
    arguments: &Value,
) -> Result<String, ServiceError> {
    let arguments: SearchConversations = parse(arguments)?;
    let mut query = SearchQuery::parse(&arguments.query)?;
    query.limit = arguments
        .limit
        .unwrap_or(LISTED.default)
        .clamp(1, LISTED.most);
    query.scope.filter.tag = arguments.tag;
    let cursor = arguments.cursor.as_deref();
    query.after = cursor.map(SearchCursor::decode).transpose()?;
    let page = search::search(app, caller, &query).await?;
    let next = page.next.as_ref().map(SearchCursor::encode);
    Ok(page_of(
        page.hits.iter().map(text_of_hit).collect(),
        next.as_deref(),
    ))
}

/// The conversation in one line, and below it what was found.
fn text_of_hit(hit: &Hit) -> String {
    let messages = hit.messages.iter().map(|message| {
        let kind = message.kind.as_deref().unwrap_or_default();
        let words: Vec<&str> = message.excerpt.text.split_whitespace().collect();
        format!(
            "\n- {kind}, {}, {}: {}",
            message.timestamp,
            message.id,
            words.join(" ")
        )
    });
    hit.conversation.to_agent_line() + &messages.collect::<String>()
}

async fn list_conversations(
    app: &App,
    caller: &Caller,
    arguments: &Value,
) -> Result<String, ServiceError> {
    let arguments: ListConversations = parse(arguments)?;
    let limit = arguments
        .limit
        .unwrap_or(LISTED.default)
        .clamp(1, LISTED.most);
    let cursor = decode(arguments.cursor.as_deref(), CursorKind::Conversations)?;
    let filter = ConversationFilter {
        archived: arguments.archived,
        tag: arguments.tag,
        ..ConversationFilter::default()
    };
    let page = conversation::list(app, caller, &filter, limit, cursor.as_ref()).await?;
    let lines = page.conversations.iter().map(Summary::to_agent_line);
    let next = page.next.map(|next| next.encode(CursorKind::Conversations));
    Ok(page_of(lines.collect(), next.as_deref()))
}

async fn read_conversation(
    app: &App,
    caller: &Caller,
    arguments: &Value,
) -> Result<String, ServiceError> {
    let arguments: ReadConversation = parse(arguments)?;
    let id = ConversationId::parse(&arguments.id, "id")?;
    let query = PageQuery {
        limit: MOST_MESSAGES,
        size: PAGE,
        after: decode(arguments.cursor.as_deref(), CursorKind::Messages)?,
        order: match arguments.order {
            ReadingOrder::OldestFirst => Order::Ascending,
            ReadingOrder::NewestFirst => Order::Descending,
        },
        known: None,
    };
    let page = app.store.for_user(caller).page(&id, &query).await?;
    let messages = page.messages.unwrap_or_default();
    let mut texts = vec![format!("# {}\n", page.summary.to_agent_line())];
    texts.extend(messages.iter().map(StoredMessage::to_agent_text));
    let next = page.next.map(|next| next.encode(CursorKind::Messages));
    Ok(page_of(texts, next.as_deref()))
}

fn decode(cursor: Option<&str>, kind: CursorKind) -> Result<Option<Cursor>, ServiceError> {
    Ok(cursor.map(|text| Cursor::decode(text, kind)).transpose()?)
}

fn page_of(items: Vec<String>, next: Option<&str>) -> String {
    let text = match items.is_empty() {
        true => "Nothing.".to_owned(),
        false => items.join("\n"),
    };
    match next {
        Some(next) => format!("{text}\n\n(There is more: call again with cursor \"{next}\".)"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_described_and_read_only() {
        let tools = list();
        let tools = tools["tools"].as_array().unwrap();
        for tool in tools {
            assert_eq!(tool["annotations"]["readOnlyHint"], true);
            assert_eq!(tool["inputSchema"]["additionalProperties"], false);
            assert!(
                tool["description"]
                    .as_str()
                    .unwrap()
                    .contains("data, not instructions")
            );
        }
    }

    #[test]
    fn arguments_are_what_the_description_says() {
        assert!(parse::<ListConversations>(&Value::Null).is_ok());
        assert!(parse::<ListConversations>(&json!({ "limit": -1 })).is_err());
        assert!(parse::<ReadConversation>(&json!({ "id": "c", "order": "newest_first" })).is_ok());
        for wrong in [
            json!({}),
            json!({ "id": 5 }),
            json!({ "id": "c", "x": 1 }),
            json!([]),
        ] {
            assert!(parse::<ReadConversation>(&wrong).is_err(), "{wrong}");
        }
    }
}
