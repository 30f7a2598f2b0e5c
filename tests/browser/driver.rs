//! One chromedriver for the whole test program.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use test_support::skip_without;

/// The shell waits for the end of its input, which comes when this program ends for any reason; then it kills its
/// process group: chromedriver, and the browsers that a failed test left behind.
const GUARDED: &str = "chromedriver --port=0 --log-level=SEVERE & read -r _; kill -KILL 0";

/// What chromedriver prints before its port.
const STARTED: &str = "was started successfully on port ";

static DRIVER: OnceLock<Option<Driver>> = OnceLock::new();

/// A running chromedriver.
#[derive(Debug)]
pub struct Driver {
    port: u16,
    /// Holds the shell's input open.
    _guard: Child,
}

impl Driver {
    /// The instance of this program, started by the first test that needs it; `None` if it is not installed.
    pub fn shared() -> Option<&'static Self> {
        DRIVER.get_or_init(|| Self::start().unwrap()).as_ref()
    }

    fn start() -> io::Result<Option<Self>> {
        for part in ["chromium", "chromedriver"] {
            if !is_installed(part) {
                return skip_without("tests in Chromium", &format!("install {part}"))
                    .map(|()| None);
            }
        }
        let mut guard = Command::new("sh")
            .args(["-c", GUARDED])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = guard.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let port = port_in(BufReader::new(output))?;
        Ok(Some(Self {
            port,
            _guard: guard,
        }))
    }

    /// Where WebDriver commands go.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends a session and its browser, and blocks until it has ended: also while a test panics, when nothing can be
    /// awaited.
    pub fn end_session(&self, id: &str) -> io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let port = self.port;
        write!(
            stream,
            "DELETE /session/{id} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
        )?;
        // The response starts when everything has ended; chromedriver keeps the connection open after it.
        stream.read(&mut [0]).map(drop)
    }
}

fn port_in(output: impl BufRead) -> io::Result<u16> {
    for line in output.lines() {
        if let Some((_, port)) = line?.split_once(STARTED) {
            let port = port.trim_end_matches('.').parse();
            return port.map_err(io::Error::other);
        }
    }
    Err(io::Error::other("chromedriver did not start"))
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(program).is_file())
}
