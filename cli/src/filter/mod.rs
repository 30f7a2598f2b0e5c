//! What leaves this machine: which projects, how much of tool results, and no secrets.

mod json_strings;
mod patterns;
mod project;
mod redact;
mod tool_output;

use std::borrow::Cow;

use importers::ImportedConversation;

use crate::options::{Filters, ToolOutput};
pub use project::Projects;
use redact::Redactor;

/// Everything that is done to a source before it is sent.
#[derive(Debug)]
pub struct Filter {
    /// Which projects are sent.
    pub projects: Projects,
    redactor: Option<Redactor>,
    tool_output: ToolOutput,
}

impl Filter {
    /// As the options say.
    pub fn new(options: &Filters) -> Self {
        Self {
            projects: Projects::new(&options.project, &options.exclude_project),
            redactor: options.redact.then(Redactor::new),
            tool_output: options.tool_output,
        }
    }

    /// A source without its secrets, before conversion, so that nothing made from it can contain any. Also how many were
    /// found.
    pub fn redact<'a>(&self, source: &'a [u8]) -> (Cow<'a, [u8]>, u64) {
        match &self.redactor {
            Some(redactor) => redactor.redact_json(source),
            None => (Cow::Borrowed(source), 0),
        }
    }

    /// Whether a conversation is sent.
    pub fn admits(&self, conversation: &ImportedConversation) -> bool {
        let cwd = conversation
            .converted()
            .and_then(|converted| converted.source.get("cwd"));
        let cwd = cwd.and_then(|cwd| serde_json::from_str::<String>(cwd).ok());
        self.projects.admit(cwd.as_deref())
    }

    /// Removes the parts of tool results that should not be sent.
    pub fn shorten(&self, conversations: &mut [ImportedConversation]) {
        let most = match self.tool_output {
            ToolOutput::Full => return,
            ToolOutput::Short => tool_output::SHORT,
            ToolOutput::None => 0,
        };
        for conversation in conversations {
            tool_output::shorten(conversation, most);
        }
    }
}
