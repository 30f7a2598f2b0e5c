//! The HTTP edge: what every route has in common, from the request id to the error body.

mod answer;
mod error;
mod request;
mod serve;
mod stream;

pub use answer::Answer;
pub use error::ApiError;
pub use request::ApiRequest;
pub use serve::{respond, run};
