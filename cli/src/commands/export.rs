//! `export`: everything, or one conversation, to files.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use reqwest::Response;
use serde_json::{Value, json};

use super::conversations::summaries;
use super::lines::{Lines, broken};
use crate::api::Client;
use crate::failure::Failure;
use crate::files;
use crate::options::{ExportFormat, ExportOptions, Options};
use crate::output::{Output, count};

/// Writes conversations.
pub async fn export(options: &Options, export: &ExportOptions) -> Result<(), Failure> {
    let (client, _) = Client::signed_in(options).await?;
    let output = Output::new(options.json);
    match (&export.conversation, &export.output, export.format) {
        (Some(id), path, format) => {
            let response = client.open(&path_of(id, format)?).await?;
            write_response(response, path.as_deref()).await?;
            told(output, path.as_deref(), 1);
        }
        (None, None, ExportFormat::Ndjson) => {
            write_response(client.open("/api/export").await?, None).await?;
        }
        (None, Some(path), ExportFormat::Ndjson) => {
            let conversations = write_lines(&client, path, output).await?;
            told(output, Some(path), conversations);
        }
        (None, Some(folder), ExportFormat::Markdown) => {
            let written = write_texts(&client, folder, output).await?;
            told(output, Some(folder), written);
        }
        (None, None, ExportFormat::Markdown) => {
            return Err(Failure::Failed(
                "say which folder to write to: --output FOLDER".to_owned(),
            ));
        }
    }
    Ok(())
}

/// Where there is a file: the output may be the export itself.
fn told(output: Output, path: Option<&Path>, conversations: u64) {
    if let Some(path) = path {
        output.json(|| json!({ "path": path, "conversations": conversations }));
        output.text(|| {
            format!(
                "{} written to {}",
                count(conversations, "conversation"),
                path.display()
            )
        });
    }
}

fn path_of(id: &str, format: ExportFormat) -> Result<String, Failure> {
    // An invalid id must become neither another parameter nor a path out of a folder.
    let is_id = id
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    match is_id && !id.is_empty() {
        true => Ok(format!(
            "/api/export?conversation={id}&format={}",
            format.name()
        )),
        false => Err(Failure::Failed(format!("{id:?} is no id"))),
    }
}

/// The unchanged response, to a file or to standard output.
async fn write_response(response: Response, path: Option<&Path>) -> Result<(), Failure> {
    let part = path.map(part_of);
    let explain = |error: io::Error| {
        Failure::file(
            part.as_deref().unwrap_or(Path::new("standard output")),
            &error,
        )
    };
    let mut target: Box<dyn Write> = match &part {
        Some(part) => Box::new(File::create(part).map_err(explain)?),
        None => Box::new(io::stdout().lock()),
    };
    let mut stream = response.bytes_stream();
    while let Some(piece) = stream.next().await {
        target.write_all(&piece.map_err(broken)?).map_err(explain)?;
    }
    target.flush().map_err(explain)?;
    match (&part, path) {
        (Some(part), Some(path)) => fs::rename(part, path).map_err(explain),
        _ => Ok(()),
    }
}

/// The temporary path of a file until it is complete.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// All conversations as lines. If an earlier attempt has left a part, only the rest is requested.
async fn write_lines(client: &Client, path: &Path, output: Output) -> Result<u64, Failure> {
    let part = part_of(path);
    let explain = |error: io::Error| Failure::file(&part, &error);
    let known = take_up(&part).map_err(explain)?;
    let mut options = OpenOptions::new();
    let mut file =
        files::open_private(options.create(true).append(true), &part).map_err(explain)?;
    let conversations = match known.is_empty() {
        true => copy_lines(client.open("/api/export").await?, &mut file, &explain).await?,
        false => write_rest(client, &known, &mut file, output, &explain).await?,
    };
    let end = json!({ "export": { "conversations": conversations, "complete": true } });
    writeln!(file, "{end}")
        .and_then(|()| file.sync_all())
        .map_err(explain)?;
    fs::rename(&part, path).map_err(explain)?;
    Ok(conversations)
}

/// Copies whole lines, but for the last one, and returns how many conversations they are.
async fn copy_lines(
    response: Response,
    file: &mut File,
    explain: &impl Fn(io::Error) -> Failure,
) -> Result<u64, Failure> {
    let mut lines = Lines::new(response);
    let (mut last, mut conversations) = (Value::Null, 0);
    while let Some(mut line) = lines.next().await? {
        let id = id_and_revision(&line).0;
        if id.is_null() {
            return Ok(conversations);
        }
        conversations += u64::from(id != last);
        last = id;
        line.push(b'\n');
        file.write_all(&line).map_err(explain)?;
    }
    Err(Failure::Unavailable(
        "the export was interrupted, run it again to go on".to_owned(),
    ))
}

/// The revisions of the conversations left by an earlier attempt. The last one may be cut off, so it is dropped.
fn take_up(part: &Path) -> io::Result<HashMap<String, Value>> {
    let text = match fs::read(part) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
        read => read?,
    };
    let (mut known, mut last, mut begin, mut at) = (HashMap::new(), None, 0, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let (id, revision) = id_and_revision(line);
        let id = id.as_str().map(str::to_owned);
        if id != last || id.is_none() {
            begin = at;
            last.clone_from(&id);
        }
        known.extend(id.map(|id| (id, revision)));
        at += line.len();
    }
    last.map(|last| known.remove(&last));
    OpenOptions::new()
        .write(true)
        .open(part)?
        .set_len(begin as u64)?;
    Ok(known)
}

fn id_and_revision(line: &[u8]) -> (Value, Value) {
    let mut conversation: Value = serde_json::from_slice(line).unwrap_or_default();
    if !conversation.is_object() {
        return (Value::Null, Value::Null);
    }
    (conversation["id"].take(), conversation["revision"].take())
}

/// Requests each conversation that is missing or has changed since.
async fn write_rest(
    client: &Client,
    known: &HashMap<String, Value>,
    file: &mut File,
    output: Output,
    explain: &impl Fn(io::Error) -> Failure,
) -> Result<u64, Failure> {
    let summaries = summaries(client, usize::MAX).await?;
    let progress = output.progress("exporting", summaries.len());
    let mut conversations = known.len() as u64;
    for summary in summaries {
        let id = summary["id"].as_str().unwrap_or_default();
        if known.get(id) != Some(&summary["revision"]) {
            let response = client.open(&path_of(id, ExportFormat::Ndjson)?).await?;
            copy_lines(response, file, explain).await?;
            conversations += u64::from(!known.contains_key(id));
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(conversations)
}

/// One text per conversation. A file that is as new as its conversation is left alone.
async fn write_texts(client: &Client, folder: &Path, output: Output) -> Result<u64, Failure> {
    files::create_folder(folder).map_err(|error| Failure::file(folder, &error))?;
    let summaries = summaries(client, usize::MAX).await?;
    let progress = output.progress("exporting", summaries.len());
    let mut written = 0;
    for summary in &summaries {
        let id = summary["id"].as_str().unwrap_or_default();
        let revision = summary["revision"].as_u64().unwrap_or_default();
        let request = path_of(id, ExportFormat::Markdown)?;
        let path = folder.join(format!("{id}.md"));
        if !is_current(&path, revision) {
            let response = client.open(&request).await?;
            write_response(response, Some(&path)).await?;
            let note = mark(revision);
            let appended = OpenOptions::new()
                .append(true)
                .open(&path)
                .and_then(|mut file| file.write_all(note.as_bytes()));
            appended.map_err(|error| Failure::file(&path, &error))?;
            written += 1;
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(written)
}

/// The last line of a text states its version, and that it is complete.
fn mark(revision: u64) -> String {
    format!("\n<!-- revision {revision} -->\n")
}

fn is_current(path: &Path, revision: u64) -> bool {
    fs::read(path).is_ok_and(|text| text.ends_with(mark(revision).as_bytes()))
}
