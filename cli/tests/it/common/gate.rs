//! A proxy between a machine and the service that can fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They pass.
    Open,
    /// The service gets them, but its responses do not come back.
    Withheld,
    /// Connections are closed at once.
    Shut,
    /// They are refused with 503 and `Retry-After: 1`.
    Busy,
    /// They are refused with 429 and `Retry-After: 1`.
    Limited,
}

/// A proxy in front of the service.
pub struct Gate {
    port: u16,
    mode: watch::Sender<Mode>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    refused: AtomicUsize,
    imports: AtomicUsize,
}

impl Gate {
    pub async fn before(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (mode, receiver) = watch::channel(Mode::Open);
        let port = listener.local_addr().unwrap().port();
        let gate = Self {
            port,
            mode,
            counts: Arc::default(),
        };
        let counts = gate.counts.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let now = *receiver.borrow();
                let (address, mode, counts) = (address.clone(), receiver.clone(), counts.clone());
                tokio::spawn(async move {
                    match now {
                        Mode::Open | Mode::Withheld => pass(stream, &address, mode, &counts).await,
                        Mode::Shut => drop(counts.refused.fetch_add(1, Ordering::SeqCst)),
                        Mode::Busy => refuse(stream, "503 Busy", &counts).await,
                        Mode::Limited => refuse(stream, "429 Too Many", &counts).await,
                    }
                });
            }
        });
        gate
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// How many requests were blocked.
    pub fn refused(&self) -> usize {
        self.counts.refused.load(Ordering::SeqCst)
    }

    /// How many imports have passed.
    pub fn imports(&self) -> usize {
        self.counts.imports.load(Ordering::SeqCst)
    }
}

async fn refuse(mut client: TcpStream, status: &str, counts: &Counts) {
    let headers = "Retry-After: 1\r\nContent-Length: 0\r\nConnection: close";
    let response = format!("HTTP/1.1 {status}\r\n{headers}\r\n\r\n");
    let _ = client.read(&mut [0; 65_536]).await;
    let _ = client.write_all(response.as_bytes()).await;
    counts.refused.fetch_add(1, Ordering::SeqCst);
}

async fn pass(client: TcpStream, address: &str, mode: watch::Receiver<Mode>, counts: &Counts) {
    let Ok(service) = TcpStream::connect(address).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_service, to_service) = service.into_split();
    tokio::join!(
        forth(from_client, to_service, counts),
        back(from_service, to_client, mode)
    );
}

async fn forth(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, counts: &Counts) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if buffer[..length].starts_with(b"POST /api/import") {
            counts.imports.fetch_add(1, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

async fn back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut mode: watch::Receiver<Mode>) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let opened = mode.wait_for(|mode| *mode != Mode::Withheld).await.is_ok();
        if !opened || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
