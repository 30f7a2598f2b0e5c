//! The append log: what was done to the store, so that a restart can do it again.
//!
//! A header line, then one record per line (see [`record`]). What one command, transaction or script
//! did is one record, so a crash never keeps half of it.

mod record;
mod snapshot;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::registry::{self, Run};
use super::store::Store;
use crate::backend::{Command, Reply};

/// The first line. It keeps a mistyped path from truncating somebody's file.
const HEADER: &[u8] = b"append-log 1\n";

/// Logs below this size are not worth rewriting.
const REWRITE_FROM_BYTES: usize = 64 * 1024;

/// How many times larger than the live data a log may grow before it is rewritten.
const REWRITE_FACTOR: usize = 2;

/// A log open for appending; nobody else can open it meanwhile.
pub(super) struct AppendLog {
    file: File,
    /// Holds the lock as long as it is open.
    _lock: File,
}

impl AppendLog {
    /// Opens or creates the log at `path`, and repeats into `store` what it holds.
    pub(super) fn open(path: &Path, store: &mut Store) -> io::Result<Self> {
        let lock = lock(path)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| in_file(path, &error))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)
            .map_err(|error| in_file(path, &error))?;
        let intact = replay(path, &content, store)?;
        let snapshot = rewritten(&content[..intact], store);
        if let Some(snapshot) = snapshot {
            file = replace(path, &snapshot).map_err(|error| in_file(path, &error))?;
        } else {
            cut(&mut file, intact).map_err(|error| in_file(path, &error))?;
        }
        Ok(Self { file, _lock: lock })
    }

    /// Appends `effects` as one record. It has reached the operating system when this returns, so
    /// it survives the end of the process, though not of the machine.
    pub(super) fn append(&mut self, effects: &[Command]) -> io::Result<()> {
        let mut line = Vec::new();
        record::encode(effects, &mut line);
        self.file.write_all(&line)
    }
}

/// Locks a file beside the log, since the log itself is replaced when it is rewritten.
fn lock(path: &Path) -> io::Result<File> {
    let lock_path = beside(path, ".lock");
    let lock = File::create(&lock_path).map_err(|error| in_file(&lock_path, &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            format!(
                "{}: the append log is open in another engine",
                path.display()
            ),
        )),
        Err(TryLockError::Error(error)) => Err(in_file(&lock_path, &error)),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn in_file(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Repeats the records in `content`; returns how many of its bytes are good.
fn replay(path: &Path, content: &[u8], store: &mut Store) -> io::Result<usize> {
    if HEADER.starts_with(content) {
        // Empty, or torn while it was created.
        return Ok(if content.len() == HEADER.len() {
            content.len()
        } else {
            0
        });
    }
    if !content.starts_with(HEADER) {
        let text = format!("{}: not an append log", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut good = HEADER.len();
    let lines = content[good..].split_inclusive(|byte| *byte == b'\n');
    for (index, line) in lines.enumerate() {
        let end = good + line.len();
        let commands = record::decode(line);
        if commands.is_none() && end == content.len() {
            break;
        }
        if !commands.is_some_and(|commands| repeat(&commands, store)) {
            let text = format!("{}: line {}: corrupt record", path.display(), index + 2);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        good = end;
    }
    store.effects.clear();
    store.calls.clear();
    Ok(good)
}

/// Runs one record's commands; whether they were fit to be run.
///
/// The store's time is still 0 then, so nothing expires: that was decided when the log was written.
fn repeat(commands: &[Command], store: &mut Store) -> bool {
    commands.iter().all(|command| {
        let Ok(spec) = registry::lookup(command) else {
            return false;
        };
        let Run::Handler(handler) = spec.run else {
            return false;
        };
        !matches!(store.call(spec.name, handler, command), Reply::Error(_))
    })
}

/// The log that would give the same store, if `content` is so much larger that it should be used.
fn rewritten(content: &[u8], store: &Store) -> Option<Vec<u8>> {
    if content.len() < REWRITE_FROM_BYTES {
        return None;
    }
    let mut snapshot = HEADER.to_vec();
    for commands in snapshot::commands(store) {
        record::encode(&commands, &mut snapshot);
    }
    (content.len() / REWRITE_FACTOR > snapshot.len()).then_some(snapshot)
}

/// Puts `content` in the place of the log in one step, and returns it open for appending.
fn replace(path: &Path, content: &[u8]) -> io::Result<File> {
    let temporary = beside(path, ".rewrite");
    let mut file = File::create(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    // Makes the new name itself durable, where directories can be opened.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
        folder.sync_all()?;
    }
    Ok(file)
}

/// Drops what follows the first `len` bytes and goes there; a new file gets its header.
fn cut(file: &mut File, len: usize) -> io::Result<()> {
    file.set_len(u64::try_from(len).unwrap_or(u64::MAX))?;
    file.seek(SeekFrom::End(0))?;
    if len == 0 {
        file.write_all(HEADER)?;
    }
    Ok(())
}
