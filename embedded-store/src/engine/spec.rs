//! The description of one command: its name, arity, keys and handler.

use super::store::Handler;

/// A command about scripts.
#[derive(Clone, Copy)]
pub(super) enum ScriptCommand {
    Eval { read_only: bool },
    EvalSha { read_only: bool },
    Load,
    Exists,
    Flush,
}

/// How a command is carried out.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// A function of the store.
    Handler(Handler),
    /// The script machinery; such a command cannot be called from a script.
    Script(ScriptCommand),
}

/// Which arguments of a command are keys.
#[derive(Clone, Copy)]
pub(super) enum Keys {
    None,
    /// The first argument.
    First,
    /// Every argument.
    All,
    /// None, but the command reads or changes the whole keyspace.
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
    /// Whether it may take more memory, and is refused when none is left.
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

    /// Marks a command that never takes more memory.
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

    /// Whether the command takes this number of words.
    pub(super) fn accepts(&self, words: usize) -> bool {
        let needed = usize::try_from(self.arity.unsigned_abs()).unwrap_or(usize::MAX);
        words == needed || (self.arity < 0 && words > needed)
    }
}
