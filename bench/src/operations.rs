//! What is measured: for each thing a page wants, what it asks of either side.

use http::Method;

use crate::Result;
use crate::client::{Call, User};
use crate::data::{self, Conversation};
use crate::options::Scale;
use crate::proof::{Proof, What};
use crate::side::Side;
use crate::world::{self, Users, World};

/// Requests that a browser has under way at once, over HTTP/1.1.
const BROWSER_LANES: usize = 6;
/// Conversations on a page of the list.
const LIST: usize = 20;
/// Messages on a page of a long conversation.
const PAGE: usize = 50;

/// How much an operation moves, which decides how often it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Light,
    Heavy,
    Import,
}

impl Weight {
    /// How often such an operation is measured.
    pub fn rounds(self, scale: &Scale) -> usize {
        match self {
            Self::Light => scale.light_rounds,
            Self::Heavy => scale.heavy_rounds,
            Self::Import => scale.import_rounds,
        }
    }
}

/// Something that a page wants.
#[derive(Debug)]
pub struct Operation {
    /// As the tables call it.
    pub name: &'static str,
    /// What the functions are asked.
    pub functions: &'static str,
    /// What the plan's server is asked.
    pub plan: &'static str,
    pub weight: Weight,
    /// Whether it is also measured with many clients at once.
    pub under_load: bool,
    /// Whether the functions send the answer while they make it.
    pub is_streamed: bool,
    work: fn(&Setting<'_>) -> Result<Work>,
    proof: fn(&Setting<'_>) -> Result<Proof>,
}

/// Who does it, and for which time.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    pub side: Side,
    pub world: &'a World,
    pub users: &'a Users,
    /// No two works of a run have the same one.
    pub number: usize,
    /// Which of the clients that work at the same time.
    pub client: usize,
}

/// The calls that an operation takes.
#[derive(Debug)]
pub struct Work {
    pub user: User,
    pub calls: Vec<Call>,
    /// How many of them are under way at once.
    pub lanes: usize,
    /// What undoes it, unmeasured.
    pub cleanup: Vec<Call>,
}

impl Operation {
    /// The calls of one round.
    pub fn work(&self, setting: &Setting<'_>) -> Result<Work> {
        (self.work)(setting)
    }

    /// What these calls have to bring about.
    pub fn proof(&self, setting: &Setting<'_>) -> Result<Proof> {
        (self.proof)(setting)
    }
}

/// All that is measured, in the order of the tables.
pub const OPERATIONS: [Operation; 10] = [
    Operation {
        name: "App start: the list",
        functions: "the 20 newest conversations, without messages",
        plan: "the same: `ZRANGE`, then 20 `HGETALL` in a pipeline",
        weight: Weight::Light,
        under_load: true,
        is_streamed: false,
        work: |on| {
            let plan = format!("/api/conversations?view=list&limit={LIST}");
            Ok(on.read(&on.users.reader, on.choose("/api/conversations", &plan)))
        },
        proof: |on| {
            Ok(Proof::of_answer(
                What::Ids,
                newest_ids(&on.world.reader, LIST),
            ))
        },
    },
    Operation {
        name: "Load everything",
        functions: "an export of the whole account",
        plan: "`getAllConversations`, the plan's app start",
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
            Ok(Proof::of_answer(
                What::Contents,
                newest_contents(&on.world.reader),
            ))
        },
    },
    Operation {
        name: "Open, 100 messages",
        functions: "the conversation with all of its 100 messages",
        plan: "the same: `getConversation`",
        weight: Weight::Light,
        under_load: true,
        is_streamed: false,
        work: |on| {
            let id = &on.world.reader[0].id;
            let functions = format!("/api/conversations/{id}?limit=100");
            Ok(on.read(&on.users.reader, on.choose(&functions, &one(id))))
        },
        proof: |on| {
            Ok(Proof::of_answer(
                What::Contents,
                contents(&on.world.reader[0].messages),
            ))
        },
    },
    Operation {
        name: "Open, 10,000 messages",
        functions: "the conversation with its newest 50 messages",
        plan: "the same, from the end of the sorted set",
        weight: Weight::Light,
        under_load: false,
        is_streamed: false,
        work: |on| {
            let path = one(&on.world.long.id);
            let plan = format!("{path}?limit={PAGE}");
            Ok(on.read(&on.users.long, on.choose(&path, &plan)))
        },
        proof: |on| {
            let messages = &on.world.long.messages;
            let page = &messages[messages.len() - PAGE..];
            Ok(Proof::of_answer(What::Contents, contents(page)))
        },
    },
    Operation {
        name: "Read all of 10,000",
        functions: "an export of that conversation",
        plan: "`getConversation`, as the plan opens it",
        weight: Weight::Heavy,
        under_load: false,
        is_streamed: true,
        work: |on| {
            let id = &on.world.long.id;
            let functions = format!("/api/export?conversation={id}");
            Ok(on.read(&on.users.long, on.choose(&functions, &one(id))))
        },
        proof: |on| {
            Ok(Proof::of_answer(
                What::Contents,
                contents(&on.world.long.messages),
            ))
        },
    },
    Operation {
        name: "Append a turn",
        functions: "two messages; may be sent twice",
        plan: "the same: `addMessage` for two, in one transaction",
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
        plan: "the same: `saveConversation`",
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
        plan: "`getAllConversations`, as the plan does every 30 seconds",
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
            Ok(Proof::of_answer(
                What::Ids,
                on.choose_all(&[], &on.world.reader),
            ))
        },
    },
    Operation {
        name: "Sync, at its best",
        functions: "changes since a cursor: none",
        plan: "ids and times of all 50, to be compared by the page",
        weight: Weight::Light,
        under_load: false,
        is_streamed: false,
        work: |on| {
            let plan = "/api/conversations?view=versions";
            Ok(on.read(&on.users.reader, on.choose(&on.sync(), plan)))
        },
        proof: |on| {
            let mut ids = on.choose_all(&[], &on.world.reader);
            ids.reverse();
            Ok(Proof::of_answer(What::Ids, ids))
        },
    },
    Operation {
        name: "Import of 50",
        functions: "50 conversations of 100 messages in one request",
        plan: "`saveConversation` for each, 6 at a time",
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
        Side::Plan => {
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
    fn choose<'a>(&self, functions: &'a str, plan: &'a str) -> &'a str {
        match self.side {
            Side::Functions => functions,
            Side::Plan => plan,
        }
    }

    /// The ids of these conversations, newest first.
    fn choose_all(&self, functions: &[Conversation], plan: &[Conversation]) -> Vec<String> {
        match self.side {
            Side::Functions => newest_ids(functions, functions.len()),
            Side::Plan => newest_ids(plan, plan.len()),
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

    /// A question and its answer, new in each round.
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

    /// Conversations that nobody has seen before.
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
