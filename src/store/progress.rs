//! How far something got that may take more than one request.

/// How far it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is left.
    Complete,
    /// The time was up: ask again.
    Unfinished {
        /// Conversations that are left.
        remaining: u64,
    },
}
