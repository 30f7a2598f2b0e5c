//! What is left in the store after a user is erased.

use embedded_store::reply::Reply;

use crate::common::Site;
use crate::common::situation::Account;

/// Panics if anything is left of the account, or never expires.
pub async fn check(site: &Site, at: &str, account: &Account) {
    let keys = site.keys("*").await;
    sweep(site, account).await;
    for key in keys {
        let is_mark = account
            .users
            .get(1)
            .is_some_and(|source| key == mark_of(source));
        assert!(is_mark || !is_of(&key, account), "{at}: {key} is left");
        // -2: gone by now.
        let is_bounded = site.command(&["PTTL", &key]).await != Reply::Int(-1);
        assert!(is_bounded, "{at}: {key} does not expire");
    }
}

/// Removes the account directly in the store.
pub async fn sweep(site: &Site, account: &Account) {
    for key in site.keys("*").await {
        if is_of(&key, account) {
            site.command(&["DEL", &key]).await;
        }
    }
}

/// What a claim leaves of the user that was claimed.
fn mark_of(source: &str) -> String {
    format!("user:{source}:conversations:meta")
}

fn is_of(key: &str, account: &Account) -> bool {
    let is_public = ["share:", "link:", "recovery:"]
        .iter()
        .any(|prefix| key.starts_with(prefix));
    is_public || account.users.iter().any(|user| key.contains(user))
}
