//! The HTTP edge: what every route has in common, from the request id to the error body.

mod background;
mod compression;
mod cors;
mod edge;
mod error;
mod events;
mod request;
mod response;
mod routes;
mod serve;
mod stream;

pub use background::{Background, Registry};
pub use error::ApiError;
pub use request::ApiRequest;
pub use response::ApiResponse;
pub use routes::{Route, route_of};
pub use serve::{respond, run};
