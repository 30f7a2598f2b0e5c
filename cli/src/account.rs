//! Who is signed in at which service: tokens, in a file that only its owner can read.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::now_ms;
use crate::digest::digest;
use crate::failure::Failure;
use crate::files;
use crate::paths;

/// All accounts of this machine.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Accounts {
    /// The service of the last login.
    #[serde(default)]
    current: Option<String>,
    #[serde(default)]
    accounts: BTreeMap<String, Account>,
}

/// A user of one service.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The service's address.
    #[serde(skip)]
    pub api: String,
    /// The user.
    pub user_id: String,
    /// The token.
    pub token: String,
    /// When the token was issued, ms.
    renewed_at: i64,
    /// When it expires, ms; absent if unknown.
    #[serde(default)]
    expires_at: Option<i64>,
}

impl Account {
    /// From the service's response when it issues a token; `None` if there is no token in it.
    pub fn of_response(api: &str, response: &Value) -> Option<Self> {
        let text = |name: &str| response[name].as_str();
        let expires_at = text("expiresAt").and_then(|time| DateTime::parse_from_rfc3339(time).ok());
        Some(Self {
            api: api.to_owned(),
            user_id: text("userId")?.to_owned(),
            token: text("token")?.to_owned(),
            renewed_at: now_ms(),
            expires_at: expires_at.map(|time| time.timestamp_millis()),
        })
    }

    /// Whether half of the time for which the token is valid is over.
    pub fn wants_renewal(&self) -> bool {
        self.expires_at
            .is_some_and(|expires_at| now_ms() > i64::midpoint(self.renewed_at, expires_at))
    }

    /// The folder with the sync state of this user.
    pub fn sync_folder(&self) -> Result<PathBuf, Failure> {
        let name = digest(format!("{}\n{}", self.api, self.user_id).as_bytes());
        Ok(paths::state()?.join("sync").join(name))
    }
}

impl std::fmt::Debug for Account {
    /// Prints no token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("api", &self.api)
            .finish_non_exhaustive()
    }
}

impl Accounts {
    /// Reads the file; a missing one is empty.
    pub fn load() -> Result<Self, Failure> {
        let path = path()?;
        match fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json).map_err(|error| Failure::file(&path, &error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::file(&path, &error)),
        }
    }

    fn save(&self) -> Result<(), Failure> {
        let path = path()?;
        let json = serde_json::to_vec_pretty(self).map_err(Failure::other)?;
        files::create_folder(&paths::config()?)
            .and_then(|()| files::write_atomically(&path, &[&json, b"\n"]))
            .map_err(|error| Failure::file(&path, &error))
    }

    /// The selected service: the one named, or that of the last login.
    pub fn api(&self, named: Option<&str>) -> Result<String, Failure> {
        let api = named.or(self.current.as_deref()).ok_or_else(|| {
            let hint = "say where the service is: --api https://… (or CONVERSATION_STORE_API)";
            Failure::NotSignedIn(hint.to_owned())
        })?;
        let api = api.trim_end_matches('/');
        Ok(api.strip_suffix("/api").unwrap_or(api).to_owned())
    }

    /// Who is signed in there.
    pub fn get(&self, api: &str) -> Result<Account, Failure> {
        let account = self.accounts.get(api).cloned().ok_or_else(|| {
            Failure::NotSignedIn(format!(
                "not signed in at {api}: run `conversation-store login`"
            ))
        })?;
        Ok(Account {
            api: api.to_owned(),
            ..account
        })
    }

    /// Stores a token; its service becomes the default.
    pub fn sign_in(account: &Account) -> Result<(), Failure> {
        let mut accounts = Self::load()?;
        accounts.current = Some(account.api.clone());
        accounts
            .accounts
            .insert(account.api.clone(), account.clone());
        accounts.save()
    }

    /// Replaces the token of an account that is signed in.
    pub fn renew(account: &Account) -> Result<(), Failure> {
        let mut accounts = Self::load()?;
        let known = accounts.accounts.get_mut(&account.api);
        if let Some(known) = known.filter(|known| known.user_id == account.user_id) {
            *known = account.clone();
            accounts.save()?;
        }
        Ok(())
    }

    /// Removes a token; returns whether there was one.
    pub fn sign_out(api: &str) -> Result<bool, Failure> {
        let mut accounts = Self::load()?;
        let removed = accounts.accounts.remove(api).is_some();
        if removed {
            accounts.save()?;
        }
        Ok(removed)
    }
}

fn path() -> Result<PathBuf, Failure> {
    Ok(paths::config()?.join("credentials.json"))
}
