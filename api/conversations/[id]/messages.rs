//! `/api/conversations/{id}/messages`: a conversation's messages, by pages, and new ones.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse, bodies};
use conversation_store::model::{StoredMessage, is_append_of_entries, limits};
use conversation_store::service::{agent_session, message};
use conversation_store::store::{CursorKind, Order, Page, PageQuery};
use http::Method;

/// Pages of messages, and appending up to 100 at once, or up to 500 entries of an agent session.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::GET => match request.choice("view", &["entries", "chat"])? {
            Some(view) => entries(&app, &request, view).await,
            None => page(&app, &request).await,
        },
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
    Ok(respond(&page, |messages| {
        messages.iter().map(StoredMessage::to_json).collect()
    }))
}

/// The entries of an agent session, oldest first: as they were sent, or as a conversation to be read.
async fn entries(app: &App, request: &ApiRequest, view: &str) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let query = PageQuery {
        limit: request.limit(limits::ENTRY_PAGE)?,
        size: limits::PAGE,
        after: request.cursor(CursorKind::Messages)?,
        order: Order::Ascending,
        known: None,
    };
    let page = app.store.for_user(&user).page(&id, &query).await?;
    Ok(respond(&page, |messages| {
        let entries = agent_session::entries(messages);
        match view {
            "chat" => agent_session::to_chat(&entries),
            _ => entries.into_iter().map(str::to_owned).collect(),
        }
    }))
}

fn respond(page: &Page, to_json: impl FnOnce(&[StoredMessage]) -> Vec<String>) -> ApiResponse {
    let etag = page.summary.etag.as_deref();
    match &page.messages {
        Some(messages) => {
            let body = bodies::message_page(page, &to_json(messages));
            ApiResponse::ok(body).revalidated(etag)
        }
        None => ApiResponse::not_modified(etag),
    }
}

async fn append(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let preconditions = request.preconditions()?;
    let key = request.idempotency_key().map(str::to_owned);
    let body = request.body().await?;
    if is_append_of_entries(&body) {
        let appended =
            agent_session::append(app, &user, &id, &body, key.as_deref(), &preconditions).await?;
        let body = bodies::appended_entries(&appended);
        return Ok(ApiResponse::appended(&appended.written, body));
    }
    let (written, appended) = message::append(app, &user, &id, &body, &preconditions).await?;
    let body = bodies::appended_messages(&written, &appended);
    Ok(ApiResponse::appended(&written, body))
}

conversation_store::function!(Messages, handle);
