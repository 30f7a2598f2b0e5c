//! What may take more than one request: whether it is done.

use crate::model::ObjectWriter;

/// It is `done`.
pub fn complete(done: &str) -> String {
    let json = ObjectWriter::with_capacity(48);
    json.plain(done, true).finish()
}

/// It is not `done`: so many conversations remain.
pub fn unfinished(done: &str, remaining: u64) -> String {
    let json = ObjectWriter::with_capacity(48);
    let json = json.plain(done, false);
    json.plain("remaining", remaining).finish()
}
