//! The stored procedures. Each file under `src/lua/` says what it takes, returns and costs.

use std::sync::LazyLock;

use crate::upstash::Script;

const PRELUDE: &str = include_str!("../lua/prelude.lua");
const LISTING: &str = include_str!("../lua/listing.lua");
const SHARING: &str = include_str!("../lua/sharing.lua");

macro_rules! scripts {
    ($($name:ident = $file:literal $(with $more:ident)?;)*) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            let parts = [PRELUDE, $($more)?];
            Script::with_prelude(&parts.concat(), include_str!(concat!("../lua/", $file)))
        });)*
    };
}

/// Concerns no user, so it has no prelude.
pub(super) static METRICS: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("../lua/metrics.lua")));

scripts! {
    APPEND = "append.lua";
    CHECK = "check.lua";
    CLAIM = "claim.lua" with SHARING;
    DELETE_CONVERSATION = "delete_conversation.lua" with SHARING;
    DELETE_MESSAGE = "delete_message.lua";
    ERASE = "erase.lua" with SHARING;
    EXPORT = "export.lua";
    IMPORT = "import.lua";
    LINK = "link.lua";
    LIST = "list.lua" with LISTING;
    OPEN_SHARE = "open_share.lua";
    PAGE = "page.lua";
    PATCH_CONVERSATION = "patch_conversation.lua";
    PATCH_MESSAGE = "patch_message.lua";
    REDEEM = "redeem.lua";
    SAVE = "save.lua";
    SESSION = "session.lua";
    SET_CURRENT = "set_current.lua";
    SHARE = "share.lua" with SHARING;
    SHARES = "shares.lua" with SHARING;
    SIGN_OUT = "sign_out.lua";
    STATS = "stats.lua";
    SYNC = "sync.lua" with LISTING;
    UNSHARE = "unshare.lua" with SHARING;
}
