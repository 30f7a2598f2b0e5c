//! Vercel's own command line, at work on copies of this repository; and what it makes of them, at work.

mod command;
mod dev;
mod functions;
mod job;
mod output;
mod routes;
mod tree;

pub use command::say;
pub use dev::Dev;
pub use functions::Functions;
pub use job::{User, main_job};
pub use output::Output;
pub use routes::Routed;
pub use tree::Tree;
