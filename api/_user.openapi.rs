//! What `public/openapi.json` says of `/api/user`. With its underscore, the file is no function.

use conversation_store::ErrorCode::InvalidField;
use conversation_store::http::Route;
use http::Method;

use super::super::operation::{Operation, Response};

pub fn operations() -> Vec<Operation> {
    vec![statistics(), choose(), erase()]
}

fn statistics() -> Operation {
    Operation::new(Method::GET, Route::User, "readStatistics")
        .describe(
            "data",
            "Statistics",
            "Totals, sizes, and the activity of each of the last 30 days.",
        )
        .response(Response::json(200, "The statistics.", "Statistics"))
}

fn choose() -> Operation {
    Operation::new(Method::PATCH, Route::User, "patchUser")
        .describe(
            "data",
            "Set the TTL of conversations",
            "For all that are neither pinned nor kept, up to the limit of the deployment.",
        )
        .body(true, "UserPatch")
        .response(Response::json(200, "The new statistics.", "Statistics"))
        .refuses(&[InvalidField])
}

fn erase() -> Operation {
    Operation::new(Method::DELETE, Route::User, "eraseUser")
        .describe(
            "data",
            "Erase everything of the user",
            "Permanently. The token stays valid, for a user without data.",
        )
        .whether_enabled_or_not()
        .response(Response::json(200, "Everything was erased.", "Erased"))
        .response(Response::json(
            202,
            "The time did not suffice: repeat the request.",
            "ErasureUnderWay",
        ))
}
