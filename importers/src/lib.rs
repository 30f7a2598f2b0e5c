//! Chat histories of other systems, converted to what `POST /api/import` takes.
//!
//! [`detect`] recognises a source by its shape, and [`convert`] reads it: bytes in, conversations and a report out. There is no
//! I/O, no clock and no randomness, so the same bytes always give the same result. Ids follow from the source's ids: importing
//! twice, or a longer version of the same history, finds the same messages again.
//!
//! ```
//! let source = br#"[{"uuid":"c1","name":"Greeting","chat_messages":[{"uuid":"m1","sender":"human","text":"Hello"}]}]"#;
//! let format = importers::detect(source)?;
//! let converted = importers::convert(format, source, &importers::Options::default())?;
//! assert_eq!(converted.report.imported(), 1);
//! let body = serde_json::to_string(&converted.conversations)?; // for `POST /api/import`
//! assert!(body.starts_with(r#"[{"id":"c1","title":"Greeting""#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Portions
//! A source larger than a request is sent in portions. [`split`] cuts a source into those, each of which [`convert`] takes. A
//! Claude Code session goes on from one portion to the next, so a portion needs to know of the ones before it: which lines were
//! left out, which tokens were counted, which tools were called. [`Converted::continuation`] says it, and
//! [`Options::continuation`] takes it. Messages then name parents of earlier portions in `parentId`; the service has those
//! already. All other formats need no continuation: [`split`] cuts them between conversations.
//!
//! A conversation that is larger than a request is cut after its conversion, by [`portions`].
//!
//! # What a message becomes
//! A text is `content`. Anything else is `parts`: Claude Code's and claude.ai's blocks as they came (`format` `anthropic`), those
//! of all others as the AI SDK has them (`ai-sdk/v7`). A file that the source only names, or that is too large, is a part
//! `{"type":"file","filename":…,"mediaType":…,"placeholder":{"reason":…}}` without a `url`, and is listed in the report. A block
//! of an unknown kind is kept as it came, and counted. What the source hides is left out, and counted.

mod continuation;
mod conversation;
mod detect;
mod error;
mod fit;
mod formats;
mod ids;
mod json;
mod options;
mod parts;
mod portions;
mod report;
mod scan;
mod split;
mod thread;
mod time;

pub use continuation::Continuation;
pub use conversation::{
    Conversation, Fields, ImportedConversation, Message, Role, Status, Tokens, Usage,
};
pub use detect::{Format, detect};
pub use error::{ConvertError, DetectError, SplitError, Unsupported};
pub use options::Options;
pub use portions::portions;
pub use report::{ConversationReport, Placeholder, PlaceholderReason, Report, SkipCode};
pub use split::{Portion, Split, split};

/// The result of a conversion.
#[derive(Clone, Debug)]
pub struct Converted {
    /// What `POST /api/import` takes, as an array: at most 1,000 of them and 4.5 MB in one request.
    pub conversations: Vec<ImportedConversation>,
    /// The outcome for each conversation of the source.
    pub report: Report,
    /// What the next portion of the same source needs to know of this one; only Claude Code's sessions go on.
    pub continuation: Option<Continuation>,
}

/// Converts a source that is in this format.
///
/// A problem with one conversation or line is no error, but part of the report.
///
/// # Errors
/// Where the source as a whole is not what it should be, or nothing can be read from it.
pub fn convert(
    format: Format,
    source: &[u8],
    options: &Options,
) -> Result<Converted, ConvertError> {
    let text = String::from_utf8_lossy(source);
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Err(ConvertError::Empty);
    }
    formats::convert(format, text, options)
}
