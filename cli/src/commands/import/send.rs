//! Converts one source, portion by portion, and sends those.

use futures_util::{StreamExt, TryStreamExt, stream};
use importers::{Continuation, Converted, Format, Options, convert, portions, split};

use super::report::FileReport;
use crate::api::{Client, Outcome, REQUEST_BYTES};
use crate::failure::Failure;
use crate::filter::Filter;
use crate::output::Output;

/// How much of a source is converted at once.
const PORTION: usize = 4_000_000;
/// How many requests are open at a time, if their conversations are independent.
const AT_A_TIME: usize = 4;

/// The settings for sending sources.
pub struct Sending<'a> {
    pub client: &'a Client,
    pub filter: &'a Filter,
    pub output: Output,
}

impl Sending<'_> {
    /// Converts and sends a source.
    pub async fn send(
        &self,
        name: &str,
        format: Format,
        source: &[u8],
    ) -> Result<FileReport, Failure> {
        let mut report = FileReport::new(name, format);
        let mut continuation: Option<Continuation> = None;
        let progress = self.output.progress("importing", source.len());
        let mut requests = Vec::new();
        for portion in split(source, format, PORTION) {
            let portion = portion.map_err(|error| Failure::Failed(format!("{name}: {error}")))?;
            let (source, redacted) = self.filter.redact(&portion.bytes);
            let options = Options {
                name: Some(name.to_owned()),
                continuation: continuation.take(),
                ..Options::default()
            };
            let converted = match convert(format, &source, &options) {
                Err(importers::ConvertError::Empty) => continue,
                converted => {
                    converted.map_err(|error| Failure::Failed(format!("{name}: {error}")))?
                }
            };
            report.redacted += redacted;
            continuation.clone_from(&converted.continuation);
            requests.push((
                portion.bytes.len() as u64,
                self.bodies(converted, &mut report),
            ));
            if requests.len() >= at_a_time(format) {
                self.send_all(std::mem::take(&mut requests), &mut report, |bytes| {
                    progress.inc(bytes)
                })
                .await?;
            }
        }
        self.send_all(requests, &mut report, |bytes| progress.inc(bytes))
            .await?;
        progress.finish_and_clear();
        Ok(report)
    }

    /// The part of a portion that is sent.
    fn bodies(&self, converted: Converted, report: &mut FileReport) -> Vec<String> {
        let mut conversations = converted.conversations;
        let count = conversations.len();
        conversations.retain(|conversation| self.filter.admits(conversation));
        self.filter.shorten(&mut conversations);
        report.add(&converted.report, (count - conversations.len()) as u64);
        portions(&conversations, REQUEST_BYTES)
    }

    /// Sends the bodies of several portions: those of one portion in order.
    async fn send_all(
        &self,
        requests: Vec<(u64, Vec<String>)>,
        report: &mut FileReport,
        done: impl Fn(u64),
    ) -> Result<(), Failure> {
        let outcomes = stream::iter(requests)
            .map(|(bytes, bodies)| async move { (bytes, self.client.import(bodies).await) });
        let mut outcomes = outcomes
            .buffer_unordered(AT_A_TIME)
            .map(|(bytes, outcome)| outcome.map(|outcome| (bytes, outcome)));
        while let Some((bytes, Outcome { tally, .. })) = outcomes.try_next().await? {
            report.tally += tally;
            done(bytes);
        }
        Ok(())
    }
}

/// Portions of a session, and of an export whose conversations may continue on further lines, are sent in order.
fn at_a_time(format: Format) -> usize {
    match format {
        Format::ClaudeCode | Format::Own => 1,
        Format::ClaudeAi
        | Format::ChatGpt
        | Format::UiMessages
        | Format::LibreChat
        | Format::OpenWebUi => AT_A_TIME,
    }
}
