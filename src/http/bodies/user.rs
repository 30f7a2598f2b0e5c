//! A user's statistics.

use crate::model::ObjectWriter;
use crate::service::user::UserStatistics;
use crate::store::{Activity, ModelUsage, Totals};

const SECONDS_PER_DAY: u64 = 86_400;

/// A user and the user's statistics.
pub fn user_statistics(statistics: &UserStatistics) -> String {
    let UserStatistics { user, statistics } = statistics;
    let current = &statistics.current;
    let both = ObjectWriter::with_capacity(200)
        .raw("current", &totals(current))
        .raw("lifetime", &totals(&statistics.lifetime));
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
        .raw("totals", &both.finish())
        .plain("bytes", statistics.bytes)
        .raw("conversationTtlDays", ttl_days.as_deref().unwrap_or("null"))
        .plain("expiringSoon", statistics.expiring_soon)
        .raw("trash", &trash.finish())
        .optional("recoveryCodeCreatedAt", recovery.as_deref())
        .optional("readTokenCreatedAt", read_token.as_deref())
        .raw("messagesPerConversation", &sizes.finish())
        .array("activity", statistics.activity.iter().map(activity))
        .array("models", statistics.models.iter().map(model_usage))
        .finish()
}

fn totals(totals: &Totals) -> String {
    ObjectWriter::with_capacity(80)
        .plain("conversations", totals.conversations)
        .plain("messages", totals.messages)
        .plain("tokens", totals.tokens)
        .finish()
}

fn activity(activity: &Activity) -> String {
    ObjectWriter::with_capacity(64)
        .display("date", activity.day.date())
        .plain("messages", activity.messages)
        .plain("tokens", activity.tokens)
        .finish()
}

fn model_usage(usage: &ModelUsage) -> String {
    ObjectWriter::with_capacity(96)
        .raw("model", usage.model.as_deref().unwrap_or("null"))
        .plain("messages", usage.messages)
        .plain("tokens", usage.tokens)
        .finish()
}
