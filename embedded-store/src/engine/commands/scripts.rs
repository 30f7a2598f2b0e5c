//! EVAL, EVALSHA, SCRIPT and their variants; the script machinery carries them out.

use super::super::spec::{ScriptCommand, Spec};

pub(super) const COMMANDS: &[Spec] = &[
    Spec::script("eval", -3, ScriptCommand::Eval { read_only: false }),
    Spec::script("eval_ro", -3, ScriptCommand::Eval { read_only: true }),
    Spec::script("evalsha", -3, ScriptCommand::EvalSha { read_only: false }),
    Spec::script("evalsha_ro", -3, ScriptCommand::EvalSha { read_only: true }),
    Spec::script("script|load", 3, ScriptCommand::Load),
    Spec::script("script|exists", -3, ScriptCommand::Exists),
    Spec::script("script|flush", -2, ScriptCommand::Flush),
];
