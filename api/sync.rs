//! `/api/sync`: what has changed since a cursor; or the same as a stream that stays open.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse, bodies};
use conversation_store::model::{TagList, limits};
use conversation_store::service::stream;
use conversation_store::store::SyncCursor;

/// A page of changes, or a stream of them.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let caller = request.user(&app).await?;
    let cursor = request.sync_cursor()?;
    let place = request.stream_place()?;
    if request.wants_events() {
        let stream = stream::open(app, caller, cursor, place).await?;
        return Ok(ApiResponse::events(stream, &request.background()));
    }
    let limit = request.limit(limits::CONVERSATION_PAGE)?;
    let store = app.store.for_user(&caller);
    let changes = store.changes(cursor.as_ref(), limit).await?;
    let tag = store.sync_tag(changes.change_sequence);
    let is_known = matches!(cursor, Some(SyncCursor::Since(_))) && changes.is_empty();
    Ok(match request.known_versions() {
        Some(TagList::Tags(tags)) if is_known && tags.contains(&tag) => {
            ApiResponse::not_modified(Some(&tag))
        }
        _ => ApiResponse::ok(bodies::changes(&changes)).revalidated(Some(&tag)),
    })
}

conversation_store::function!(Sync, handle);
