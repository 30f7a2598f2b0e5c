//! What routes do beyond one call of the store: conversations, messages, sessions, shares, statistics and erasure, imports, exports, streams of
//! changes, what agents read. Nothing here knows of HTTP: results are typed, and `http` turns them into responses.

pub mod agent_session;
pub mod conversation;
mod error;
pub mod export;
pub mod import;
pub mod mcp;
pub mod message;
pub mod recovery;
pub mod search;
pub mod session;
pub mod share;
pub mod stream;
pub mod user;

use std::time::Duration;

pub use error::ServiceError;

/// How long one request goes on with what takes many calls of the store: with the longest call after it, still inside the 30
/// seconds that `vercel.json` gives a function.
const BUDGET: Duration = Duration::from_secs(20);
