//! Size limits.

/// The largest request body, in bytes: Vercel's limit.
pub const BODY: usize = 4_500_000;
/// The most that a page of messages holds, in bytes, where it holds more than one: responses have to pass
/// Vercel too, and what is stored compressed can be a thousand times as long when it is read.
pub const PAGE: usize = 4_000_000;
/// The largest content of a message, in bytes of UTF-8.
pub const CONTENT: usize = 1_048_576;
/// The largest message, in bytes of its JSON text: a response that holds it and its conversation's metadata has to pass
/// Vercel too.
pub const MESSAGE: usize = 4_000_000;
/// The largest array of parts of a message, in bytes of its JSON text: the text derived from them has to fit beside it.
pub const PARTS: usize = 3_145_728;
/// The most parts of a message.
pub const PART_COUNT: usize = 1_000;
/// The longest name of a format, in characters.
pub const FORMAT: usize = 64;
/// The largest metadata of a conversation, in bytes of JSON.
pub const METADATA: usize = 262_144;
/// The longest TTL of conversations in days, if they do not last forever.
pub const TTL_DAYS: u64 = 36_500;
/// How many days ahead a list of what expires goes at most.
pub const EXPIRING_DAYS: u32 = 365;
/// The longest title, in characters.
pub const TITLE: usize = 1_000;
/// The most tags of a conversation.
pub const TAGS: usize = 50;
/// The longest tag, in characters.
pub const TAG: usize = 100;
/// The most fields of one JSON object.
pub const FIELDS: usize = 100;
/// How many computed fields it may have in addition: an object must not become too large to be sent back.
pub const OWN_FIELDS: usize = 20;
/// How many conversations a list or a sync returns at once.
pub const CONVERSATION_PAGE: PageSize = PageSize {
    default: 20,
    most: 50,
};
/// How many messages a response has at most.
pub const MESSAGE_PAGE: PageSize = PageSize {
    default: 50,
    most: 100,
};
/// The most messages of one append.
pub const APPEND: usize = 100;
/// The most entries of one append to an agent session.
pub const ENTRIES: usize = 500;
/// The longest part of an agent session's key, in characters.
pub const SESSION_KEY: usize = 1_000;
/// How many entries of an agent session a response has at most.
pub const ENTRY_PAGE: PageSize = PageSize {
    default: 500,
    most: 500,
};
/// The most bytes that one script call of an import is sent, as JSON: Upstash takes 10 MB.
pub const IMPORT_CALL: usize = 6_000_000;
/// The most messages that one script call of an import is sent.
pub const IMPORT_MESSAGES: usize = 20_000;
/// The most conversations of one import.
pub const IMPORT: usize = 1_000;
/// The longest id, in characters.
pub const ID: usize = 128;
/// The largest number of tokens: what a double holds exactly.
pub const TOKENS: u64 = 9_007_199_254_740_991;
/// The length of a device code, in characters.
pub const CODE: usize = 8;
/// The most shares of one user.
pub const SHARES: usize = 100;
/// The largest snapshot, in bytes of messages as they are stored: a script copies it in one go, and nothing
/// else runs on its user's keys meanwhile.
pub const SHARE: usize = 16_000_000;

/// The lengths of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize {
    /// The default.
    pub default: usize,
    /// The maximum.
    pub most: usize,
}
