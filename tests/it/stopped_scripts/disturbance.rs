//! One call, stopped at one command and sent again.

use std::sync::atomic::{AtomicU32, Ordering};

use embedded_store::front::Fault;

use crate::common::client::TestResponse;
use crate::common::situation::view::Contents;
use crate::common::situation::{Account, Situation, UNLIMITED, View, check_bytes};
use crate::common::{Client, DAY, Deployment, Site};
use crate::stopped_scripts::reads::Reader;
use crate::stopped_scripts::remains;

/// A site on which commands fail.
pub struct Laboratory {
    site: Site,
    deployment: Deployment,
    anonymous_caller: Client,
    error: &'static str,
    /// Whether each call has an `Idempotency-Key`.
    is_named: bool,
    calls: AtomicU32,
}

/// The result of an undisturbed call.
struct Undisturbed {
    status: u16,
    /// How many conversations a claim has moved.
    moved: serde_json::Value,
    before: Contents,
    after: View,
}

impl Laboratory {
    pub async fn new(site: Site, error: &'static str, is_named: bool) -> Self {
        let deployment = site.deployment(&UNLIMITED).await;
        Self {
            anonymous_caller: deployment.anonymous_caller(),
            site,
            deployment,
            error,
            is_named,
            calls: AtomicU32::new(0),
        }
    }

    /// Whether the database is full, rather than interrupted.
    fn is_full(&self) -> bool {
        self.error.starts_with("OOM")
    }

    pub async fn stop_each_command_of(&self, situation: &Situation) {
        let undisturbed = self.undisturbed(situation).await;
        for request in 1..=situation.requests {
            let mut nth = 1;
            let mut failures = 0;
            loop {
                let stop = self.stop(situation, request, nth, &undisturbed);
                match futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(stop))
                    .await
                {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(_) => {
                        failures += 1;
                        self.deployment.faults().clear();
                        self.deployment.faults().take_fired();
                    }
                }
                nth += 1;
                assert!(nth < 100);
            }
            assert!(failures == 0);
            assert!(nth > 2, "{}: no command was stopped", situation.name);
        }
    }

    async fn prepare(&self, situation: &Situation) -> Account {
        let account = Account::new(&self.anonymous_caller, situation.has_source).await;
        for request in &situation.before {
            let response = request.send(&account, None).await;
            assert!(response.status < 300, "{request:?}: {}", response.text);
            // Its pending upkeep should not fall into the next request.
            self.deployment.idle().await;
        }
        // Upkeep found due by reading is done before any failure is scheduled.
        account.client.get("/api/conversations").await.expect(200);
        self.deployment.idle().await;
        account
    }

    fn wait_for(&self, situation: &Situation) {
        if situation.is_days_later {
            self.site.advance(8 * DAY);
        }
    }

    async fn undisturbed(&self, situation: &Situation) -> Undisturbed {
        let mut account = self.prepare(situation).await;
        let before = View::of(&account.client).await.contents();
        self.wait_for(situation);
        let key = self.key();
        let response = situation.call.send(&account, key.as_deref()).await;
        self.deployment.idle().await;
        assert!(
            response.status < 300,
            "{}: {}",
            situation.name,
            response.text
        );
        take_token(&mut account, situation, &response);
        let after = View::of(&account.client).await;
        after.check_counts(situation.name);
        self.end(situation.name, &account).await;
        Undisturbed {
            status: response.status,
            moved: moved(&response),
            before,
            after,
        }
    }

    fn key(&self) -> Option<String> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        self.is_named.then(|| format!("call-{call}"))
    }

    /// Makes the nth command of a request fail; false if there are fewer.
    async fn stop(
        &self,
        situation: &Situation,
        request: u32,
        nth: u32,
        undisturbed: &Undisturbed,
    ) -> bool {
        let at = format!("{}, request {request}, command {nth}", situation.name);
        let mut account = self.prepare(situation).await;
        let mut reader = Reader::default();
        reader.read_all(&at, &account.client).await;
        self.deployment.idle().await;

        self.wait_for(situation);
        let key = self.key();
        let error = self.error.to_owned();
        let faults = self.deployment.faults();
        faults.on_request(request, Fault::ScriptCommand { nth, error });
        let response = situation.call.send(&account, key.as_deref()).await;
        self.deployment.idle().await;
        faults.clear();
        let has_fired = faults.take_fired();
        if !has_fired {
            assert_eq!(response.status, undisturbed.status, "{at}");
        }
        if response.status < 300 {
            take_token(&mut account, situation, &response);
        }
        let is_in = self
            .check_stopped(&at, &account, &mut reader, undisturbed)
            .await;

        if response.status < 300 && !self.is_named && is_made_anew(situation) {
            self.end(&at, &account).await;
            return has_fired;
        }
        let again = situation.call.send(&account, key.as_deref()).await;
        let is_right = is_right(situation, response.status, &again, is_in);
        assert!(
            is_right,
            "{at}: {} after {}: {}",
            again.status, response.status, again.text
        );
        if again.status < 300 {
            take_token(&mut account, situation, &again);
            assert_eq!(moved(&again), undisturbed.moved, "{at}");
            self.check_repeated(&at, &account, &mut reader, undisturbed)
                .await;
        }
        self.end(&at, &account).await;
        has_fired
    }

    /// After a stopped call everything can be read and nothing is lost. False if the user is signed out.
    async fn check_stopped(
        &self,
        at: &str,
        account: &Account,
        reader: &mut Reader,
        undisturbed: &Undisturbed,
    ) -> bool {
        if account.client.get("/api/session").await.status == 401 {
            return false;
        }
        reader.read_all(at, &account.client).await;
        let now = View::of(&account.client).await.contents();
        let after = undisturbed.after.contents();
        check_contents(at, &undisturbed.before, &now, &after);
        true
    }

    async fn check_repeated(
        &self,
        at: &str,
        account: &Account,
        reader: &mut Reader,
        undisturbed: &Undisturbed,
    ) {
        reader.read_all(at, &account.client).await;
        let view = View::of(&account.client).await;
        view.check_counts(at);
        view.check_same(at, &undisturbed.after);
        if !self.is_full() {
            view.check_same_trash(at, &undisturbed.after);
            check_bytes(at, &self.site, &self.deployment, &account.client).await;
        }
    }

    /// Erases the account and looks for what is left.
    async fn end(&self, at: &str, account: &Account) {
        let erased = account.client.delete("/api/user").await;
        self.deployment.idle().await;
        if erased.status == 401 {
            remains::sweep(&self.site, account).await;
        } else {
            erased.expect(200);
        }
        remains::check(&self.site, at, account).await;
    }
}

fn moved(response: &TestResponse) -> serde_json::Value {
    let json: serde_json::Value = serde_json::from_str(&response.text).unwrap_or_default();
    json["conversations"].clone()
}

/// Whether each call creates another object.
fn is_made_anew(situation: &Situation) -> bool {
    ["share", "link"].contains(&situation.name)
}

/// After a sign-out, the response has the next token.
fn take_token(account: &mut Account, situation: &Situation, response: &TestResponse) {
    if situation.name == "sign out" {
        let token = response.expect(200)["token"].clone();
        account.client = account.client.with_token(token.as_str().unwrap());
    }
}

/// Whether this is a valid response to the repeated call.
fn is_right(situation: &Situation, first: u16, again: &TestResponse, is_in: bool) -> bool {
    match situation.name {
        // Another call does not do it twice.
        "redeem" if first < 300 => [200, 403, 404].contains(&again.status),
        // Without room for a tombstone, it is as if the conversation had never existed.
        "delete a conversation" | "delete a pinned one" | "delete for good" if first < 300 => {
            [200, 404].contains(&again.status)
        }
        "sign out" if !is_in => again.status == 401,
        _ => again.status < 300,
    }
}

/// Each message is in its old or new state: a message that is in both must exist.
fn check_contents(at: &str, before: &Contents, now: &Contents, after: &Contents) {
    let text = |contents: &Contents, id: &str, message: &str| {
        contents
            .get(id)
            .and_then(|messages| messages.get(message))
            .cloned()
    };
    for contents in [before, now, after] {
        for (id, messages) in contents {
            for message in messages.keys() {
                let states = [text(before, id, message), text(after, id, message)];
                let found = text(now, id, message);
                assert!(states.contains(&found), "{at}: {id}/{message} is {found:?}");
            }
            let states = [before.contains_key(id), after.contains_key(id)];
            assert!(states.contains(&now.contains_key(id)), "{at}: {id}");
        }
    }
}
