//! The options of the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Keeps chat histories on a conversation-store: imports files, and syncs the sessions of Claude Code.
///
/// Exit codes: 0 done; 1 failed; 2 wrong options; 3 not signed in; 4 the service is not reachable, run it again
/// later, nothing is lost; 5 the service refused some of it.
#[derive(Debug, Parser)]
#[command(name = "conversation-store", version)]
pub struct Options {
    /// The address of the service, such as https://chats.example.com. Without it, that of the last login.
    #[arg(
        long,
        global = true,
        env = "CONVERSATION_STORE_API",
        value_name = "URL"
    )]
    pub api: Option<String>,
    /// Print the result as JSON, and no progress.
    #[arg(long, global = true)]
    pub json: bool,
    /// How many seconds to retry while the service is not reachable.
    #[arg(long, global = true, default_value_t = 60, value_name = "SECONDS")]
    pub retry_for: u64,
    #[command(subcommand)]
    pub command: Command,
}

impl Options {
    /// For how long to try again.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.retry_for)
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Signs in with a code that a browser shows, or as a new user.
    Login(LoginOptions),
    /// Forgets the token of this machine.
    Logout,
    /// Imports files: sessions of Claude Code, exports of claude.ai, ChatGPT and others, also as ZIP archives.
    Import(ImportOptions),
    /// Sends new lines of Claude Code sessions (~/.claude/projects, or below CLAUDE_CONFIG_DIR).
    Sync(SyncOptions),
    /// Lists conversations, last changed first.
    List(ListOptions),
    /// Finds conversations with all of these words in their title or messages, by the service's search.
    Search(SearchOptions),
    /// Writes conversations to files. An interrupted export is resumed.
    Export(ExportOptions),
    /// Says who is signed in, whether the service is reachable, and what waits to be synced.
    Status,
}

/// How to sign in.
#[derive(Debug, Args)]
pub struct LoginOptions {
    /// The code that a signed-in browser shows; asked for where it is not given.
    #[arg(conflicts_with = "new")]
    pub code: Option<String>,
    /// As a new anonymous user.
    #[arg(long)]
    pub new: bool,
}

/// What to import.
#[derive(Debug, Args)]
pub struct ImportOptions {
    /// The files.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// What the files are, where that cannot be recognised: claude-code, claude-ai, chatgpt, ui-messages, librechat,
    /// open-webui or own.
    #[arg(long, value_parser = format_named)]
    pub format: Option<importers::Format>,
    #[command(flatten)]
    pub filters: Filters,
}

/// What to sync, and when.
#[derive(Clone, Debug, Args)]
pub struct SyncOptions {
    /// Keep running until stopped, and send what is added.
    #[arg(long, conflicts_with = "hook")]
    pub watch: bool,
    /// How often to look, in seconds.
    #[arg(long, default_value_t = 5, requires = "watch", value_name = "SECONDS")]
    pub interval: u64,
    /// As a hook of Claude Code: reads its JSON from standard input, leaves the work to another process, and always
    /// succeeds. What goes wrong is in the log file that `status` names.
    #[arg(long)]
    pub hook: bool,
    /// Only this session, and what earlier syncs did not send.
    #[arg(long, hide = true, value_name = "FILE")]
    pub session: Option<PathBuf>,
    #[command(flatten)]
    pub filters: Filters,
}

/// What leaves this machine.
#[derive(Clone, Debug, Default, Args)]
pub struct Filters {
    /// Only what was said in this folder or one below it; may be given several times.
    #[arg(long, value_name = "FOLDER")]
    pub project: Vec<PathBuf>,
    /// Nothing that was said in this folder or one below it; may be given several times.
    #[arg(long, value_name = "FOLDER")]
    pub exclude_project: Vec<PathBuf>,
    /// How much of tool results is sent.
    #[arg(long, value_enum, default_value_t, value_name = "HOW MUCH")]
    pub tool_output: ToolOutput,
    /// Replace what looks like a secret (keys, tokens, passwords in addresses) before anything is sent.
    #[arg(long)]
    pub redact: bool,
}

/// How much of tool results is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ToolOutput {
    /// Nothing.
    None,
    /// The beginning.
    Short,
    /// Everything.
    #[default]
    Full,
}

/// What to list.
#[derive(Debug, Args)]
pub struct ListOptions {
    /// How many at most; 0 for all.
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
}

/// What to search for.
#[derive(Debug, Args)]
pub struct SearchOptions {
    /// The words, which all have to be found: their beginnings (`conf*`) and phrases (`"in this order"`) too, in upper or lower
    /// case, with or without accents.
    #[arg(required = true)]
    pub words: Vec<String>,
    /// The most conversations that are shown.
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
}

/// What to write, and where.
#[derive(Debug, Args)]
pub struct ExportOptions {
    /// Only the conversation with this id.
    #[arg(long, value_name = "ID")]
    pub conversation: Option<String>,
    /// How: lines of JSON, which `import` takes back, or a text for each conversation.
    #[arg(long, value_enum, default_value_t)]
    pub format: ExportFormat,
    /// Where to: a file; for the texts of all conversations, a folder.
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,
}

/// How conversations are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A conversation per line.
    #[default]
    Ndjson,
    /// To be read by people.
    Markdown,
}

impl ExportFormat {
    /// As the service calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Markdown => "markdown",
        }
    }
}

fn format_named(name: &str) -> Result<importers::Format, String> {
    let names = || {
        importers::Format::ALL
            .map(importers::Format::name)
            .join(", ")
    };
    importers::Format::from_name(name).ok_or_else(|| format!("one of {}", names()))
}
