//! What `public/openapi.json` says of `/api/health/redis`. With its underscore, the file is no function.

use conversation_store::http::Route;
use http::Method;

use super::super::operation::{Access, Operation, Response};

pub fn operations() -> Vec<Operation> {
    vec![health()]
}

fn health() -> Operation {
    Operation::new(Method::GET, Route::Health, "health")
        .describe(
            "operation",
            "Whether Redis responds",
            "Public. At most 5 seconds old: `timestamp` is when Redis was checked.",
        )
        .open_to(Access::Anybody)
        .response(Response::json(200, "It responds.", "Health"))
        .response(Response::json(503, "It does not.", "Health"))
}
