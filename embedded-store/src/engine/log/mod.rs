//! The append log: the changes to the store, which a restart replays.
//!
//! A header line, then one record per line (see [`record`]). The changes of one command, transaction or script are
//! one record, so a crash never keeps half of them.

mod record;
mod snapshot;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::registry;
use super::spec::Run;
use super::store::Store;
use crate::reply::{Command, Reply};

/// The first line. It protects other files from being truncated because of a mistyped path.
const HEADER: &[u8] = b"append-log 1\n";

/// The size in bytes from which a log is worth rewriting.
const REWRITE_FROM_BYTES: usize = 64 * 1024;

/// How many times larger than the live data a log may grow before it is rewritten.
const REWRITE_FACTOR: usize = 2;

/// A log open for appending, locked against other engines.
pub(super) struct AppendLog {
    file: File,
    /// Holds the lock as long as it is open.
    _lock: File,
}

impl AppendLog {
    /// Opens or creates the log at `path` and replays it into `store`.
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

    /// Appends `effects` as one record. The operating system has it when this returns, so it survives a crash of
    /// the process, but not of the machine.
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

/// Replays the records in `content`; returns how many of its bytes are intact.
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
    let mut intact = HEADER.len();
    let lines = content[intact..].split_inclusive(|byte| *byte == b'\n');
    for (index, line) in lines.enumerate() {
        let end = intact + line.len();
        let commands = record::decode(line);
        if commands.is_none() && end == content.len() {
            break;
        }
        if !commands.is_some_and(|commands| repeat(&commands, store)) {
            let text = format!("{}: line {}: corrupt record", path.display(), index + 2);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        intact = end;
    }
    store.effects.clear();
    store.calls.clear();
    Ok(intact)
}

/// Runs one record's commands; whether all of them were valid.
///
/// The store's time is still 0 then, so nothing expires: expiries were logged as deletions.
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

/// A snapshot to use instead of `content`, if `content` is large enough and much larger than the snapshot.
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

/// Replaces the log with `content` atomically, and returns it open for appending.
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

/// Truncates the file to `len` bytes and seeks to its end; a new file gets the header.
fn cut(file: &mut File, len: usize) -> io::Result<()> {
    file.set_len(u64::try_from(len).unwrap_or(u64::MAX))?;
    file.seek(SeekFrom::End(0))?;
    if len == 0 {
        file.write_all(HEADER)?;
    }
    Ok(())
}
