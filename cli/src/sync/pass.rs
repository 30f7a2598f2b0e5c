//! One pass over all sessions, several at a time, and the report on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use serde_json::json;

use super::session::{SessionReport, sync};
use super::{Syncer, log};
use crate::api::Tally;
use crate::failure::Failure;
use crate::output::{Output, count};

/// How many sessions are sent at a time.
const AT_A_TIME: usize = 4;

/// What became of a pass.
#[derive(Debug, Default)]
pub struct PassReport {
    /// How many files were looked at.
    pub files: usize,
    /// How many of them had something new.
    pub changed: usize,
    /// How many hold nothing of Claude Code's.
    foreign: usize,
    messages: u64,
    bytes: u64,
    redacted: u64,
    tally: Tally,
    /// What went wrong, file by file.
    failures: Vec<(PathBuf, Failure)>,
}

impl Syncer {
    /// Sends what is new in these files.
    pub async fn pass(self: &Arc<Self>, files: Vec<PathBuf>, output: Output) -> PassReport {
        let progress = output.progress("syncing", files.len());
        let mut report = PassReport {
            files: files.len(),
            ..PassReport::default()
        };
        let mut sessions = stream::iter(files)
            .map(|file| async {
                let done = sync(self, &file).await;
                (file, done)
            })
            .buffer_unordered(AT_A_TIME);
        while let Some((file, done)) = sessions.next().await {
            let is_over = matches!(done, Err(Failure::Unavailable(_) | Failure::NotSignedIn(_)));
            report.add(&file, done);
            progress.inc(1);
            if is_over {
                // The others would not fare better.
                break;
            }
        }
        progress.finish_and_clear();
        report
    }
}

impl PassReport {
    fn add(&mut self, file: &Path, done: Result<SessionReport, Failure>) {
        match done {
            Ok(session) => {
                self.changed += usize::from(session.is_changed);
                self.foreign += usize::from(session.is_foreign);
                self.messages += session.messages;
                self.bytes += session.bytes;
                self.redacted += session.redacted;
                for rejection in &session.tally.rejections {
                    log::note(&format!("{}: {rejection}", file.display()));
                }
                self.tally += session.tally;
            }
            Err(failure) => self.failures.push((file.to_owned(), failure)),
        }
    }

    /// Tells what was done.
    pub fn print(&self, output: Output) {
        let failures = self.failures.iter().map(|(file, failure)| {
            let mut json = failure.to_json();
            json["file"] = json!(file);
            json
        });
        output.json(|| {
            json!({
                "files": self.files, "changed": self.changed, "foreign": self.foreign, "messages": self.messages, "bytes": self.bytes,
                "redacted": self.redacted, "conversations": self.tally, "failures": failures.collect::<Vec<_>>(),
            })
        });
        output.text(|| self.to_text());
    }

    fn to_text(&self) -> String {
        let mut text = format!(
            "{} looked at, {} with something new: {} sent",
            count(self.files as u64, "file"),
            self.changed,
            count(self.messages, "message"),
        );
        if self.foreign > 0 {
            text += &format!(", {} without a session", count(self.foreign as u64, "file"));
        }
        if self.redacted > 0 {
            text += &format!(", {} replaced", count(self.redacted, "secret"));
        }
        if self.tally.deleted > 0 {
            text += &format!(
                ", {} left alone that was deleted at the service",
                count(self.tally.deleted, "conversation")
            );
        }
        for rejection in &self.tally.rejections {
            text += &format!("\nnot taken: {rejection}");
        }
        text
    }

    /// Whether anything happened that is worth a line.
    pub fn is_worth_telling(&self) -> bool {
        self.changed > 0 || !self.failures.is_empty()
    }

    /// The failure that decides about the exit code, if there is any.
    pub fn failure(&self) -> Option<Failure> {
        let failures = self.failures.iter();
        // What helps with all others comes first: to sign in, then to wait.
        let worst = failures.max_by_key(|(_, failure)| match failure {
            Failure::NotSignedIn(_) => 3,
            Failure::Unavailable(_) => 2,
            Failure::Failed(_) => 1,
            Failure::Refused(_) => 0,
        });
        match worst {
            Some((file, Failure::Failed(message)))
                if !message.contains(&*file.to_string_lossy()) =>
            {
                Some(Failure::Failed(format!("{}: {message}", file.display())))
            }
            Some((_, failure)) => Some(failure.clone()),
            None => self
                .tally
                .rejections
                .first()
                .map(|why| Failure::Refused(why.clone())),
        }
    }

    /// Success, or what went wrong.
    pub fn into_result(self) -> Result<(), Failure> {
        self.failure().map_or(Ok(()), Err)
    }
}
