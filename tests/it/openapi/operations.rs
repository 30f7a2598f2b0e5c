//! What can be asked of the service: the files beside the handlers in `api/`, put together. They are declared one by one, so
//! that rustfmt finds them; the compiler asks for that of a route which is missing.

#[path = "../../../api/conversations/_[id].openapi.rs"]
mod conversation;
#[path = "../../../api/_conversations.openapi.rs"]
mod conversations;
#[path = "../../../api/_export.openapi.rs"]
mod export;
#[path = "../../../api/health/_redis.openapi.rs"]
mod health;
#[path = "../../../api/_import.openapi.rs"]
mod import;
#[path = "../../../api/_mcp.openapi.rs"]
mod mcp;
#[path = "../../../api/conversations/[id]/messages/_[messageId].openapi.rs"]
mod message;
#[path = "../../../api/conversations/[id]/_messages.openapi.rs"]
mod messages;
#[path = "../../../api/_metrics.openapi.rs"]
mod metrics;
#[path = "../../../api/_session.openapi.rs"]
mod session;
#[path = "../../../api/_shares.openapi.rs"]
mod shares;
#[path = "../../../api/_sync.openapi.rs"]
mod sync;
#[path = "../../../api/_user.openapi.rs"]
mod user;

use super::operation::Operation;

macro_rules! define_operations {
    ($($name:ident = $module:ident $file:literal $pattern:literal [$($method:ident)+];)+) => {
        /// What the document has of every route of the table.
        pub fn operations() -> Vec<Operation> {
            let all = [$($module::operations()),+];
            all.into_iter().flatten().collect()
        }
    };
}

conversation_store::for_each_route!(define_operations);
