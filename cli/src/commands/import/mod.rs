//! `import`: converts files of other systems and sends them.

mod archive;
mod report;
mod send;

use std::fs;
use std::path::Path;

use importers::{DetectError, Format, Unsupported, detect};

use crate::api::Client;
use crate::failure::Failure;
use crate::filter::Filter;
use crate::options::{ImportOptions, Options};
use crate::output::Output;
use report::{FileReport, ImportReport};
use send::Sending;

/// Imports files, one after the other.
pub async fn import(options: &Options, import: &ImportOptions) -> Result<(), Failure> {
    let (client, _) = Client::signed_in(options).await?;
    let output = Output::new(options.json);
    let filter = Filter::new(&import.filters);
    let sending = Sending {
        client: &client,
        filter: &filter,
        output,
    };
    let mut report = ImportReport::default();
    for path in &import.files {
        let done = import_file(&sending, path, import.format, &mut report).await;
        match done {
            Ok(()) => {}
            Err(failure @ (Failure::Unavailable(_) | Failure::NotSignedIn(_))) => {
                report.print(output);
                return Err(failure);
            }
            Err(failure) => report.failures.push((path.clone(), failure)),
        }
    }
    report.print(output);
    report.into_result()
}

async fn import_file(
    sending: &Sending<'_>,
    path: &Path,
    format: Option<Format>,
    report: &mut ImportReport,
) -> Result<(), Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::file(path, &error))?;
    let name = path.to_string_lossy();
    match recognise(&bytes, format) {
        Err(DetectError::Unsupported(Unsupported::Zip)) => {}
        recognised => {
            let format = recognised.map_err(|error| Failure::Failed(format!("{name}: {error}")))?;
            report
                .files
                .push(sending.send(&name, format, &bytes).await?);
            return Ok(());
        }
    }
    let mut archive = archive::Archive::open(bytes)
        .map_err(|error| Failure::Failed(format!("{name}: {error}")))?;
    let mut ignored = Vec::new();
    let before = report.files.len();
    for entry in archive.entries() {
        let entry_name = format!("{name}/{entry}");
        let bytes = archive
            .read(&entry)
            .map_err(|error| Failure::Failed(format!("{entry_name}: {error}")))?;
        match recognise(&bytes, format) {
            Ok(format) => report
                .files
                .push(sending.send(&entry_name, format, &bytes).await?),
            // An export has more than conversations: users, projects, feedback.
            Err(_) => ignored.push(entry_name),
        }
    }
    if report.files.len() == before {
        return Err(Failure::Failed(format!(
            "{name}: there are no conversations of a known format in it"
        )));
    }
    report
        .files
        .extend(ignored.into_iter().map(FileReport::ignored));
    Ok(())
}

/// The format of a file: the option, or else by its shape. Archives are recognised regardless of the option.
fn recognise(bytes: &[u8], format: Option<Format>) -> Result<Format, DetectError> {
    match (format, bytes.starts_with(b"PK\x03\x04")) {
        (Some(format), false) => Ok(format),
        _ => detect(bytes),
    }
}
