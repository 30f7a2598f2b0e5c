//! The form of a JWT (RFC 7519, in the compact serialization of RFC 7515), and its claims.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::TokenError;
use super::key::Key;

/// No provider's token is longer: request headers have to hold it.
const LONGEST: usize = 8_192;

/// A parsed token. Its claims cannot be read before its signature was verified.
#[derive(Debug)]
pub(super) struct Unverified<'a> {
    header: Header,
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

/// The claims of a verified token.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    /// Its issuer.
    #[serde(rename = "iss")]
    pub(super) issuer: Option<String>,
    /// Its subject.
    #[serde(rename = "sub")]
    pub(super) subject: String,
    /// Its audience.
    #[serde(rename = "aud")]
    audience: Option<Audience>,
    /// Seconds since the epoch, possibly with a fraction.
    #[serde(rename = "exp")]
    pub(super) expires: f64,
    #[serde(rename = "nbf")]
    pub(super) not_before: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl<'a> Unverified<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// `Invalid` where it has not the form of one, or demands an extension.
    pub(super) fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Invalid);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Invalid)?;
        let header: Header = read(header)?;
        if header.crit.is_some() {
            return Err(TokenError::Invalid);
        }
        Ok(Self {
            header,
            signed,
            payload,
            signature: decode(signature)?,
        })
    }

    /// The algorithm it names. Never used to choose an algorithm, only to refuse a token.
    pub(super) fn algorithm(&self) -> &str {
        &self.header.alg
    }

    /// Which key of a set it names.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// What it claims, if `key` signed it.
    ///
    /// # Errors
    /// `Invalid`.
    pub(super) fn verify(&self, key: &Key) -> Result<Claims, TokenError> {
        if self.algorithm() != key.algorithm() || !key.verifies(self.signed, &self.signature) {
            return Err(TokenError::Invalid);
        }
        read(self.payload)
    }
}

impl Claims {
    /// Whether it was made for `audience`, perhaps among others.
    pub(super) fn is_for(&self, audience: &str) -> bool {
        match &self.audience {
            None => false,
            Some(Audience::One(one)) => one == audience,
            Some(Audience::Many(many)) => many.iter().any(|one| one == audience),
        }
    }
}

fn decode(text: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenError::Invalid)
}

fn read<T: DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    serde_json::from_slice(&decode(part)?).map_err(|_| TokenError::Invalid)
}
