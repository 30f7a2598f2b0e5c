//! One call that loses a response.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use embedded_store::front::{Fault, Hold};
use serde_json::Value;

use crate::common::client::TestResponse;
use crate::common::situation::{Account, Request, Situation, UNLIMITED, View, check_bytes};
use crate::common::{Client, DAY, Deployment, Site};
use crate::lost_responses::others::is_erasure;

/// A stream's time limit.
const STREAM: Duration = Duration::from_secs(300);

/// Members that a repeated response must share with the first. Not the ids a deletion names: an interleaved write that
/// restores them, or deletes the whole conversation, makes a repeat forget them.
const STEADY: [&str; 11] = [
    "revision",
    "messageCount",
    "totalTokens",
    "appended",
    "imported",
    "unchanged",
    "rejected",
    "claimed",
    "conversations",
    "currentConversationId",
    "erased",
];

/// Which response gets lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The store's to the service, which retries.
    OfTheStore,
    /// The service's to the client, which retries with the same key.
    OfTheService,
}

/// Two deployments on one database, of which the first loses responses.
pub struct Laboratory {
    site: Site,
    lossy: Deployment,
    sound: Deployment,
    keys: AtomicU32,
    /// Calls whose scripts the store knows, so that each takes as many requests as it says.
    known: Mutex<HashSet<&'static str>>,
}

/// The outcome.
struct Outcome {
    account: Account,
    call: (u16, Value),
    other: u16,
    /// `None` where nobody can read any more.
    view: Option<View>,
}

impl Laboratory {
    pub async fn new(site: Site) -> Self {
        Self {
            lossy: site.deployment_beside(&UNLIMITED).await,
            sound: site.deployment_beside(&UNLIMITED).await,
            site,
            keys: AtomicU32::new(0),
            known: Mutex::default(),
        }
    }

    /// Loses the response to each request of the call, with the other write before the repeat.
    pub async fn lose_responses_of(&self, situation: &Situation, other: &Request, loss: Loss) {
        if self.known.lock().unwrap().insert(situation.name) {
            let account = self.prepare(situation).await;
            situation.call.send(&account, None).await;
            self.lossy.idle().await;
        }
        for request in 1..=situation.requests {
            let at = format!(
                "{}, request {request}, meanwhile {} {}",
                situation.name, other.method, other.path
            );
            let is_last = request == situation.requests;
            let lost = match loss {
                Loss::OfTheStore => self.lose(situation, other, request).await,
                Loss::OfTheService if is_last && has_memory(situation) => {
                    self.repeat(situation, other).await
                }
                Loss::OfTheService => continue,
            };
            let mut expected = self.undisturbed(situation, other, request).await;
            // An erasure also removes the log of requests: the repeat is then a new call, after the erasure.
            if is_erasure(other) && (lost.call != expected.call || lost.view != expected.view) {
                expected = self.reversed(situation, other).await;
            }
            if !situation.call.is_read() {
                assert_eq!(lost.call, expected.call, "{at}");
            }
            if situation.is_following {
                assert_eq!(lost.call.0, expected.call.0, "{at}");
            }
            assert_eq!(lost.other, expected.other, "{at}");
            self.check(&at, other, lost, expected).await;
        }
    }

    async fn check(&self, at: &str, other: &Request, lost: Outcome, expected: Outcome) {
        match (&lost.view, &expected.view) {
            (Some(lost), Some(expected)) => {
                lost.check_same(at, expected);
                lost.check_same_trash(at, expected);
            }
            (None, None) => {}
            _ => panic!("{at}: one can be read, the other cannot"),
        }
        if let Some(view) = &lost.view {
            view.check_counts(at);
            if !is_erasure(other) {
                check_bytes(at, &self.site, &self.sound, &lost.account.client).await;
            }
        }
        for account in [lost.account, expected.account] {
            account.client.delete("/api/user").await;
        }
    }

    /// The response to a request is lost, and its repeat waits until the other device has written.
    async fn lose(&self, situation: &Situation, other: &Request, request: u32) -> Outcome {
        let account = self.prepare(situation).await;
        let faults = self.lossy.faults();
        faults.on_request(request, Fault::CutAfter);
        let hold = faults.hold_next();
        self.between(situation, other, account, hold).await
    }

    /// The same without a loss: the other device writes after the request.
    async fn undisturbed(&self, situation: &Situation, other: &Request, request: u32) -> Outcome {
        let account = self.prepare(situation).await;
        let faults = self.lossy.faults();
        faults.pass(request);
        let hold = faults.hold_next();
        self.between(situation, other, account, hold).await
    }

    /// The other device writes first.
    async fn reversed(&self, situation: &Situation, other: &Request) -> Outcome {
        let mut account = self.prepare(situation).await;
        let other_response = other.send(&account, None).await;
        let response = situation.call.send(&account, None).await;
        self.outcome(situation, &mut account, &response, &other_response)
            .await
    }

    /// Lets the other device write when a request of the call waits, or once none can wait any more.
    async fn between(
        &self,
        situation: &Situation,
        other: &Request,
        mut account: Account,
        hold: Hold,
    ) -> Outcome {
        let call = async {
            let response = situation.call.send(&account, None).await;
            self.lossy.idle().await;
            hold.release();
            response
        };
        let write = async {
            hold.arrived().await;
            other
                .send_through(&self.beside(&account), &account, None)
                .await
        };
        let (response, other_response) = {
            tokio::pin!(call, write);
            tokio::select! {
                response = &mut call => {
                    self.lossy.faults().clear();
                    (response, other.send_through(&self.beside(&account), &account, None).await)
                }
                other = &mut write => {
                    hold.release();
                    (call.await, other)
                }
            }
        };
        self.outcome(situation, &mut account, &response, &other_response)
            .await
    }

    /// The client retries with the same key once the other device has written.
    async fn repeat(&self, situation: &Situation, other: &Request) -> Outcome {
        let mut account = self.prepare(situation).await;
        let key = format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed));
        let first = situation.call.send(&account, Some(&key)).await;
        let other_response = other
            .send_through(&self.beside(&account), &account, None)
            .await;
        let again = situation.call.send(&account, Some(&key)).await;
        // An erasure also removes the log of requests.
        if !is_erasure(other) {
            let text = &again.text;
            assert_eq!(steady(&again), steady(&first), "{}: {text}", situation.name);
        }
        self.outcome(situation, &mut account, &again, &other_response)
            .await
    }

    async fn outcome(
        &self,
        situation: &Situation,
        account: &mut Account,
        response: &TestResponse,
        other: &TestResponse,
    ) -> Outcome {
        if situation.name == "sign out" {
            let token = response.expect(200)["token"].clone();
            account.client = account.client.with_token(token.as_str().unwrap());
        }
        let is_readable = account.client.get("/api/session").await.status == 200;
        Outcome {
            call: steady(response),
            other: other.status,
            view: match is_readable {
                true => Some(View::of(&account.client).await),
                false => None,
            },
            account: account.clone(),
        }
    }

    /// The account's other device.
    fn beside(&self, account: &Account) -> Client {
        self.sound
            .anonymous_caller()
            .with_token(account.client.token())
    }

    async fn prepare(&self, situation: &Situation) -> Account {
        let account = Account::new(&self.lossy.anonymous_caller(), situation.has_source).await;
        for request in &situation.before {
            let response = request.send(&account, None).await;
            assert!(response.status < 300, "{request:?}: {}", response.text);
            // Its pending upkeep should not fall into the next request.
            self.lossy.idle().await;
        }
        account.client.get("/api/conversations").await.expect(200);
        self.lossy.idle().await;
        if situation.is_days_later {
            self.site.advance(DAY);
        }
        if situation.is_following {
            self.site.advance(STREAM);
        }
        account
    }
}

fn steady(response: &TestResponse) -> (u16, Value) {
    let mut json: Value = serde_json::from_str(&response.text).unwrap_or_default();
    if let Some(members) = json.as_object_mut() {
        members.retain(|name, _| STEADY.contains(&name.as_str()));
    }
    (response.status, json)
}

/// Whether a repeat is answered from the log of requests: an erasure is not logged, a new user has no log, a stream is
/// opened again, and a user who signed out no longer has a valid token.
fn has_memory(situation: &Situation) -> bool {
    let without = ["erase", "begin a session", "open a stream", "sign out"];
    !without.contains(&situation.name) && !situation.call.is_read()
}
