//! The service's HTTP API: requests that are sent again while it is away.

mod client;
mod import;

pub use client::{Client, Repeat};
pub use import::{Outcome, REQUEST_BYTES, Tally};
