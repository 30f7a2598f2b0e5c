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
            "Choose how long conversations live",
            "For all that are neither pinned nor to be kept. What the deployment allows bounds it.",
        )
        .body(true, "UserPatch")
        .response(Response::json(200, "The statistics then.", "Statistics"))
        .refuses(&[InvalidField])
}

fn erase() -> Operation {
    Operation::new(Method::DELETE, Route::User, "eraseUser")
        .describe(
            "data",
            "Erase everything of the user",
            "For good. The token goes on working, for a user without a past.",
        )
        .whether_enabled_or_not()
        .response(Response::json(200, "Nothing is left.", "Erased"))
        .response(Response::json(
            202,
            "Some is left: send it again.",
            "ErasureUnderWay",
        ))
}
