//! The REST front: Upstash's Redis REST protocol over a [`Backend`], with faults on demand.

mod auth;
mod body;
mod call;
mod counters;
mod events;
mod faults;
mod gate;
mod hold;
mod json;
mod response;
mod server;
mod service;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::backend::Backend;
pub use crate::rules::Full;
use auth::Tokens;
use counters::Counters;
pub use counters::Counts;
pub use faults::{Fault, Faults};
pub use hold::Hold;
use server::Server;
use service::Service;

/// How a front is set up.
#[derive(Clone)]
pub struct FrontOptions {
    /// The token that may run every command.
    pub token: String,
    /// The token that may run read commands only, if there is one.
    pub read_only_token: Option<String>,
}

impl FrontOptions {
    /// With one token that may run every command.
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            token: token.into(),
            read_only_token: None,
        }
    }
}

impl fmt::Debug for FrontOptions {
    /// Prints no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrontOptions").finish_non_exhaustive()
    }
}

/// A running front; dropping it stops the server and closes every connection.
pub struct Front {
    address: SocketAddr,
    faults: Faults,
    counters: Arc<Counters>,
    server: JoinHandle<()>,
}

impl Front {
    /// Serves `backend` on `listener`, on the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// When the listener has no local address.
    pub async fn start(
        listener: TcpListener,
        backend: Backend,
        options: FrontOptions,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (faults, gate) = Faults::new();
        let counters = Arc::new(Counters::default());
        let tokens = Tokens::new(options.token, options.read_only_token);
        let service = Service::new(backend, tokens, faults.clone(), Arc::clone(&counters));
        let server = Server::new(address, service, gate);
        Ok(Self {
            address,
            faults,
            counters,
            server: tokio::spawn(server.run(listener)),
        })
    }

    /// The base URL, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The handle that makes requests fail on demand.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What has been served so far.
    pub fn counts(&self) -> Counts {
        self.counters.counts()
    }

    /// Stops the server and waits until the port and every connection is closed.
    pub async fn stop(mut self) {
        self.server.abort();
        // An aborted task ends with an error that says just that.
        let _ = (&mut self.server).await;
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}
