//! The functions of `api/`, mounted at the paths that Vercel gives them.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{Registry, Route, respond};
use http::Response;
use vercel_runtime::{Request, ResponseBody};

macro_rules! mount {
    ($($name:ident = $module:ident $file:literal $pattern:literal [$($method:ident)+];)+) => {
        $(
            // The same file that Vercel builds. A function that serves another route includes the file of that route.
            #[allow(clippy::duplicate_mod, reason = "a function may serve the routes of several files")]
            #[path = $file]
            pub mod $module;
        )+

        /// The function that a path belongs to, or the request if Vercel would look for a file.
        pub async fn call(
            app: Arc<App>,
            request: Request,
            registry: Registry,
        ) -> Result<Response<ResponseBody>, Request> {
            let Some(route) = Route::find(request.uri().path()) else {
                return Err(request);
            };
            Ok(match route {
                $(Route::$name => {
                    respond(app, request, registry, route, |_, app, request| {
                        Box::pin($module::handle(app, request))
                    })
                    .await
                })+
            })
        }
    };
}

conversation_store::for_each_route!(mount);
