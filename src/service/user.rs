//! A user as a whole: statistics, and erasure.

use super::{BUDGET, ServiceError};
use crate::App;
use crate::context::Caller;
use crate::identity::UserId;
use crate::model::{ObjectWriter, UserPatch};
use crate::store::{Activity, ModelUsage, Progress, Statistics, Totals};

const SECONDS_PER_DAY: u64 = 86_400;

/// A user and the user's statistics.
#[derive(Debug)]
pub struct UserStatistics {
    /// The user.
    pub user: UserId,
    /// The statistics.
    pub statistics: Statistics,
}

impl UserStatistics {
    /// The statistics as clients know them.
    pub fn to_json(&self) -> String {
        let Self { user, statistics } = self;
        let current = &statistics.current;
        let totals = ObjectWriter::with_capacity(200)
            .raw("current", &totals_to_json(current))
            .raw("lifetime", &totals_to_json(&statistics.lifetime));
        let mean = current.messages as f64 / current.conversations.max(1) as f64;
        let sizes = ObjectWriter::with_capacity(48)
            .plain("mean", format!("{mean:.2}"))
            .plain("max", statistics.most_messages);
        let trash = ObjectWriter::with_capacity(48)
            .plain("conversations", statistics.trashed)
            .plain("bytes", statistics.trashed_bytes);
        let ttl = statistics.conversation_ttl;
        let ttl_days = ttl.map(|ttl| (ttl.as_secs() / SECONDS_PER_DAY).to_string());
        let recovery = statistics.recovery_created.map(|time| time.to_string());
        let read_token = statistics.read_token_created.map(|time| time.to_string());
        ObjectWriter::with_capacity(2_400)
            .display("userId", user)
            .raw("totals", &totals.finish())
            .plain("bytes", statistics.bytes)
            .raw("conversationTtlDays", ttl_days.as_deref().unwrap_or("null"))
            .plain("expiringSoon", statistics.expiring_soon)
            .raw("trash", &trash.finish())
            .optional("recoveryCodeCreatedAt", recovery.as_deref())
            .optional("readTokenCreatedAt", read_token.as_deref())
            .raw("messagesPerConversation", &sizes.finish())
            .array("activity", statistics.activity.iter().map(activity_to_json))
            .array("models", statistics.models.iter().map(model_to_json))
            .finish()
    }
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

fn totals_to_json(totals: &Totals) -> String {
    ObjectWriter::with_capacity(80)
        .plain("conversations", totals.conversations)
        .plain("messages", totals.messages)
        .plain("tokens", totals.tokens)
        .finish()
}

fn activity_to_json(activity: &Activity) -> String {
    ObjectWriter::with_capacity(64)
        .display("date", activity.day.date())
        .plain("messages", activity.messages)
        .plain("tokens", activity.tokens)
        .finish()
}

fn model_to_json(usage: &ModelUsage) -> String {
    ObjectWriter::with_capacity(96)
        .raw("model", usage.model.as_deref().unwrap_or("null"))
        .plain("messages", usage.messages)
        .plain("tokens", usage.tokens)
        .finish()
}
