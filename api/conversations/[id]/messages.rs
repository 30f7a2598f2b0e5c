//! `/api/conversations/{id}/messages`: a conversation's messages, by pages, and new ones.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::model::{NewMessage, ObjectWriter, Timestamp, limits, parse_append};
use conversation_store::store::{CursorKind, Order, Outcome, PageQuery};
use http::Method;

/// Pages of messages, and appending up to 100 at once.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::GET => page(&app, &request).await,
        _ => append(&app, request).await,
    }
}

async fn page(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let query = PageQuery {
        limit: request.limit(limits::MESSAGE_PAGE)?,
        size: limits::PAGE,
        after: request.cursor(CursorKind::Messages)?,
        order: match (
            request.choice("branches", &["all"])?,
            request.choice("order", &["desc", "asc"])?,
        ) {
            (Some(_), _) => Order::AllBranches,
            (None, Some("asc")) => Order::Ascending,
            (None, _) => Order::Descending,
        },
        known: request.known_versions(),
    };
    let page = app.store.for_user(&user).page(&id, &query).await?;
    let etag = page.summary.etag.as_deref();
    let Some(messages) = page.messages else {
        return Ok(ApiResponse::not_modified(etag));
    };
    let messages: Vec<String> = messages.iter().map(|message| message.to_json()).collect();
    let size: usize = messages.iter().map(|json| json.len() + 1).sum();
    let next = page.next.map(|cursor| cursor.encode(CursorKind::Messages));
    let json = ObjectWriter::with_capacity(size + 300)
        .array("data", messages)
        .optional("nextCursor", next.as_deref())
        .plain("revision", page.summary.counters.revision);
    Ok(ApiResponse::ok(json.finish()).revalidated(etag))
}

async fn append(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let preconditions = request.preconditions()?;
    let now = Timestamp::from_ms(app.clock.now_ms());
    let messages: Vec<NewMessage> = parse_append(&request.body().await?, now)?;
    let store = app.store.for_user(&user);
    let (written, appended) = store.append(&id, &messages, &preconditions).await?;
    let json = ObjectWriter::with_capacity(1_024)
        .raw("conversation", &written.summary.to_object(0).finish())
        .display_array("appended", &appended);
    let json = written.change_sequence.write_to(json);
    // Messages are what an append creates.
    let is_created = written.outcome != Outcome::Unchanged;
    Ok(ApiResponse::written(&written, json, is_created))
}

conversation_store::function!(Messages, handle);
