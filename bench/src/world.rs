//! The initial data of both sides: the same conversations, written through each side's own routes.

use http::Method;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::Result;
use crate::client::{Call, Client, User};
use crate::data::{self, Conversation};
use crate::options::Scale;
use crate::side::Side;

/// The most messages of one initial request, so that it stays below Vercel's limit on bodies.
const IMPORT_MESSAGES: usize = 5_000;

/// The initial conversations.
#[derive(Debug)]
pub struct World {
    /// Conversations that are only read.
    pub reader: Vec<Conversation>,
    /// Conversations that are written to.
    pub writer: Vec<Conversation>,
    /// One conversation with many messages.
    pub long: Conversation,
}

/// The users of one side.
#[derive(Debug)]
pub struct Users {
    pub reader: User,
    pub writer: User,
    pub long: User,
    /// A user without data before each import.
    pub importer: User,
    /// The sync cursor of the reader; empty for the baseline, which has none.
    pub cursor: String,
}

impl World {
    /// Generates the conversations.
    pub fn new(scale: &Scale) -> Result<Self> {
        let owned = |owner| data::conversations(owner, scale.conversations, scale.messages);
        let mut long = data::conversations("long", 1, scale.long);
        Ok(Self {
            reader: owned("reader"),
            writer: owned("writer"),
            long: long.pop().ok_or("no long conversation")?,
        })
    }

    /// Writes them to a side, and returns the users who own them there.
    pub async fn populate(&self, client: &Client) -> Result<Users> {
        let mut users = Users {
            reader: user(client, "reader").await?,
            writer: user(client, "writer").await?,
            long: user(client, "long").await?,
            importer: user(client, "importer").await?,
            cursor: String::new(),
        };
        for (user, conversations) in [(&users.reader, &self.reader), (&users.writer, &self.writer)]
        {
            for conversation in conversations {
                client.send(Some(user), &save(conversation)?).await?;
            }
        }
        self.populate_long(client, &users.long).await?;
        if client.side == Side::Functions {
            users.cursor = synced(client, &users.reader).await?;
        }
        Ok(users)
    }

    /// In several requests, because the conversation exceeds the limit of one.
    async fn populate_long(&self, client: &Client, user: &User) -> Result<()> {
        let mut beginning = self.long.clone();
        let rest = beginning
            .messages
            .split_off(IMPORT_MESSAGES.min(beginning.messages.len()));
        client.send(Some(user), &save(&beginning)?).await?;
        for messages in rest.chunks(100) {
            let call = append(&self.long.id, messages)?;
            client.send(Some(user), &call).await?;
        }
        Ok(())
    }
}

/// Saves a conversation whole: the same request on both sides.
pub fn save(conversation: &Conversation) -> Result<Call> {
    let path = format!("/api/conversations/{}", conversation.id);
    Ok(Call::new(
        Method::PUT,
        path,
        serde_json::to_vec(conversation)?,
    ))
}

/// Appends messages: the same request on both sides.
pub fn append(conversation: &str, messages: &[data::Message]) -> Result<Call> {
    let path = format!("/api/conversations/{conversation}/messages");
    let body = json!({ "messages": messages });
    Ok(Call::new(Method::POST, path, body.to_string()))
}

async fn user(client: &Client, name: &str) -> Result<User> {
    let header = match client.side {
        Side::Baseline => (
            HeaderName::from_static("x-user-id"),
            HeaderValue::from_str(name)?,
        ),
        Side::Functions => {
            let call = Call::new(Method::POST, "/api/session", "{}");
            let session: Value = serde_json::from_slice(&client.send(None, &call).await?.body)?;
            let token = session["token"]
                .as_str()
                .ok_or("a session without a token")?;
            let value = HeaderValue::from_str(&format!("Bearer {token}"))?;
            (AUTHORIZATION, value)
        }
    };
    Ok(User { header })
}

/// Syncs to the end and returns the cursor.
async fn synced(client: &Client, user: &User) -> Result<String> {
    let mut path = "/api/sync".to_owned();
    loop {
        let response = client.send(Some(user), &Call::get(&path)).await?;
        let page: Value = serde_json::from_slice(&response.body)?;
        let cursor = page["nextCursor"]
            .as_str()
            .ok_or("a sync without a cursor")?;
        if page["hasMore"] != true {
            return Ok(cursor.to_owned());
        }
        path = format!("/api/sync?cursor={cursor}");
    }
}
