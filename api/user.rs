//! `/api/user`: the user's statistics, how long conversations live, and the end of all the user's data.

use std::sync::Arc;
use std::time::Duration;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::identity::UserId;
use conversation_store::model::{ObjectWriter, UserPatch};
use conversation_store::store::{Erasure, Statistics, Totals};
use http::{Method, StatusCode};

/// How long one request goes on erasing: with the longest call after it, still inside the 30 seconds that
/// `vercel.json` gives a function.
const ERASURE_BUDGET: Duration = Duration::from_secs(20);

/// Statistics, the choice of a TTL, and the erasure of a user.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::GET => statistics(&app, &request).await,
        Method::PATCH => choose(&app, request).await,
        _ => erase(&app, &request).await,
    }
}

async fn statistics(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let statistics = app.store.for_user(&user).statistics().await?;
    Ok(ApiResponse::ok(describe(&user.user, &statistics)))
}

async fn choose(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let store = app.store.for_user(&user);
    let choice = UserPatch::parse(&request.body().await?, store.max_conversation_ttl())?;
    let statistics = store.set_conversation_ttl(choice.conversation_ttl).await?;
    Ok(ApiResponse::ok(describe(&user.user, &statistics)))
}

/// Whether storage is switched on for this user or not: data that is there can be erased.
async fn erase(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.known_user(app).await?;
    let json = ObjectWriter::with_capacity(48);
    Ok(
        match app.store.for_user(&user).erase(ERASURE_BUDGET).await? {
            Erasure::Complete => ApiResponse::ok(json.plain("erased", true).finish()),
            Erasure::Unfinished { remaining } => {
                let json = json.plain("erased", false).plain("remaining", remaining);
                ApiResponse::json(StatusCode::ACCEPTED, json.finish())
            }
        },
    )
}

fn describe(user: &UserId, statistics: &Statistics) -> String {
    let current = &statistics.current;
    let totals = ObjectWriter::with_capacity(200)
        .raw("current", &describe_totals(current))
        .raw("lifetime", &describe_totals(&statistics.lifetime));
    let mean = current.messages as f64 / current.conversations.max(1) as f64;
    let sizes = ObjectWriter::with_capacity(48)
        .plain("mean", format!("{mean:.2}"))
        .plain("max", statistics.most_messages);
    let days = statistics.activity.iter().map(|activity| {
        ObjectWriter::with_capacity(64)
            .display("date", activity.day.date())
            .plain("messages", activity.messages)
            .plain("tokens", activity.tokens)
            .finish()
    });
    let trash = ObjectWriter::with_capacity(48)
        .plain("conversations", statistics.trashed)
        .plain("bytes", statistics.trashed_bytes);
    let ttl = statistics.conversation_ttl;
    let ttl_days = ttl.map(|ttl| (ttl.as_secs() / 86_400).to_string());
    ObjectWriter::with_capacity(2_400)
        .display("userId", user)
        .raw("totals", &totals.finish())
        .plain("bytes", statistics.bytes)
        .raw("conversationTtlDays", &ttl_days.unwrap_or("null".into()))
        .plain("expiringSoon", statistics.expiring_soon)
        .raw("trash", &trash.finish())
        .raw("messagesPerConversation", &sizes.finish())
        .array("activity", days)
        .finish()
}

fn describe_totals(totals: &Totals) -> String {
    ObjectWriter::with_capacity(80)
        .plain("conversations", totals.conversations)
        .plain("messages", totals.messages)
        .plain("tokens", totals.tokens)
        .finish()
}

conversation_store::function!(User, handle);
