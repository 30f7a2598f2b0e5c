//! Server side for AI chat history.
//!
//! Every file under `api/` is one Vercel function; this library is what they share: the client of Upstash's REST
//! interface ([`upstash`]), the conversation store on top of it ([`store`]), the data it keeps ([`model`]), the
//! identity of users ([`identity`]), what routes do beyond one call of the store ([`service`]), and the HTTP edge
//! ([`http`]).

pub mod app;
pub mod clock;
pub mod config;
pub mod context;
mod error_code;
pub mod health;
pub mod http;
pub mod idempotency;
pub mod identity;
pub mod log;
pub mod metrics;
pub mod model;
pub mod rate;
pub mod search;
pub mod secret;
pub mod service;
pub mod shutdown;
pub mod store;
mod tls;
pub mod upkeep;
pub mod upstash;

pub use app::App;
pub use config::Config;
pub use error_code::ErrorCode;
