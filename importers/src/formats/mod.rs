//! One module per format: each reads its source, and leaves the common part to [`crate::thread`].

mod anthropic;
mod chatgpt;
mod citations;
mod claude_ai;
pub(crate) mod claude_code;
mod libre_chat;
mod list;
mod open_webui;
mod own;
mod ui_messages;

use crate::{ConvertError, Converted, Format, Options};

/// Converts a text that is not empty.
pub(crate) fn convert(
    format: Format,
    text: &str,
    options: &Options,
) -> Result<Converted, ConvertError> {
    match format {
        Format::ClaudeCode => claude_code::convert(text, options),
        Format::ClaudeAi => list::convert(format, text, options, claude_ai::read),
        Format::ChatGpt => list::convert(format, text, options, chatgpt::read),
        Format::LibreChat => list::convert(format, text, options, libre_chat::read),
        Format::OpenWebUi => list::convert(format, text, options, open_webui::read),
        Format::UiMessages => ui_messages::convert(text, options),
        Format::Own => own::convert(text, options),
    }
}
