//! Programs that build: what they are told of this machine, and that one sees them work.

use std::env;
use std::ffi::OsStr;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::repository;
/// What a build may need to know of the machine. Nothing else gets in: neither what configures the service,
/// nor what Cargo tells the programs it runs, which would make it build everything anew.
const PASSED_ON: [&str; 12] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTR",
    "CARGO_SOURCE_",
    "NODE_",
    "RUSTC_WRAPPER",
    "RUSTUP_",
    "SSL_CERT_",
];

/// Where all of this is kept, out of the way of what developers build.
pub fn folder() -> PathBuf {
    repository().join("target/vercel")
}

/// Vercel's command line, which `npm install --no-save` puts there.
pub fn vercel_program() -> PathBuf {
    repository().join("tests/vercel/node_modules/.bin/vercel")
}

/// Whether it is there, and runs.
pub fn is_vercel_there() -> bool {
    let version = Command::new(vercel_program()).arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

/// `vercel`, in `tree`; it needs no account, and leaves the one alone that somebody may have.
pub fn vercel(tree: &Path) -> Command {
    let mut command = building(vercel_program(), tree);
    command
        .arg("--global-config")
        .arg(folder().join("cli"))
        .arg("--no-color")
        // The image that builds on Vercel: without it, the executables would be cross-compiled.
        .env("VERCEL_BUILD_IMAGE", "al2023")
        .env("VERCEL_TELEMETRY_DISABLED", "1");
    command
}

/// `cargo build` of all functions, in `tree`: Vercel's builder, which makes them one by one, then finds them
/// done. Unlike the builder it insists on the versions of the lock file.
pub fn cargo_build(tree: &Path, arguments: &[&str]) {
    let mut command = building(PathBuf::from("cargo"), tree);
    command
        .args(["build", "--locked", "--bins"])
        .args(arguments);
    run(&mut command);
}

fn building(program: PathBuf, tree: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(tree)
        .env_clear()
        .envs(env::vars_os().filter(|(name, _)| is_passed_on(&name.to_string_lossy())))
        .env("CARGO_TARGET_DIR", folder().join("cargo"))
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        // What is tested is what the builder makes of the repository. Optimising it takes minutes.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_LTO", "off");
    command
}

fn is_passed_on(name: &str) -> bool {
    let is_proxy = name.to_lowercase().ends_with("_proxy");
    is_proxy || PASSED_ON.iter().any(|known| name.starts_with(known))
}

/// Runs it to its end. It writes to the terminal, past the capture of test output: it takes minutes.
#[track_caller]
pub fn run(command: &mut Command) {
    let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    let program = Path::new(command.get_program()).display().to_string();
    say(&format!("{program} {}", arguments.join(" ")));
    let status = command.stdout(stderr()).status().unwrap();
    assert!(status.success(), "{program}: {status}");
}

/// Writes a line to the terminal.
pub fn say(line: &str) {
    let line = format!("{line}\n");
    stderr().write_all(line.as_bytes()).unwrap();
}
