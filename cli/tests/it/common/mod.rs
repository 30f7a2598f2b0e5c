//! The service, machines with the program on them, and sessions of Claude Code.

mod fixtures;
mod gate;
mod machine;
mod service;
mod sessions;

pub use fixtures::fixtures;
pub use gate::Mode;
pub use machine::Machine;
pub use service::Service;
pub use sessions::{Exported, converted, line, lines, with};
pub use test_support::{PATIENCE, until};
