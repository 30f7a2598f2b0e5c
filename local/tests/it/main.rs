//! All tests of the development server, which start the program itself.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod program;
