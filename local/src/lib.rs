//! Local development: the functions of `api/` in one web server, and a store that speaks Upstash's REST
//! protocol. None of it is part of a deployment.

pub mod backend;
pub mod engine;
pub mod front;
pub mod functions;
mod kind;
pub mod optional;
pub mod options;
pub mod pages;
pub mod redis_backend;
pub mod redis_server;
pub mod rules;
pub mod run;
pub mod server;
