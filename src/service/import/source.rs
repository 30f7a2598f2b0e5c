//! The input of an import: the service's own form, or another system's, which is converted to it first.

use std::borrow::Cow;

use importers::{Continuation, ConversationReport, Converted, DetectError, Format, Options};

use crate::ErrorCode;
use crate::model::{Invalid, limits};

/// What a client states about its input.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Whether it is lines of one conversation each.
    pub is_lines: bool,
    /// Its format; otherwise it is detected.
    pub format: Option<Format>,
    /// The file's name: some sources are named by it.
    pub name: Option<String>,
    /// Whether conversations in the service's own form follow a source elsewhere, as those do that are converted here.
    pub is_followed: bool,
    /// Whether more of the same source follows: the report tells what the next portion has to begin with.
    pub is_portion: bool,
}

/// The input, in the service's own form.
pub(super) struct Source<'a> {
    /// Conversations.
    pub json: Cow<'a, [u8]>,
    /// The report on another system's history.
    pub converted: Option<SourceReport>,
}

/// The report on converting another system's history.
#[derive(Debug)]
pub struct SourceReport {
    /// Its format.
    pub format: Format,
    /// The outcome of each of its conversations, in its order.
    pub conversations: Vec<ConversationReport>,
    /// Lines that could not be read.
    pub invalid_lines: u64,
    /// The line that the next portion has to begin with, if there is one.
    pub continuation: Option<String>,
}

impl<'a> Source<'a> {
    /// Reads what was sent.
    ///
    /// # Errors
    /// `ambiguous_format` and `unknown_format`; `nothing_imported` where nothing of another system's can be read.
    pub fn read(body: &'a [u8], options: &ImportOptions) -> Result<Self, Invalid> {
        match options.format.map_or_else(|| format_of(body), Ok)? {
            Format::Own => Ok(Self {
                json: Cow::Borrowed(body),
                converted: None,
            }),
            format => convert(format, body, options),
        }
    }

    /// Whether it is lines of one conversation each.
    pub fn is_lines(&self, options: &ImportOptions) -> bool {
        self.converted.is_none() && options.is_lines
    }
}

/// An unknown shape is treated as the service's own form, whose errors are the most helpful.
fn format_of(body: &[u8]) -> Result<Format, Invalid> {
    importers::detect(body).or_else(|error| match error {
        DetectError::Ambiguous(formats) if formats.contains(&Format::Own) => Ok(Format::Own),
        DetectError::Ambiguous(_) => {
            let message = format!("body: {error}, by ?format=");
            Err(Invalid::new(ErrorCode::AmbiguousFormat, message))
        }
        DetectError::Unsupported(_) => {
            let message = format!("body: {error}");
            Err(Invalid::new(ErrorCode::UnknownFormat, message))
        }
        _ => Ok(Format::Own),
    })
}

fn convert<'a>(
    format: Format,
    body: &[u8],
    options: &ImportOptions,
) -> Result<Source<'a>, Invalid> {
    let limits = Options {
        name: options.name.clone(),
        max_conversations: limits::IMPORT,
        ..Options::default()
    };
    let converted = importers::convert(format, body, &limits)
        .map_err(|error| Invalid::new(ErrorCode::UnknownFormat, format!("body: {error}")))?;
    let is_all = !options.is_portion && !Continuation::is_in(body);
    if converted.conversations.is_empty() && is_all {
        return Err(nothing_to_import(&converted));
    }
    let json = serde_json::to_vec(&converted.conversations)
        .map_err(|_| Invalid::json("body: its conversations cannot be written as JSON"))?;
    let continuation = converted.continuation.filter(|_| options.is_portion);
    Ok(Source {
        json: Cow::Owned(json),
        converted: Some(SourceReport {
            format,
            conversations: converted.report.conversations,
            invalid_lines: converted.report.invalid_lines,
            continuation: continuation.map(|continuation| continuation.to_line()),
        }),
    })
}

/// An import that imports nothing is no success.
fn nothing_to_import(converted: &Converted) -> Invalid {
    let report = &converted.report;
    let message = format!(
        "There is no conversation with anything to read among the {} of this {} source; {} of its lines cannot be read.",
        report.conversations.len(),
        report.format.name(),
        report.invalid_lines,
    );
    Invalid::new(ErrorCode::NothingImported, message)
}
