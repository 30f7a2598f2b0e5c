//! From a request to its response, even if the handler fails.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Response;
use tokio::runtime::Builder;
use vercel_runtime::{AppState, Request, ResponseBody, service_fn};

use super::{ApiError, ApiRequest, ApiResponse, Background, Registry, Route, edge};
use crate::clock::Clock;
use crate::log::Log;
use crate::shutdown::termination;
use crate::{App, Config};

/// What responds to the requests of a route.
///
/// Of one type for all of them, so that what is around a handler is compiled once, not in each of the functions.
pub type Handler =
    fn(Route, Arc<App>, ApiRequest) -> BoxFuture<'static, Result<ApiResponse, ApiError>>;

/// Serves one request to `route` with `handler`, which sees only methods that the route takes. Errors and panics become error responses.
///
/// Registers with `registry` what has to be waited for: the response, and the handler's background work.
pub async fn respond(
    app: Arc<App>,
    request: Request,
    registry: Registry,
    route: Route,
    handler: Handler,
) -> Response<ResponseBody> {
    let context = edge::begin(route, &request, Some(&app.config));
    let (background, pending) = Background::begin(registry);
    let request = ApiRequest::new(request, context.clone(), background.clone());
    let result = match route.allow(request.method()) {
        Ok(()) => AssertUnwindSafe(handler(route, app.clone(), request))
            .catch_unwind()
            .await
            .unwrap_or(Err(ApiError::Internal)),
        Err(error) => Err(error),
    };
    let response = edge::finish(
        &context,
        result,
        Some(app.store.circuit()),
        &app.log,
        app.metrics.as_deref(),
    );
    let tasks = context.take_upkeep();
    if !tasks.is_empty() {
        background.spawn(async move { app.store.upkeep(tasks, &context).await });
    }
    drop(pending);
    response.map(|body| background.until_sent(body))
}

/// Runs the function of `route` on Vercel: what `main` of every file under `api/` does. It serves the `others`, too.
///
/// # Errors
/// When the runtime cannot be started, or cannot listen.
pub fn run(
    route: Route,
    others: &'static [Route],
    handler: Handler,
) -> Result<(), vercel_runtime::Error> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(route, others, handler))
}

async fn serve(
    route: Route,
    others: &'static [Route],
    handler: Handler,
) -> Result<(), vercel_runtime::Error> {
    let app = load_app();
    if let Some(app) = &app {
        let shutdown = app.shutdown.clone();
        // The runtime itself stops accepting connections; open streams have to be notified.
        tokio::spawn(async move {
            termination().await;
            shutdown.begin();
        });
    }
    let service = service_fn(move |request: Request, state: AppState| {
        let app = app.clone();
        let route = route.or_one_of(others, request.uri().path());
        async move {
            let response = match app {
                Some(app) => {
                    let registry = Registry::Invocation(state);
                    respond(app, request, registry, route, handler).await
                }
                None => {
                    let context = edge::begin(route, &request, None);
                    let error = Err(ApiError::Internal);
                    edge::finish(&context, error, None, &Log::default(), None)
                }
            };
            Ok::<_, vercel_runtime::Error>(response)
        }
    });
    vercel_runtime::run(service).await
}

/// A deployment that lacks a variable responds to every request with 500, and its log names the variable.
fn load_app() -> Option<Arc<App>> {
    let config = Config::from_env().map_err(|error| error.to_string());
    let app = config
        .and_then(|config| App::new(config, Clock::default()).map_err(|error| error.to_string()));
    match app {
        Ok(app) => Some(Arc::new(app)),
        Err(error) => {
            eprintln!("configuration: {error}");
            None
        }
    }
}

/// Makes a file under `api/` the function of a route: `function!(Sync, handle);`; or of several, whose rewrites in `vercel.json`
/// lead to the first: `function!(Metrics, handle; Health, health::handle);`.
#[macro_export]
macro_rules! function {
    ($route:ident, $handler:path $(; $other:ident, $other_handler:path)*) => {
        /// Runs this route as a Vercel function.
        ///
        /// # Errors
        /// When the runtime cannot be started, or cannot listen.
        pub fn main() -> Result<(), vercel_runtime::Error> {
            use conversation_store::http::Route;

            conversation_store::http::run(Route::$route, &[$(Route::$other),*], |route, app, request| match route {
                $(Route::$other => Box::pin($other_handler(app, request)),)*
                _ => Box::pin($handler(app, request)),
            })
        }
    };
}
