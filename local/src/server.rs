//! The local web server: functions first, then the files of `public/`, as on Vercel.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use conversation_store::App;
use http::Response;
use http_body_util::BodyExt;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use vercel_runtime::Request;

use crate::functions;
use crate::pages::{Body, Pages};

/// A running web server; dropping it stops it.
#[derive(Debug)]
pub struct WebServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl WebServer {
    /// Serves `app`'s functions and the files of `public` on `listener`.
    ///
    /// # Errors
    /// When the listener has no address, or `vercel.json` cannot be understood.
    pub fn start(listener: TcpListener, app: Arc<App>, public: &Path) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let pages = Arc::new(Pages::new(public)?);
        let task = tokio::spawn(async move {
            // An error here concerns one connection, or passes.
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, app.clone(), pages.clone()));
            }
        });
        Ok(Self { address, task })
    }

    /// The base URL, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, app: Arc<App>, pages: Arc<Pages>) {
    // Without it an answer could wait for an acknowledgement; it works the same either way.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(request, app.clone(), pages.clone()));
    // It ends with an error when the client goes away.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    request: Request,
    app: Arc<App>,
    pages: Arc<Pages>,
) -> Result<Response<Body>, Infallible> {
    match functions::call(app, request).await {
        Ok(response) => Ok(response.map(|body| body.0.boxed_unsync())),
        Err(request) => Ok(pages.answer(request).await),
    }
}
