//! A user as a whole: statistics, and erasure.

use super::{BUDGET, ServiceError};
use crate::App;
use crate::context::Caller;
use crate::identity::UserId;
use crate::model::UserPatch;
use crate::store::{Progress, Statistics};

/// A user and the user's statistics.
#[derive(Debug)]
pub struct UserStatistics {
    /// The user.
    pub user: UserId,
    /// The statistics.
    pub statistics: Statistics,
}

/// The statistics of `caller`.
///
/// # Errors
/// When the database fails.
pub async fn statistics(app: &App, caller: &Caller) -> Result<UserStatistics, ServiceError> {
    let statistics = app.store.for_user(caller).statistics().await?;
    Ok(UserStatistics {
        user: caller.user.clone(),
        statistics,
    })
}

/// Sets how long the conversations of `caller` live; the statistics afterwards.
///
/// # Errors
/// When the database fails.
pub async fn choose_ttl(
    app: &App,
    caller: &Caller,
    choice: UserPatch,
) -> Result<UserStatistics, ServiceError> {
    let store = app.store.for_user(caller);
    Ok(UserStatistics {
        user: caller.user.clone(),
        statistics: store.set_conversation_ttl(choice.conversation_ttl).await?,
    })
}

/// Erases everything of `caller`, or as much as possible in 20 seconds.
///
/// # Errors
/// When the database fails.
pub async fn erase(app: &App, caller: &Caller) -> Result<Progress, ServiceError> {
    Ok(app.store.for_user(caller).erase(BUDGET).await?)
}
