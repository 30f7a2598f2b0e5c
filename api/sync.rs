//! `/api/sync`: what has changed since a cursor; or the same as a stream that stays open.

use std::sync::Arc;
use std::time::Duration;

use conversation_store::App;
use conversation_store::http::{Answer, ApiError, ApiRequest};
use conversation_store::model::limits;
use conversation_store::store::SyncCursor;
use conversation_store::stream;
use http::Method;

/// The plan's periodic sync and its real-time successor.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<Answer, ApiError> {
    request.allow(&[Method::GET])?;
    let caller = request.user(&app).await?;
    let cursor = request.sync_cursor()?;
    if request.wants_events() {
        let events = stream::open(app, caller, cursor, &request.background()).await?;
        return Ok(Answer::events(events));
    }
    let limit = request.limit(limits::CONVERSATION_PAGE)?;
    let changes = app
        .store
        .of(&caller)
        .changes(cursor.as_ref(), limit, Duration::ZERO)
        .await?;
    let clock = u64::try_from(changes.clock).unwrap_or_default();
    let is_known = matches!(cursor, Some(SyncCursor::Since(_))) && changes.is_empty();
    if is_known && request.if_none_match() == Some(clock) {
        return Ok(Answer::not_modified().with_revision(clock).revalidated());
    }
    Ok(Answer::ok(changes.to_json())
        .with_revision(clock)
        .revalidated())
}

conversation_store::function!(handle);
