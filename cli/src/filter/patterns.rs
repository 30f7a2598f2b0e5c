//! What secrets look like: `public/secret-patterns.json`, by which the demo page marks secrets before something is shared, too.
//!
//! Source: the prefixes that the providers publish for their tokens, which is also what GitHub's secret scanning ("Supported secret
//! scanning patterns" in its documentation) and gitleaks (its default rules) look for; the expressions are written for this list, in
//! what Rust and JavaScript have in common. The more special ones stand before the more general ones.

use serde::Deserialize;

/// What one kind of secret looks like.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pattern {
    /// What comes in the place of a secret.
    pub name: String,
    /// Texts of which one is in every match.
    pub hints: Vec<String>,
    /// Its first group is the secret, where only a part of the match is one.
    pub expression: String,
    /// Whether large and small letters are the same.
    #[serde(default)]
    pub ignore_case: bool,
    /// Whether too much looks like it to be replaced unseen, as everything behind `password=` does: it is marked, and left.
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
