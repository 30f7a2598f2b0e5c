//! What secrets look like: `public/secret-patterns.json`, by which the demo page marks secrets before something is shared, too.
//!
//! Source: the prefixes that the providers publish for their tokens, which is also what GitHub's secret scanning ("Supported secret
//! scanning patterns" in its documentation) and gitleaks (its default rules) look for; the expressions are written for this list, in
//! what Rust and JavaScript have in common. The more special ones stand before the more general ones.

use serde::Deserialize;

/// The pattern of one kind of secret.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pattern {
    /// The replacement of a secret.
    pub name: String,
    /// Every match contains one of these texts.
    pub hints: Vec<String>,
    /// The first group is the secret, if only a part of the match is one.
    pub expression: String,
    /// Whether case is ignored.
    #[serde(default)]
    pub ignore_case: bool,
    /// Whether it matches too much to be replaced unseen, such as everything after `password=`: matches are marked, and
    /// kept.
    #[serde(default)]
    pub is_guess: bool,
}

impl Pattern {
    /// All of them.
    pub fn all() -> Vec<Self> {
        const JSON: &str = include_str!("../../../public/secret-patterns.json");
        serde_json::from_str(JSON).unwrap_or_default()
    }
}
