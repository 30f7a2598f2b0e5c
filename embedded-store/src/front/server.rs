//! Accepting connections, and closing the port on demand.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::error::RecvError;
use tokio::task::JoinSet;

use super::faults::PortGate;
use super::service::Service;

/// The pause after a failure to accept or to listen, which may last (no file handles, for example).
const RETRY: Duration = Duration::from_millis(10);

/// The accepting side of a front.
pub struct Server {
    address: SocketAddr,
    service: Arc<Service>,
    gate: PortGate,
    connections: JoinSet<()>,
}

impl Server {
    pub fn new(address: SocketAddr, service: Service, gate: PortGate) -> Self {
        Self {
            address,
            service: Arc::new(service),
            gate,
            connections: JoinSet::new(),
        }
    }

    /// Serves until it is aborted, which closes every connection.
    pub async fn run(mut self, mut listener: TcpListener) {
        while self.accept_until_refused(&listener).await.is_ok() {
            drop(listener);
            self.connections.shutdown().await;
            self.gate.refused.send_replace(true);
            if self.gate.refuse.wait_for(|refuse| !refuse).await.is_err() {
                return;
            }
            listener = listen_again(self.address).await;
            self.gate.refused.send_replace(false);
        }
    }

    /// Fails when the front has been dropped, so that no refusal can be requested any more.
    async fn accept_until_refused(&mut self, listener: &TcpListener) -> Result<(), RecvError> {
        let refuse = &mut self.gate.refuse;
        let refused = async { refuse.wait_for(|refuse| *refuse).await.map(drop) };
        let mut refused = pin!(refused);
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let service = Arc::clone(&self.service);
                        self.connections.spawn(serve(stream, service));
                    }
                    Err(_) => tokio::time::sleep(RETRY).await,
                },
                Some(_) = self.connections.join_next() => {}
                refused = &mut refused => return refused,
            }
        }
    }
}

async fn serve(stream: TcpStream, service: Arc<Service>) {
    // Without it a response could wait for a TCP acknowledgement. A failure only costs time.
    let _ = stream.set_nodelay(true);
    let respond = service_fn(|request| service.serve(request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), respond);
    // It ends with an error when the client goes away and when a fault cuts it.
    let _ = connection.await;
}

async fn listen_again(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}
