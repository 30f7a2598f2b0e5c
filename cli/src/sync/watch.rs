//! `sync --watch`: syncs repeatedly until it is stopped.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::Syncer;
use crate::failure::Failure;
use crate::output::Output;

/// Syncs until Ctrl-C or SIGTERM, waiting for an unreachable service.
pub async fn watch(syncer: &Arc<Syncer>, interval: u64, output: Output) -> Result<(), Failure> {
    tokio::select! {
        failure = watch_on(syncer, Duration::from_secs(interval), output) => Err(failure),
        // The next sync sends an interrupted request again.
        () = stopped() => Ok(()),
    }
}

async fn watch_on(syncer: &Arc<Syncer>, interval: Duration, output: Output) -> Failure {
    const LONGEST: Duration = Duration::from_secs(60);
    let (mut told, mut pause) = (None, interval);
    loop {
        let files = match syncer.files() {
            Ok(files) => files,
            Err(failure) => return failure,
        };
        let report = syncer.pass(files, Output::quiet()).await;
        let failure = report.failure();
        let problem = failure.as_ref().map(ToString::to_string);
        // The same problem is reported once.
        if report.is_worth_telling() && (problem.is_none() || problem != told) {
            report.print(output);
            problem.iter().for_each(|problem| output.warn(problem));
        }
        // Failing syncs are retried less and less often.
        pause = match problem {
            Some(_) => (pause * 2).min(LONGEST.max(interval)),
            None => interval,
        };
        told = problem;
        if let Some(failure @ Failure::NotSignedIn(_)) = failure {
            return failure;
        }
        sleep(pause).await;
    }
}

/// Returns when the process is asked to stop.
async fn stopped() {
    #[cfg(unix)]
    if let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
