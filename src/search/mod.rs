//! Search in texts: what words are, what a query asks for, the fingerprints that tell which conversations may have an answer, and
//! the places to mark. Knows neither HTTP nor Redis.

mod excerpt;
mod fingerprint;
mod fold;
mod matching;
mod query;
mod token;

pub use excerpt::Excerpt;
pub use fingerprint::Signature;
pub use matching::{Found, TitleMatch};
pub use query::{LONGEST, Query};
