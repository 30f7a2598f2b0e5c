//! The HTTP edge: what every route has in common, from the request id to the error body.

mod answer;
mod background;
mod compression;
mod error;
mod exchange;
mod origin;
mod request;
mod route;
mod serve;
mod stream;

pub use answer::Answer;
pub use background::{Background, Hold, Registry, Released};
pub use error::ApiError;
pub use exchange::UserNote;
pub use request::ApiRequest;
pub use route::{ROUTES, route_of};
pub use serve::{respond, run};
