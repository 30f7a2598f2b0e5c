//! Starting the development server: the store or a configured database, the secrets and the web server.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use conversation_store::clock::Clock;
use conversation_store::{App, Config};
use http::Uri;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::options::Options;
use crate::server::WebServer;
use embedded_store::backend::Backend;
use embedded_store::engine::Engine;
use embedded_store::front::{Front, FrontOptions};
use embedded_store::redis_backend::RedisBackend;

/// The running servers. Displays as the summary that a developer needs.
pub struct Running {
    web: WebServer,
    store: StoreInUse,
}

/// The database in use.
enum StoreInUse {
    /// The one that `UPSTASH_REDIS_REST_URL` names.
    Remote(String),
    /// The store that this process started.
    Local {
        front: Front,
        token: String,
        /// Where its data is, for the summary.
        storage: String,
    },
}

/// The message for the person who started the server.
type StartError = String;

impl Running {
    /// Starts the store, unless one is configured, and the web server.
    ///
    /// # Errors
    /// The message says what to do: it names the flag of a port in use, and the variable that is wrong.
    pub async fn start(options: &Options) -> Result<Self, StartError> {
        if !options.public.is_dir() {
            return Err(format!(
                "{} is no folder: run this from the repository, or name the folder with --public",
                options.public.display()
            ));
        }
        let listener = listen(options.port, "--port").await?;
        let configured = environment("UPSTASH_REDIS_REST_URL");
        let store = match configured.filter(|url| !names_own_store(url, options.store_port)) {
            Some(url) => StoreInUse::Remote(url),
            None => start_store(options).await?,
        };
        let secret = kept_secret(options, "auth-secret")?;
        let config = Config::from_lookup(|name| match (&store, name) {
            (StoreInUse::Local { front, .. }, "UPSTASH_REDIS_REST_URL") => Some(front.url()),
            (StoreInUse::Local { token, .. }, "UPSTASH_REDIS_REST_TOKEN") => Some(token.clone()),
            (_, "AUTH_SECRET") => environment(name).or_else(|| Some(secret.clone())),
            _ => environment(name),
        })
        .map_err(|error| error.to_string())?;
        let app = App::new(config, Clock::default()).map_err(|error| error.to_string())?;
        let web = WebServer::start(listener, Arc::new(app), &options.public)
            .map_err(|error| error.to_string())?;
        Ok(Self { web, store })
    }

    /// The base URL of the web server.
    pub fn url(&self) -> String {
        self.web.url()
    }

    /// Ends open streams and waits for all other open requests.
    pub async fn shut_down(&self) {
        self.web.shut_down().await;
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "conversation-store")?;
        writeln!(f, "  web and API  {}", self.web.url())?;
        match &self.store {
            StoreInUse::Remote(url) => writeln!(f, "  database     {url} (Upstash)")?,
            StoreInUse::Local {
                front,
                token,
                storage,
            } => {
                writeln!(f, "  store        {} ({storage})", front.url())?;
                writeln!(
                    f,
                    "               for vercel dev and other clients of Upstash:"
                )?;
                writeln!(f, "               UPSTASH_REDIS_REST_URL={}", front.url())?;
                writeln!(f, "               UPSTASH_REDIS_REST_TOKEN={token}")?;
            }
        }
        write!(f, "Stop it with Ctrl-C.")
    }
}

async fn start_store(options: &Options) -> Result<StoreInUse, StartError> {
    let (backend, storage) = match &options.redis {
        Some(url) => (
            connect(url).await?,
            format!("in front of {}", without_password(url)),
        ),
        None => open_engine(options)?,
    };
    let token = match environment("UPSTASH_REDIS_REST_TOKEN") {
        Some(token) => token,
        None => kept_secret(options, "store-token")?,
    };
    let listener = listen(options.store_port, "--store-port").await?;
    let front = Front::start(listener, backend, FrontOptions::new(&token))
        .await
        .map_err(|error| error.to_string())?;
    Ok(StoreInUse::Local {
        front,
        token,
        storage,
    })
}

async fn connect(url: &str) -> Result<Backend, StartError> {
    let redis = RedisBackend::connect(url).await.map_err(|error| {
        format!(
            "Redis at {} (--redis, REDIS_URL): {error}",
            without_password(url)
        )
    })?;
    Ok(Backend::Redis(redis))
}

fn open_engine(options: &Options) -> Result<(Backend, String), StartError> {
    if options.ephemeral {
        let engine = Engine::in_memory();
        return Ok((Backend::Embedded(engine), "embedded, in memory only".into()));
    }
    let path = options.data.join("store.log");
    let explain = |error: io::Error| format!("the data in {} (--data): {error}", path.display());
    fs::create_dir_all(&options.data).map_err(explain)?;
    let engine = Engine::open(&path).map_err(explain)?;
    Ok((
        Backend::Embedded(engine),
        format!("embedded, kept in {}", path.display()),
    ))
}

async fn listen(port: u16, flag: &str) -> Result<TcpListener, StartError> {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("port {port} is in use: choose another one with {flag} <PORT>")
            }
            _ => format!("port {port} ({flag}): {error}"),
        })
}

/// A random secret that is kept in the data folder, so that tokens stay valid after a restart.
fn kept_secret(options: &Options, name: &str) -> Result<String, StartError> {
    let fresh = || format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    if options.ephemeral {
        return Ok(fresh());
    }
    let path = options.data.join(name);
    let explain = |error: io::Error| format!("{} (--data): {error}", path.display());
    match fs::read_to_string(&path) {
        Ok(secret) => Ok(secret.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = fresh();
            fs::create_dir_all(&options.data).map_err(explain)?;
            write_private(&path, &secret).map_err(explain)?;
            Ok(secret)
        }
        Err(error) => Err(explain(error)),
    }
}

/// Writes a file that only its owner can read, on systems with file owners.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    io::Write::write_all(&mut options.open(path)?, text.as_bytes())
}

/// Whether the URL is the one that this program prints. A shell may export it for other clients; it then means
/// the store that this process is about to start.
fn names_own_store(url: &str, store_port: u16) -> bool {
    const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
    let Ok(url) = url.parse::<Uri>() else {
        return false;
    };
    let is_loopback = url.host().is_some_and(|host| LOOPBACK.contains(&host));
    is_loopback && url.scheme_str() == Some("http") && url.port_u16() == Some(store_port)
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// `redis://user:password@host` as `redis://host`.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_store_is_recognised_by_its_port_on_a_loopback_host() {
        for own in [
            "http://127.0.0.1:8079",
            "http://localhost:8079/",
            "http://[::1]:8079",
        ] {
            assert!(names_own_store(own, 8079), "{own}");
        }
        for other in [
            "http://127.0.0.1:8080",
            "http://127.0.0.1",
            "http://192.0.2.1:8079",
            "https://example.upstash.io",
            "https://localhost:8079",
            "nonsense",
            "",
        ] {
            assert!(!names_own_store(other, 8079), "{other}");
        }
    }
}
