//! The body of every error, as clients know it.

use crate::ErrorCode;
use crate::model::ObjectWriter;

/// An error, and the request that has failed. `revision`: the conversation's, where it is another one than the request expects.
pub fn error(code: ErrorCode, message: &str, request_id: &str, revision: Option<u64>) -> String {
    let error = ObjectWriter::with_capacity(200)
        .string("code", code.as_str())
        .string("message", message)
        .string("requestId", request_id);
    let error = match revision {
        Some(revision) => error.plain("revision", revision),
        None => error,
    };
    let json = ObjectWriter::with_capacity(240);
    json.raw("error", &error.finish()).finish()
}
