//! The HTTP edge: what every route has in common, from the request id to the error body.

mod agent_headers;
mod authentication;
mod background;
pub mod bodies;
mod chunks;
mod compression;
mod cors;
mod edge;
mod entity_tags;
mod error;
mod events;
mod list_query;
mod request;
mod response;
mod routes;
mod serve;

pub use agent_headers::AgentHeaders;
pub use background::{Background, Registry};
pub use error::ApiError;
pub use request::ApiRequest;
pub use response::ApiResponse;
pub use routes::{Route, route_of};
pub use serve::{Handler, respond, run};
