//! `/api/sync`: changes since a cursor, and the stream of them.

mod cursor;
mod stream;
