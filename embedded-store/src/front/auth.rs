//! Authorisation: the standard token and the read-only token.

use std::borrow::Cow;

use hyper::Request;
use hyper::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq;

/// What a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Every command.
    Full,
    /// Read commands only.
    ReadOnly,
}

/// The tokens of a front.
pub struct Tokens {
    full: String,
    read_only: Option<String>,
}

impl Tokens {
    pub fn new(full: String, read_only: Option<String>) -> Self {
        Self { full, read_only }
    }

    /// What the request may do, or `None` for a missing or wrong token.
    pub fn access<B>(&self, request: &Request<B>) -> Option<Access> {
        let given = given_token(request)?;
        if same(&given, &self.full) {
            return Some(Access::Full);
        }
        let read_only = self.read_only.as_deref()?;
        same(&given, read_only).then_some(Access::ReadOnly)
    }
}

fn same(given: &[u8], token: &str) -> bool {
    given.ct_eq(token.as_bytes()).into()
}

/// The bearer token, or else the `_token` of the query.
fn given_token<B>(request: &Request<B>) -> Option<Cow<'_, [u8]>> {
    if let Some(value) = request.headers().get(AUTHORIZATION) {
        let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len())?;
        return scheme
            .eq_ignore_ascii_case(b"Bearer ")
            .then_some(Cow::Borrowed(token));
    }
    let mut parameters = request.uri().query()?.split('&');
    let token = parameters.find_map(|parameter| parameter.strip_prefix("_token="))?;
    Some(percent_decode_str(token).into())
}
