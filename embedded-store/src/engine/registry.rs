//! Looking a command up by name, and the errors of those that are not found.

use super::commands;
use super::failure::Failure;
use super::spec::Spec;

/// Why a command is rejected before it runs.
#[derive(Debug)]
pub(super) enum Rejection {
    Unknown,
    UnknownSubcommand,
    Arity(&'static str),
}

/// The command with subcommands, whose names are `script|...`.
const SCRIPT: &str = "script";

/// The description of `command`, if it exists and takes this number of words.
pub(super) fn lookup(command: &[Vec<u8>]) -> Result<&'static Spec, Rejection> {
    let name = command.first().ok_or(Rejection::Unknown)?;
    let spec = if name.eq_ignore_ascii_case(SCRIPT.as_bytes()) {
        let subcommand = command.get(1).ok_or(Rejection::Arity(SCRIPT))?;
        find(&[SCRIPT.as_bytes(), b"|", subcommand].concat()).ok_or(Rejection::UnknownSubcommand)?
    } else {
        // The full name of a subcommand is used for counting only and is not a command.
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

/// At most `limit` bytes of `text`, and like C's `%s`, nothing after a zero byte.
fn printable(text: &[u8], limit: usize) -> String {
    let end = text
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(text.len());
    String::from_utf8_lossy(&text[..end.min(limit)]).into_owned()
}
