//! What holds the scripts, their headers and the structs that write and read for them together.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::agent_sessions::{AgentSessionAppend, AgentSessionsList};
use super::conversations::{
    ConversationDelete, ConversationFork, ConversationPatch, ConversationRenew, ConversationSave,
    ConversationsExport, ConversationsFilter, ConversationsImport, ConversationsList,
    ExportedConversation,
};
use super::messages::{ConversationRead, MessageDelete, MessagePatch, MessageSave, MessagesAppend};
use super::metrics::MetricsAdd;
use super::recovery::{RecoveryCreate, RecoveryRedeem, RecoveryRenew, RecoveryRevoke};
use super::search::{ReadConversation, SignaturesMatch, SignaturesWrite, TextsRead};
use super::sessions::{
    CodeCreate, CodeRedeem, ReadTokenCreate, ReadTokenRevoke, SessionBegin, SessionRead,
    SessionSetCurrent, SessionSignOut, StreamOpen,
};
use super::shares::{OwnShare, ShareFork, ShareRead, SharesCreate, SharesList, SharesRevoke};
use super::trash::{ConversationRestore, TrashClaim, TrashEmpty, TrashList};
use super::users::{
    ChangesList, StatisticsRead, UserCheck, UserClaim, UserErase, UserIdentify, UserPurge,
    UserSetTtl,
};
use super::*;
use crate::ErrorCode;
use crate::store::contract::{Argument, Field, Procedure};
use crate::store::refusal;

/// The text of a script without what it is put behind.
fn source_of(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lua");
    fs::read_to_string(folder.join(file)).unwrap()
}

/// The entries of one section of a script's header: a line each, with the lines that go on from it.
fn section(source: &str, title: &str) -> Vec<String> {
    const INDENT: usize = 12;
    let header = source
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("--"));
    let (mut entries, mut is_inside) = (Vec::<String>::new(), false);
    for line in header {
        let (head, text) = line.split_at_checked(INDENT).unwrap_or((line, ""));
        match head.trim_start_matches('-').trim() {
            "" if text.is_empty() => is_inside = false,
            "" => {}
            other => is_inside = other == title,
        }
        match (is_inside, entries.last_mut()) {
            (false, _) => {}
            (true, Some(last)) if text.starts_with(' ') => {
                last.push(' ');
                last.push_str(text.trim());
            }
            (true, _) => entries.push(text.to_owned()),
        }
    }
    entries
}

/// Whether an entry of a header is about this name; what it says of it follows behind a colon or a semicolon.
fn is_about(entry: &str, name: &str) -> bool {
    let rest = entry.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ';']))
}

fn compare(what: &str, entries: &[String], names: &[String]) {
    assert_eq!(entries.len(), names.len(), "{what}: {entries:?} {names:?}");
    for (entry, name) in entries.iter().zip(names) {
        assert!(is_about(entry, name), "{what}: {entry}, not {name}");
    }
}

/// The texts of a Lua table of them, like `local REPLY = { 'status', 'record' }`.
fn table(source: &str, name: &str) -> Option<Vec<String>> {
    let (_, rest) = source.split_once(&format!("local {name} = {{"))?;
    let (items, _) = rest.split_once('}')?;
    Some(
        items
            .split('\'')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect(),
    )
}

/// Which arguments a script gives names, with their positions in ARGV.
fn unpacked(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for line in source.lines().filter(|line| line.starts_with("local ")) {
        let Some((names, values)) = line["local ".len()..].split_once(" = ") else {
            continue;
        };
        for (name, value) in names.split(", ").zip(values.split(", ")) {
            if let Some((_, position)) = value.split_once("ARGV[") {
                let position = position.split(']').next().unwrap().parse().unwrap();
                found.push((position, name.to_lowercase()));
            }
        }
    }
    found
}

/// Names that are no lists: `title`, not `messages...: id, body`.
fn single(names: Vec<String>) -> Vec<String> {
    let is_single = |name: &String| !name.contains("...");
    names.into_iter().filter(is_single).collect()
}

/// Holds a script against the structs that write its arguments and read its reply.
fn check<P: Procedure>() -> &'static str {
    let is_its = |(_, script): &&(&str, &LazyLock<Script>)| std::ptr::eq(&***script, P::script());
    let (file, _) = *ALL.iter().find(is_its).unwrap();
    let source = source_of(file);

    let arguments = P::argument_names();
    let numbered: Vec<String> = arguments
        .iter()
        .map(|(position, name)| format!("{position} {name}"))
        .collect();
    compare(file, &section(&source, "ARGV"), &numbered);
    let mut expected = arguments;
    expected.retain(|(_, name)| !name.contains("..."));
    assert_eq!(unpacked(&source), expected, "{file}");
    let by_position = source.split("ARGV[").skip(1);
    let by_position =
        by_position.filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    assert_eq!(by_position.count(), expected.len(), "{file}");

    let reply = P::Reply::names("");
    compare(file, &section(&source, "Returns"), &reply);
    let names = single(reply);
    if names != ["status"] && !names.is_empty() {
        assert_eq!(table(&source, "REPLY"), Some(names), "{file}");
    }
    file
}

macro_rules! check_all {
    ($($procedure:ty),+ $(,)?) => {
        BTreeSet::from([$(check::<$procedure>()),+])
    };
}

#[test]
fn headers_scripts_and_structs_have_the_same_names_in_the_same_order() {
    let checked = check_all!(
        AgentSessionAppend<'_>,
        AgentSessionsList<'_>,
        ChangesList<'_>,
        CodeCreate<'_>,
        ReadTokenCreate,
        ReadTokenRevoke,
        CodeRedeem<'_>,
        ConversationDelete,
        ConversationFork<'_>,
        ConversationPatch<'_>,
        ConversationRead<'_>,
        ConversationRenew,
        ConversationRestore,
        ConversationSave<'_>,
        ConversationsExport<'_>,
        ConversationsFilter<'_>,
        ConversationsImport<'_>,
        ConversationsList<'_>,
        MessageDelete<'_>,
        MessagePatch<'_>,
        MessageSave<'_>,
        MessagesAppend<'_>,
        RecoveryCreate<'_>,
        RecoveryRedeem<'_>,
        RecoveryRenew,
        RecoveryRevoke,
        SessionBegin,
        SessionRead,
        SessionSetCurrent<'_>,
        SessionSignOut,
        ShareFork<'_>,
        ShareRead<'_>,
        SharesCreate<'_>,
        SharesList,
        SharesRevoke<'_>,
        SignaturesMatch<'_>,
        SignaturesWrite<'_>,
        StatisticsRead,
        StreamOpen,
        TextsRead<'_>,
        TrashClaim,
        TrashEmpty<'_>,
        TrashList<'_>,
        UserCheck,
        UserClaim,
        UserErase<'_>,
        UserIdentify,
        UserPurge<'_>,
        UserSetTtl,
    );
    let all: BTreeSet<&str> = ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(checked, all);
    let metrics_add = source_of("metrics_add.lua");
    let names: Vec<String> = (1..)
        .zip(MetricsAdd::names(""))
        .map(|(position, name)| format!("{position} {name}"))
        .collect();
    compare("metrics_add.lua", &section(&metrics_add, "ARGV"), &names);
    assert_eq!(
        table(&source_of("conversations_export.lua"), "EACH"),
        Some(single(ExportedConversation::names("")))
    );
    assert_eq!(
        table(&source_of("texts_read.lua"), "EACH"),
        Some(single(ReadConversation::names("")))
    );
    assert_eq!(table(SHARE, "SHARE_REPLY"), Some(OwnShare::names("")));
}

#[test]
fn every_script_says_what_it_refuses_with() {
    for (name, _) in ALL {
        let source = source_of(name);
        let told = section(&source, "Refuses");
        let words = told
            .iter()
            .map(|entry| entry.split([',', ':']).next().unwrap());
        for word in words.clone().filter(|word| *word != refusal::NEED) {
            let is_code = ErrorCode::ALL.iter().any(|code| code.as_str() == word);
            assert!(is_code, "{name}: {word}");
        }
        for call in source.split("refuse('").skip(1) {
            let word = call.split('\'').next().unwrap();
            assert!(words.clone().any(|told| told == word), "{name}: {word}");
        }
    }
}

#[test]
fn every_script_is_in_the_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lua");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let mut known: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    known.insert("metrics_add.lua".to_owned());
    assert_eq!(files, known);
}

/// On Upstash a script without this flag holds the whole database while it runs.
#[test]
fn every_script_locks_only_the_keys_it_names() {
    for (name, script) in ALL {
        let first = script.source().lines().next().unwrap();
        assert!(
            first.starts_with("#!lua flags=allow-key-locking"),
            "{name}: {first}"
        );
    }
    assert!(
        METRICS_ADD
            .source()
            .starts_with("#!lua flags=allow-key-locking")
    );
}

#[test]
fn every_script_says_what_it_takes_returns_costs_and_touches() {
    for (name, _) in ALL {
        let own = source_of(name);
        for part in ["-- KEYS ", "-- Returns ", "-- Billed ", "-- Touches "] {
            assert!(own.contains(part), "{name}: {part}");
        }
    }
}

#[test]
fn a_script_that_reads_says_so() {
    const WRITES: [&str; 12] = [
        "HSET",
        "HDEL",
        "HINCRBY",
        "ZADD",
        "ZREM",
        "SET",
        "DEL",
        "UNLINK",
        "RENAME",
        "INCR",
        "PEXPIREAT",
        "PUBLISH",
    ];
    for (name, script) in ALL {
        let writes = WRITES
            .iter()
            .any(|command| script.source().contains(&format!("('{command}'")));
        assert_ne!(script.is_read_only(), writes, "{name}");
    }
}
