//! Sending conversations, and the outcomes.

use std::ops::AddAssign;

use serde::Serialize;
use serde_json::Value;

use super::{Client, Repeat};
use crate::failure::Failure;

/// The most bytes of a request.
pub const REQUEST_BYTES: usize = 4_500_000;

/// Counts of conversations by outcome.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// New, or some of their messages were.
    pub imported: u64,
    /// Everything was there already.
    pub unchanged: u64,
    /// The user has deleted them; they stay so.
    pub deleted: u64,
    /// Rejected.
    pub rejected: u64,
    /// Why the first of those were not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejections: Vec<String>,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.imported += other.imported;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.rejected += other.rejected;
        for rejection in other.rejections {
            self.add_rejection(rejection);
        }
    }
}

impl Tally {
    fn add_rejection(&mut self, rejection: String) {
        const MOST: usize = 20;
        if self.rejections.len() < MOST {
            self.rejections.push(rejection);
        }
    }
}

/// The outcomes of requests.
#[derive(Debug, Default)]
pub struct Outcome {
    /// By conversation.
    pub tally: Tally,
    /// Why sending it again later may help, though the service is reachable.
    pub postponed: Option<String>,
}

impl Client {
    /// Sends conversations in the service's own form to `POST /api/import`, and returns the outcome of each, in the order sent.
    pub async fn import_body(&self, body: String) -> Result<Vec<Value>, Failure> {
        let mut response = self
            .post("/api/import?format=own&follow=true", body, Repeat::Allowed)
            .await?;
        match response["results"].take() {
            Value::Array(results) => Ok(results),
            _ => Err(Failure::Failed(
                "the service has given no results".to_owned(),
            )),
        }
    }

    /// Sends bodies one after the other.
    pub async fn import(&self, bodies: Vec<String>) -> Result<Outcome, Failure> {
        let mut outcome = Outcome::default();
        let mut bodies = bodies.into_iter();
        while let Some(body) = bodies.next() {
            outcome.add(&self.import_body(body).await?);
            // Later bodies may continue conversations that were not accepted.
            if outcome.postponed.is_some() {
                let left = bodies.len();
                if left > 0 {
                    let note = format!("{left} further requests were not sent");
                    outcome.tally.add_rejection(note);
                }
                break;
            }
        }
        Ok(outcome)
    }
}

impl Outcome {
    /// Of these conversations.
    pub fn of(results: &[Value]) -> Self {
        let mut outcome = Self::default();
        outcome.add(results);
        outcome
    }

    fn add(&mut self, results: &[Value]) {
        for result in results {
            self.add_one(result);
        }
    }

    fn add_one(&mut self, result: &Value) {
        let text = |name: &str| result[name].as_str().unwrap_or_default();
        match (text("status"), text("code")) {
            ("imported" | "updated", _) => self.tally.imported += 1,
            ("unchanged", _) => self.tally.unchanged += 1,
            (_, "conversation_deleted") => self.tally.deleted += 1,
            (_, code) => {
                let why = format!(
                    "{}: {} ({code})",
                    text("id"),
                    text("message").trim_end_matches('.')
                );
                self.tally.rejected += 1;
                self.tally.add_rejection(why.clone());
                if may_fit_later(code) {
                    self.postponed.get_or_insert(why);
                }
            }
        }
    }
}

/// Whether a rejected conversation may be accepted later: after others have been deleted, or a claim has finished.
fn may_fit_later(code: &str) -> bool {
    const CODES: [&str; 4] = [
        "too_many_conversations_kept",
        "too_much_text_kept",
        "conversation_too_long",
        "claim_unfinished",
    ];
    CODES.contains(&code)
}
