//! The web server: functions first, then the files of `public/`, as on Vercel.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::Registry;
use http::Response;
use http_body_util::BodyExt;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use vercel_runtime::Request;
use vercel_runtime::awaiter::Awaiter;

use crate::functions;
use crate::pages::{Body, Pages};

/// A running web server; dropping it stops it.
pub struct WebServer {
    address: SocketAddr,
    task: JoinHandle<()>,
    site: Arc<Site>,
}

/// What all connections share.
struct Site {
    app: Arc<App>,
    pages: Pages,
    /// Work that requests left for later, and responses being sent.
    background: Awaiter,
}

impl WebServer {
    /// Serves `app`'s functions and the files of `public` on `listener`.
    ///
    /// # Errors
    /// When the listener has no address, or `vercel.json` is invalid.
    pub fn start(listener: TcpListener, app: Arc<App>, public: &Path) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let site = Arc::new(Site {
            app,
            pages: Pages::new(public)?,
            background: Awaiter::new(),
        });
        let task = tokio::spawn({
            let site = site.clone();
            async move {
                // An error here concerns one connection, or is temporary.
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, site.clone()));
                }
            }
        });
        Ok(Self {
            address,
            task,
            site,
        })
    }

    /// The base URL, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns when every response has been sent, streams included, and all background work is done.
    pub async fn idle(&self) {
        self.site.background.awaiting().await;
    }

    /// Stops accepting connections, ends open event streams and waits for everything else.
    pub async fn shut_down(&self) {
        self.task.abort();
        self.site.app.shutdown.begin();
        self.idle().await;
    }
}

impl fmt::Debug for WebServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, site: Arc<Site>) {
    // Without it a response could wait for a TCP acknowledgement. A failure only costs time.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| respond(request, site.clone()));
    // It ends with an error when the client goes away.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(request: Request, site: Arc<Site>) -> Result<Response<Body>, Infallible> {
    let registry = Registry::Server(site.background.clone());
    match functions::call(site.app.clone(), request, registry).await {
        Ok(response) => Ok(response.map(|body| body.0.boxed_unsync())),
        Err(request) => Ok(site.pages.respond(request).await),
    }
}
