//! Making a read-only link to a conversation.

use super::ServiceError;
use crate::App;
use crate::context::Caller;
use crate::model::{ShareId, ShareRequest, Timestamp};
use crate::store::Share;

/// Shares the conversation that `body` names, until the time it names or for as long as a conversation is kept.
///
/// # Errors
/// `Invalid`; `NoSecret`; the store's refusals; or the database failed.
pub async fn share(app: &App, caller: &Caller, body: &[u8]) -> Result<Share, ServiceError> {
    let now = app.clock.now_ms();
    let ttl = i64::try_from(app.config.conversation_ttl.as_millis()).unwrap_or(i64::MAX);
    let latest = Timestamp::from_ms(now.saturating_add(ttl));
    let request = ShareRequest::parse(body, Timestamp::from_ms(now), latest)?;
    // In the user's database: the id is all that readers know.
    let secret = app.store.generate_colocated(&caller.user, || {
        let secret = ShareId::random_secret()?;
        Ok::<_, ServiceError>((secret.clone(), secret))
    })?;
    let expires = request.expires.unwrap_or(latest);
    let store = app.store.for_user(caller);
    Ok(store.share(&request.conversation, expires, &secret).await?)
}
