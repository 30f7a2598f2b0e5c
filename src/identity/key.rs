//! The keys that an auth provider signs with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

use super::tokens::mac;
use crate::secret::Secret;

/// A key, which knows the one algorithm it is for: a token may name that one and no other.
#[derive(Clone, Debug)]
pub(super) enum Key {
    /// HS256: a secret that the provider shares with us.
    Shared(Secret),
    /// RS256: modulus and exponent, big-endian.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// ES256: an uncompressed point of P-256.
    Ec(Vec<u8>),
}

impl Key {
    /// Reads a key of a set; `None` where it is not meant for verifying, or not of a kind we know.
    /// A set is public, so no shared secret is ever taken from it.
    pub(super) fn from_jwk(jwk: &Jwk) -> Option<Self> {
        let is_for_signatures = jwk.usage.as_deref().is_none_or(|usage| usage == "sig");
        let key = match jwk.kty.as_str() {
            "RSA" => Self::Rsa {
                n: number(jwk.n.as_deref()?)?,
                e: number(jwk.e.as_deref()?)?,
            },
            "EC" if jwk.crv.as_deref() == Some("P-256") => {
                Self::Ec(point(jwk.x.as_deref()?, jwk.y.as_deref()?)?)
            }
            _ => return None,
        };
        let is_its_algorithm = |name: &str| name == key.algorithm();
        let fits = jwk.alg.as_deref().is_none_or(is_its_algorithm);
        (is_for_signatures && fits).then_some(key)
    }

    /// The algorithm, as a token's header names it.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Shared(_) => "HS256",
            Self::Rsa { .. } => "RS256",
            Self::Ec(_) => "ES256",
        }
    }

    /// Whether `signature` is one of this key over `signed`.
    pub(super) fn verifies(&self, signed: &str, signature: &[u8]) -> bool {
        let bytes = signed.as_bytes();
        match self {
            Self::Shared(secret) => {
                mac(secret, signed).is_some_and(|mac| mac.verify_slice(signature).is_ok())
            }
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, bytes, signature)
                .is_ok(),
            Self::Ec(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(bytes, signature)
                .is_ok(),
        }
    }
}

/// A key as a set lists it (RFC 7517): of its members, those that matter here.
#[derive(Debug, Deserialize)]
pub(super) struct Jwk {
    kty: String,
    pub(super) kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// A number as ring wants it: some providers write leading zeros, which it refuses.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Some(bytes[zeros..].to_vec())
}

fn point(x: &str, y: &str) -> Option<Vec<u8>> {
    let mut point = vec![4];
    for coordinate in [x, y] {
        let bytes = URL_SAFE_NO_PAD.decode(coordinate).ok()?;
        if bytes.len() != 32 {
            return None;
        }
        point.extend(bytes);
    }
    Some(point)
}
