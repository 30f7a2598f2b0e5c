//! `status`: who is signed in, whether the service is reachable, and what is waiting.

use serde_json::json;

use crate::api::Client;
use crate::failure::Failure;
use crate::options::Options;
use crate::output::{Output, count};
use crate::paths;
use crate::sync;

/// Prints it. If the service is unreachable, the exit code says so.
pub async fn status(options: &Options) -> Result<(), Failure> {
    let (client, account) = Client::signed_in(options).await?;
    let waiting = sync::waiting(&account)?;
    let log = paths::log()?;
    let user = client.once().get("/api/user").await;
    let conversations = user
        .as_ref()
        .ok()
        .map(|user| user["totals"]["current"]["conversations"].clone());
    let output = Output::new(options.json);
    output.json(|| {
        json!({
            "api": account.api, "userId": account.user_id, "reachable": user.is_ok(), "conversations": conversations,
            "sessions": waiting, "log": log,
        })
    });
    output.text(|| {
        let there = conversations
            .as_ref()
            .map_or("not reachable".to_owned(), |number| {
                format!("reachable, {number} conversations")
            });
        let sessions = match waiting.waiting {
            0 => "nothing to send".to_owned(),
            number => format!("{number} with {} to send", count(waiting.bytes, "byte")),
        };
        [
            format!("service   {} ({there})", account.api),
            format!("user      {}", account.user_id),
            format!("sessions  {}, {sessions}", count(waiting.files, "file")),
            format!("log       {}", log.display()),
        ]
        .join("\n")
    });
    user.map(drop)
}
