//! The stored procedures. Each file under `src/lua/` says what it takes, returns and costs.

use std::sync::LazyLock;

use crate::upstash::Script;

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::with_prelude(
                include_str!("../lua/prelude.lua"),
                include_str!(concat!("../lua/", $file)),
            )
        });)*
    };
}

scripts! {
    APPEND = "append.lua";
    DELETE_CONVERSATION = "delete_conversation.lua";
    DELETE_MESSAGE = "delete_message.lua";
    ERASE = "erase.lua";
    EXPORT = "export.lua";
    IMPORT = "import.lua";
    LINK = "link.lua";
    LIST = "list.lua";
    PAGE = "page.lua";
    PATCH_CONVERSATION = "patch_conversation.lua";
    PATCH_MESSAGE = "patch_message.lua";
    REDEEM = "redeem.lua";
    SAVE = "save.lua";
    SESSION = "session.lua";
    SET_CURRENT = "set_current.lua";
    SIGN_OUT = "sign_out.lua";
    STATS = "stats.lua";
    SYNC = "sync.lua";
}
