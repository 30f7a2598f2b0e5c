//! One pass over all sessions, several at a time, and the report on it.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use indicatif::ProgressBar;
use serde_json::json;

use super::batch::Batch;
use super::session::{Prepared, Session, SessionReport, Step, prepare, send_all};
use super::{Syncer, log};
use crate::api::Tally;
use crate::failure::Failure;
use crate::output::{Output, count};

/// How many requests are under way at a time.
const AT_A_TIME: usize = 4;

/// The report on a pass.
#[derive(Debug, Default)]
pub struct PassReport {
    /// How many files were looked at.
    pub files: usize,
    /// How many of them had something new.
    pub changed: usize,
    /// How many are no sessions of Claude Code.
    foreign: usize,
    messages: u64,
    bytes: u64,
    redacted: u64,
    tally: Tally,
    /// What went wrong, file by file.
    failures: Vec<(PathBuf, Failure)>,
}

/// What is sent at once.
enum Job {
    Batch(Batch),
    /// One that is large.
    Session(Box<Session>, Box<Step>),
    /// Nothing, but a report.
    Done(PathBuf, Result<SessionReport, Failure>),
    /// One that another process is busy with.
    Later(PathBuf),
}

type Done = (PathBuf, Result<SessionReport, Failure>);

impl Syncer {
    /// Sends what is new in these files.
    pub async fn pass(self: &Arc<Self>, files: Vec<PathBuf>, output: Output) -> PassReport {
        let progress = output.progress("syncing", files.len());
        let mut report = PassReport {
            files: files.len(),
            ..PassReport::default()
        };
        let (busy, is_over) = self.send_jobs(files, &mut report, &progress).await;
        // Only now, when this process holds no locks that the other one may wait for.
        for file in busy.into_iter().take_while(|_| !is_over) {
            let done = self.wait_for(&file).await;
            report.add(&file, done);
            progress.inc(1);
        }
        progress.finish_and_clear();
        report
    }

    /// Sends jobs, several at a time. Returns the files that others are busy with, and whether the service is away.
    async fn send_jobs(
        self: &Arc<Self>,
        files: Vec<PathBuf>,
        report: &mut PassReport,
        progress: &ProgressBar,
    ) -> (Vec<PathBuf>, bool) {
        let mut busy = Vec::new();
        let jobs = self.jobs(files).map(|job| self.send_job(job));
        let mut jobs = pin!(jobs.buffer_unordered(AT_A_TIME));
        while let Some((done, later)) = jobs.next().await {
            busy.extend(later);
            let mut is_over = false;
            for (file, done) in done {
                is_over |= matches!(done, Err(Failure::Unavailable(_) | Failure::NotSignedIn(_)));
                report.add(&file, done);
                progress.inc(1);
            }
            if is_over {
                // The others would fail as well.
                return (busy, true);
            }
        }
        (busy, false)
    }

    /// Reads files, and puts their new lines into jobs.
    fn jobs(self: &Arc<Self>, files: Vec<PathBuf>) -> impl Stream<Item = Job> {
        let prepared = stream::iter(files).map(|file| async {
            let prepared = prepare(self, file.clone(), Duration::ZERO).await;
            (file, prepared)
        });
        let prepared = Box::pin(prepared.buffered(AT_A_TIME));
        stream::unfold(
            (prepared, Batch::default()),
            |(mut prepared, mut batch)| async {
                while let Some((file, next)) = prepared.next().await {
                    let job = match next {
                        Ok(Prepared::Step(session, step)) if Batch::suits(&step) => {
                            let is_full = !batch.admits(&step);
                            let full = is_full.then(|| Job::Batch(std::mem::take(&mut batch)));
                            batch.push(*session, *step);
                            full
                        }
                        Ok(Prepared::Step(session, step)) => Some(Job::Session(session, step)),
                        Ok(Prepared::Busy) => Some(Job::Later(file)),
                        Ok(Prepared::Nothing) => {
                            Some(Job::Done(file, Ok(SessionReport::default())))
                        }
                        Ok(Prepared::Foreign) => {
                            Some(Job::Done(file, Ok(SessionReport::foreign())))
                        }
                        Err(failure) => Some(Job::Done(file, Err(failure))),
                    };
                    if let Some(job) = job {
                        return Some((job, (prepared, batch)));
                    }
                }
                let rest = std::mem::take(&mut batch);
                (!rest.is_empty()).then_some((Job::Batch(rest), (prepared, batch)))
            },
        )
    }

    async fn send_job(self: &Arc<Self>, job: Job) -> (Vec<Done>, Option<PathBuf>) {
        match job {
            Job::Batch(batch) => {
                let results = batch.send(self).await.into_iter();
                let done = results.map(|(session, done)| (session.path, done));
                (done.collect(), None)
            }
            Job::Session(session, step) => {
                let path = session.path.clone();
                (vec![(path, send_all(self, *session, *step).await)], None)
            }
            Job::Done(path, done) => (vec![(path, done)], None),
            Job::Later(path) => (Vec::new(), Some(path)),
        }
    }

    /// Sends what is new in a file that another process was busy with.
    async fn wait_for(self: &Arc<Self>, file: &Path) -> Result<SessionReport, Failure> {
        match prepare(self, file.to_owned(), self.patience).await? {
            Prepared::Step(session, step) => send_all(self, *session, *step).await,
            Prepared::Nothing => Ok(SessionReport::default()),
            Prepared::Foreign => Ok(SessionReport::foreign()),
            Prepared::Busy => {
                let why = format!("another sync is busy with {}", file.display());
                Err(Failure::Unavailable(why))
            }
        }
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

    /// Prints the report.
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

    /// Whether anything happened that is worth reporting.
    pub fn is_worth_telling(&self) -> bool {
        self.changed > 0 || !self.failures.is_empty()
    }

    /// The failure that decides the exit code, if there is any.
    pub fn failure(&self) -> Option<Failure> {
        let failures = self.failures.iter();
        // Failures that block all others come first: not signed in, then unreachable.
        let worst = failures.max_by_key(|(_, failure)| match failure {
            Failure::NotSignedIn(_) => 3,
            Failure::Unavailable(_) => 2,
            Failure::Failed(_) | Failure::File { .. } => 1,
            Failure::Refused { .. } => 0,
        });
        let Some((file, failure)) = worst else {
            let rejections = &self.tally.rejections;
            return rejections.first().map(|why| Failure::rejected(why));
        };
        Some(match failure {
            Failure::File { path, .. } if path == file => failure.clone(),
            Failure::Failed(_) | Failure::File { .. } => Failure::file(file, failure),
            _ => failure.clone(),
        })
    }

    /// Success, or what went wrong.
    pub fn into_result(self) -> Result<(), Failure> {
        self.failure().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_session_once() {
        let session = Path::new("/projects/a.jsonl");
        let message = |failure: Failure| {
            let failures = vec![(session.to_owned(), failure)];
            let report = PassReport {
                failures,
                ..PassReport::default()
            };
            report.failure().unwrap().to_string()
        };
        let state = Path::new("/state/a.json");
        assert_eq!(
            [
                message(Failure::file(session, &"denied")),
                message(Failure::file(state, &"denied")),
                message(Failure::other("no results")),
                message(Failure::Unavailable("away".to_owned())),
            ],
            [
                "/projects/a.jsonl: denied",
                "/projects/a.jsonl: /state/a.json: denied",
                "/projects/a.jsonl: no results",
                "away",
            ]
        );
    }
}
