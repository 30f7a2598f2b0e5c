//! The program as its users start it, against the service with its own store.

#![allow(clippy::unwrap_used)]

mod common;
mod exporting;
mod filters;
mod hooks;
mod importing;
mod interrupted;
mod login;
mod output;
mod syncing;
mod two_machines;
