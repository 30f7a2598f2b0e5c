//! The bodies of responses: what the service and the store return, as the JSON that clients know. Every JSON body is written
//! here, but for agents' messages, whose protocol is in `service/mcp`, and exports, which are files and begin to be sent before
//! their end is read.
//!
//! A conversation and a message look the same in every body, and in an export: `model` writes them.

mod session;
mod user;

pub use session::{
    claimed, current_conversation, device_code, linked_device, read_token, recovery_code,
    revoked_read_token, revoked_recovery_code, token, user_session,
};
pub use user::user_statistics;
