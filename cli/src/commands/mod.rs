//! The commands, but for `sync`.

mod conversations;
mod export;
mod import;
mod lines;
mod login;
mod search;
mod status;

pub use conversations::list;
pub use export::export;
pub use import::import;
pub use login::{login, logout};
pub use search::search;
pub use status::status;
