//! Search in texts: words, queries, the fingerprints that tell which conversations may match, and the places to mark. Knows
//! neither HTTP nor Redis.

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
