//! An embedded store that speaks Upstash's Redis REST protocol.
#![doc = include_str!("../README.md")]

pub mod backend;
pub mod engine;
pub mod front;
mod kind;
pub mod redis_backend;
pub mod reply;
pub mod rules;
mod sha1;
