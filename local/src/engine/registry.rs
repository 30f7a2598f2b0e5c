//! Which commands there are, and what must be known of one before it is run.

use super::commands;
use super::failure::Failure;
use super::script::ScriptCommand;
use super::store::Store;
use crate::backend::Reply;

/// Carries out one command, given with its name. Its arity has been checked by then, so a handler
/// may index the words its [`Spec`] requires.
pub(super) type Handler = fn(&mut Store, &[Vec<u8>]) -> Result<Reply, Failure>;

/// What carries a command out.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// A function of the store.
    Handler(Handler),
    /// The script machinery; such a command cannot be called from a script.
    Script(ScriptCommand),
}

/// Which of its arguments are keys.
#[derive(Clone, Copy)]
pub(super) enum Keys {
    None,
    /// The first argument.
    First,
    /// Every argument.
    All,
    /// None is, but the command works on all keys there are.
    Keyspace,
}

/// One command.
pub(super) struct Spec {
    /// In lower case.
    pub(super) name: &'static str,
    /// The number of words, the name included; negative for "at least".
    arity: i32,
    /// Whether it is refused to read-only scripts.
    pub(super) writes: bool,
    /// Whether it may take up more memory, and is refused when there is none left.
    pub(super) may_grow: bool,
    keys: Keys,
    pub(super) run: Run,
}

impl Spec {
    /// A command that reads the key in its first argument.
    pub(super) const fn read(name: &'static str, arity: i32, handler: Handler) -> Self {
        Self {
            name,
            arity,
            writes: false,
            may_grow: false,
            keys: Keys::First,
            run: Run::Handler(handler),
        }
    }

    /// A command that changes the key in its first argument.
    pub(super) const fn write(name: &'static str, arity: i32, handler: Handler) -> Self {
        Self {
            writes: true,
            may_grow: true,
            ..Self::read(name, arity, handler)
        }
    }

    /// The same for one that never takes up more memory.
    pub(super) const fn even_when_full(mut self) -> Self {
        self.may_grow = false;
        self
    }

    /// A command that runs or keeps scripts.
    pub(super) const fn script(name: &'static str, arity: i32, command: ScriptCommand) -> Self {
        Self {
            name,
            arity,
            writes: false,
            may_grow: false,
            keys: Keys::None,
            run: Run::Script(command),
        }
    }

    /// Whether it changes keys, as PUBLISH does not.
    pub(super) fn changes_keys(&self) -> bool {
        self.writes && !matches!(self.keys, Keys::None)
    }

    pub(super) const fn with_keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// Whether the command touches no keys but `declared` ones.
    pub(super) fn keeps_to(&self, declared: &[Vec<u8>], command: &[Vec<u8>]) -> bool {
        let arguments = command.get(1..).unwrap_or_default();
        match self.keys {
            Keys::None => true,
            Keys::First => arguments.first().is_none_or(|key| declared.contains(key)),
            Keys::All => arguments.iter().all(|key| declared.contains(key)),
            Keys::Keyspace => false,
        }
    }

    fn accepts(&self, words: usize) -> bool {
        let needed = usize::try_from(self.arity.unsigned_abs()).unwrap_or(usize::MAX);
        words == needed || (self.arity < 0 && words > needed)
    }
}

/// Why there is nothing to run for a command.
#[derive(Debug)]
pub(super) enum Rejection {
    Unknown,
    UnknownSubcommand,
    Arity(&'static str),
}

/// The container of subcommands; all its own names are `script|...`.
const SCRIPT: &str = "script";

/// Finds what to run for `command`.
pub(super) fn lookup(command: &[Vec<u8>]) -> Result<&'static Spec, Rejection> {
    let name = command.first().ok_or(Rejection::Unknown)?;
    let spec = if name.eq_ignore_ascii_case(SCRIPT.as_bytes()) {
        let subcommand = command.get(1).ok_or(Rejection::Arity(SCRIPT))?;
        find(&[SCRIPT.as_bytes(), b"|", subcommand].concat()).ok_or(Rejection::UnknownSubcommand)?
    } else {
        // A subcommand's full name is for counting only.
        let name = Some(name).filter(|name| !name.contains(&b'|'));
        name.and_then(|name| find(name)).ok_or(Rejection::Unknown)?
    };
    if !spec.accepts(command.len()) {
        return Err(Rejection::Arity(spec.name));
    }
    Ok(spec)
}

/// The names of all commands.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let all = commands::FAMILIES.iter().copied().flatten();
    all.map(|spec| spec.name)
}

fn find(name: &[u8]) -> Option<&'static Spec> {
    let mut all = commands::FAMILIES.iter().copied().flatten();
    all.find(|spec| name.eq_ignore_ascii_case(spec.name.as_bytes()))
}

impl Rejection {
    /// The error reply to a client that sent `command`.
    pub(super) fn into_failure(self, command: &[Vec<u8>]) -> Failure {
        match (self, command) {
            (Self::Arity(name), _) => Failure::wrong_arity(name),
            (Self::UnknownSubcommand, [_, subcommand, ..]) => Failure::new(format!(
                "ERR unknown subcommand '{}'. Try SCRIPT HELP.",
                printable(subcommand, 128)
            )),
            (Self::Unknown | Self::UnknownSubcommand, [name, arguments @ ..]) => {
                unknown(name, arguments)
            }
            (Self::Unknown | Self::UnknownSubcommand, []) => Failure::fixed("ERR empty command"),
        }
    }
}

fn unknown(name: &[u8], arguments: &[Vec<u8>]) -> Failure {
    let mut beginning = String::new();
    for argument in arguments {
        if beginning.len() >= 128 {
            break;
        }
        let room = 128 - beginning.len();
        beginning.push_str(&format!("'{}' ", printable(argument, room)));
    }
    Failure::new(format!(
        "ERR unknown command '{}', with args beginning with: {beginning}",
        printable(name, 128)
    ))
}

/// At most `limit` bytes of `text`, and like C's `%s` nothing after a zero byte.
fn printable(text: &[u8], limit: usize) -> String {
    let end = text
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(text.len());
    String::from_utf8_lossy(&text[..end.min(limit)]).into_owned()
}
