//! The plan's own profile of a user's day, in calls: what the browser module makes of it.

/// The commands that the design allows for it.
pub const ALLOWED: u64 = 466;

/// Something that happens in a day.
pub struct Entry {
    pub what: &'static str,
    pub times: u64,
    /// The call of the bill, where it is one.
    pub call: Option<&'static str>,
    /// Commands beside that.
    pub extra: u64,
}

/// 3 starts of the app, 10 conversations opened, 60 messages in 30 turns, and streams while the page is looked at.
pub const DAY: [Entry; 4] = [
    Entry {
        what: "starts of the app: session",
        times: 3,
        call: Some("read the session"),
        extra: 0,
    },
    Entry {
        what: "conversations opened",
        times: 10,
        call: Some("open, newest 50"),
        extra: 0,
    },
    Entry {
        what: "turns: question and answer in one append, told to other devices",
        times: 30,
        call: Some("append 2 messages"),
        extra: 1,
    },
    Entry {
        what: "streams opened, each for five minutes",
        times: 20,
        call: Some("sync, nothing changed"),
        extra: 1,
    },
];
