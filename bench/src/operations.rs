//! The operations that are measured: the requests that each takes on either side.

use http::Method;

use crate::Result;
use crate::client::{Call, User};
use crate::data::{self, Conversation};
use crate::options::Scale;
use crate::proof::{Proof, What};
use crate::side::Side;
use crate::world::{self, Users, World};

/// The concurrent requests of a browser over HTTP/1.1.
const BROWSER_LANES: usize = 6;
/// Conversations on a page of the list.
const LIST: usize = 20;
/// Messages on a page of a long conversation.
const PAGE: usize = 50;

/// The amount of data of an operation, which decides how often it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Light,
    Heavy,
    Import,
}

impl Weight {
    /// How often an operation of this weight is measured.
    pub fn rounds(self, scale: &Scale) -> usize {
        match self {
            Self::Light => scale.light_rounds,
            Self::Heavy => scale.heavy_rounds,
            Self::Import => scale.import_rounds,
        }
    }
}

/// An operation of a page.
#[derive(Debug)]
pub struct Operation {
    /// The name in the tables.
    pub name: &'static str,
    /// What the functions do, for the report.
    pub functions: &'static str,
    /// What the baseline does, for the report.
    pub baseline: &'static str,
    pub weight: Weight,
    /// Whether it is also measured with many clients at once.
    pub under_load: bool,
    /// Whether the functions stream the response.
    pub is_streamed: bool,
    work: fn(&Setting<'_>) -> Result<Work>,
    proof: fn(&Setting<'_>) -> Result<Proof>,
}

/// Side, users and number of one round.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    pub side: Side,
    pub world: &'a World,
    pub users: &'a Users,
    /// Unique among the rounds of a run.
    pub number: usize,
    /// The index among the concurrent clients.
    pub client: usize,
}

/// The calls that an operation takes.
#[derive(Debug)]
pub struct Work {
    pub user: User,
    pub calls: Vec<Call>,
    /// How many of them are open at once.
    pub lanes: usize,
    /// The calls that undo it, which are not measured.
    pub cleanup: Vec<Call>,
}

impl Operation {
    /// The calls of one round.
    pub fn work(&self, setting: &Setting<'_>) -> Result<Work> {
        (self.work)(setting)
    }

    /// The expected effect of these calls.
    pub fn proof(&self, setting: &Setting<'_>) -> Result<Proof> {
        (self.proof)(setting)
    }
}

/// All operations, in the order of the tables.
pub const OPERATIONS: [Operation; 10] = [
    Operation {
        name: "App start: the list",
        functions: "the 20 newest conversations, without messages",
        baseline: "the same: `ZRANGE`, then 20 `HGETALL` in a pipeline",
        weight: Weight::Light,
        under_load: true,
        is_streamed: false,
        work: |on| {
            let baseline = format!("/api/conversations?view=list&limit={LIST}");
            Ok(on.read(&on.users.reader, on.choose("/api/conversations", &baseline)))
        },
        proof: |on| {
            Ok(Proof::of_response(
                What::Ids,
                newest_ids(&on.world.reader, LIST),
            ))
        },
    },
    Operation {
        name: "Load everything",
        functions: "an export of the whole account",
        baseline: "`getAllConversations`, as at its app start",
        weight: Weight::Heavy,
        under_load: false,
        is_streamed: true,
        work: |on| {
            Ok(on.read(
                &on.users.reader,
                on.choose("/api/export", "/api/conversations"),
            ))
        },
        proof: |on| {
            Ok(Proof::of_response(
                What::Contents,
                newest_contents(&on.world.reader),
            ))
        },
    },
    Operation {
        name: "Open, 100 messages",
        functions: "the conversation with all of its 100 messages",
        baseline: "the same: `getConversation`",
        weight: Weight::Light,
        under_load: true,
        is_streamed: false,
        work: |on| {
            let id = &on.world.reader[0].id;
            let functions = format!("/api/conversations/{id}?limit=100");
            Ok(on.read(&on.users.reader, on.choose(&functions, &one(id))))
        },
        proof: |on| {
            Ok(Proof::of_response(
                What::Contents,
                contents(&on.world.reader[0].messages),
            ))
        },
    },
    Operation {
        name: "Open, 10,000 messages",
        functions: "the conversation with its newest 50 messages",
        baseline: "the same, from the end of the sorted set",
        weight: Weight::Light,
        under_load: false,
        is_streamed: false,
        work: |on| {
            let path = one(&on.world.long.id);
            let baseline = format!("{path}?limit={PAGE}");
            Ok(on.read(&on.users.long, on.choose(&path, &baseline)))
        },
        proof: |on| {
            let messages = &on.world.long.messages;
            let page = &messages[messages.len() - PAGE..];
            Ok(Proof::of_response(What::Contents, contents(page)))
        },
    },
    Operation {
        name: "Read all of 10,000",
        functions: "an export of that conversation",
        baseline: "`getConversation`, as it opens one",
        weight: Weight::Heavy,
        under_load: false,
        is_streamed: true,
        work: |on| {
            let id = &on.world.long.id;
            let functions = format!("/api/export?conversation={id}");
            Ok(on.read(&on.users.long, on.choose(&functions, &one(id))))
        },
        proof: |on| {
            Ok(Proof::of_response(
                What::Contents,
                contents(&on.world.long.messages),
            ))
        },
    },
    Operation {
        name: "Append a turn",
        functions: "two messages; may be sent twice",
        baseline: "the same: `addMessage` for two, in one transaction",
        weight: Weight::Light,
        under_load: true,
        is_streamed: false,
        work: |on| {
            let (id, turn) = on.turn();
            Ok(on.write(vec![world::append(id, &turn)?]))
        },
        proof: |on| {
            let (id, turn) = on.turn();
            let read = Call::get(format!("{}?limit=2", one(id)));
            Ok(Proof::by(read, What::Contents, contents(&turn)))
        },
    },
    Operation {
        name: "Save, 100 messages",
        functions: "the whole conversation, its last message changed",
        baseline: "the same: `saveConversation`",
        weight: Weight::Light,
        under_load: false,
        is_streamed: false,
        work: |on| Ok(on.write(vec![world::save(&on.edited())?])),
        proof: |on| {
            let edited = on.edited();
            let read = Call::get(format!("{}?limit=100", one(&edited.id)));
            Ok(Proof::by(read, What::Contents, contents(&edited.messages)))
        },
    },
    Operation {
        name: "Sync, nothing changed",
        functions: "changes since a cursor: none",
        baseline: "`getAllConversations`, as it does every 30 seconds",
        weight: Weight::Heavy,
        under_load: false,
        is_streamed: false,
        work: |on| {
            Ok(on.read(
                &on.users.reader,
                on.choose(&on.sync(), "/api/conversations"),
            ))
        },
        proof: |on| {
            Ok(Proof::of_response(
                What::Ids,
                on.choose_all(&[], &on.world.reader),
            ))
        },
    },
    Operation {
        name: "Sync, at its best",
        functions: "changes since a cursor: none",
        baseline: "ids and times of all 50, to be compared by the page",
        weight: Weight::Light,
        under_load: false,
        is_streamed: false,
        work: |on| {
            let baseline = "/api/conversations?view=versions";
            Ok(on.read(&on.users.reader, on.choose(&on.sync(), baseline)))
        },
        proof: |on| {
            let mut ids = on.choose_all(&[], &on.world.reader);
            ids.reverse();
            Ok(Proof::of_response(What::Ids, ids))
        },
    },
    Operation {
        name: "Import of 50",
        functions: "50 conversations of 100 messages in one request",
        baseline: "`saveConversation` for each, 6 at a time",
        weight: Weight::Import,
        under_load: false,
        is_streamed: false,
        work: import,
        proof: |on| {
            let read = on.choose(
                "/api/conversations?limit=50",
                "/api/conversations?view=list&limit=50",
            );
            let expected = newest_ids(&on.imported(), 50);
            Ok(Proof::by(Call::get(read), What::Ids, expected))
        },
    },
];

fn import(on: &Setting<'_>) -> Result<Work> {
    let conversations = on.imported();
    let (calls, cleanup) = match on.side {
        Side::Functions => {
            let body = serde_json::to_vec(&conversations)?;
            let import = Call::new(Method::POST, "/api/import", body);
            (vec![import], vec![Call::delete("/api/user")])
        }
        Side::Baseline => {
            let saves = conversations.iter().map(world::save);
            let deletes = conversations.iter().map(|it| Call::delete(one(&it.id)));
            (saves.collect::<Result<_>>()?, deletes.collect())
        }
    };
    Ok(Work {
        user: on.users.importer.clone(),
        calls,
        lanes: BROWSER_LANES,
        cleanup,
    })
}

impl Setting<'_> {
    fn choose<'a>(&self, functions: &'a str, baseline: &'a str) -> &'a str {
        match self.side {
            Side::Functions => functions,
            Side::Baseline => baseline,
        }
    }

    /// The ids of these conversations, newest first.
    fn choose_all(&self, functions: &[Conversation], baseline: &[Conversation]) -> Vec<String> {
        match self.side {
            Side::Functions => newest_ids(functions, functions.len()),
            Side::Baseline => newest_ids(baseline, baseline.len()),
        }
    }

    fn read(&self, user: &User, path: &str) -> Work {
        self.calls(user, vec![Call::get(path)])
    }

    fn write(&self, calls: Vec<Call>) -> Work {
        self.calls(&self.users.writer, calls)
    }

    fn calls(&self, user: &User, calls: Vec<Call>) -> Work {
        Work {
            user: user.clone(),
            calls,
            lanes: 1,
            cleanup: Vec::new(),
        }
    }

    fn sync(&self) -> String {
        format!("/api/sync?cursor={}", self.users.cursor)
    }

    /// A question and its reply, new in each round.
    fn turn(&self) -> (&str, [data::Message; 2]) {
        let conversations = &self.world.writer;
        let id = &conversations[self.client % conversations.len()].id;
        let index = 1_000_000 + 2 * self.number;
        let message = |index| data::message(id, index, data::LATEST + index as i64);
        (id, [message(index), message(index + 1)])
    }

    /// A conversation whose last message differs in each round.
    fn edited(&self) -> Conversation {
        let mut conversation = self.world.writer[1].clone();
        if let Some(last) = conversation.messages.last_mut() {
            last.content = format!("{} Take {}.", last.content, self.number);
        }
        conversation
    }

    /// Conversations that are new to both sides.
    fn imported(&self) -> Vec<Conversation> {
        let like = &self.world.reader;
        let owner = format!("import{}", self.number);
        data::conversations(&owner, like.len(), like[0].messages.len())
    }
}

fn one(id: &str) -> String {
    format!("/api/conversations/{id}")
}

fn newest_ids(conversations: &[Conversation], limit: usize) -> Vec<String> {
    let newest = conversations.iter().rev().take(limit);
    newest.map(|conversation| conversation.id.clone()).collect()
}

fn newest_contents(conversations: &[Conversation]) -> Vec<String> {
    let newest = conversations.iter().rev();
    newest
        .flat_map(|conversation| contents(&conversation.messages))
        .collect()
}

fn contents(messages: &[data::Message]) -> Vec<String> {
    let contents = messages.iter().map(|message| message.content.clone());
    contents.collect()
}
