//! What can be asked of the service.

mod conversations;
mod messages;
mod service;
mod session;
mod shares;
mod user;

use super::operation::Operation;

pub fn operations() -> Vec<Operation> {
    let mut operations = session::operations();
    operations.extend(conversations::operations());
    operations.extend(messages::operations());
    operations.extend(shares::operations());
    operations.extend(user::operations());
    operations.extend(service::operations());
    operations
}
