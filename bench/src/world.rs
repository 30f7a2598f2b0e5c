//! What both sides hold while they are measured: the same conversations, written through their own routes.

use http::Method;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::Result;
use crate::client::{Call, Client, User};
use crate::data::{self, Conversation};
use crate::options::Scale;
use crate::side::Side;

/// How many conversations a request of the functions' import may bring here, so that it stays below Vercel's limit.
const IMPORT_MESSAGES: usize = 5_000;

/// The conversations that are there from the beginning.
#[derive(Debug)]
pub struct World {
    /// Whose conversations are only read.
    pub reader: Vec<Conversation>,
    /// Whose conversations are written.
    pub writer: Vec<Conversation>,
    /// A single one, of many messages.
    pub long: Conversation,
}

/// The users of one side.
#[derive(Debug)]
pub struct Users {
    pub reader: User,
    pub writer: User,
    pub long: User,
    /// Who has nothing before each import.
    pub importer: User,
    /// Where the reader's client is in its sync; the plan has no such thing.
    pub cursor: String,
}

impl World {
    /// Makes the conversations.
    pub fn new(scale: &Scale) -> Result<Self> {
        let owned = |owner| data::conversations(owner, scale.conversations, scale.messages);
        let mut long = data::conversations("long", 1, scale.long);
        Ok(Self {
            reader: owned("reader"),
            writer: owned("writer"),
            long: long.pop().ok_or("no long conversation")?,
        })
    }

    /// Brings them to a side, and says who has them there.
    pub async fn settle(&self, client: &Client) -> Result<Users> {
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
        self.settle_long(client, &users.long).await?;
        if client.side == Side::Functions {
            users.cursor = synced(client, &users.reader).await?;
        }
        Ok(users)
    }

    /// In parts, because no request may be as long as it is.
    async fn settle_long(&self, client: &Client, user: &User) -> Result<()> {
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
        Side::Plan => (
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

/// Syncs to the end; the cursor from there on.
async fn synced(client: &Client, user: &User) -> Result<String> {
    let mut path = "/api/sync".to_owned();
    loop {
        let answer = client.send(Some(user), &Call::get(&path)).await?;
        let page: Value = serde_json::from_slice(&answer.body)?;
        let cursor = page["nextCursor"]
            .as_str()
            .ok_or("a sync without a cursor")?;
        if page["hasMore"] != true {
            return Ok(cursor.to_owned());
        }
        path = format!("/api/sync?cursor={cursor}");
    }
}
