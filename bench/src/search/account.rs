//! The account that is searched: filled, appended to and deleted from through the service, whatever the design.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use conversation_store::model::StoredMessage;
use conversation_store::upstash::{Command, Reply, Script, Upstash, Usage};
use fastrand::Rng;
use http::Method;
use http::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use test_support::texts::text;

use super::query::is_found;
use crate::Result;
use crate::client::{Call, Client, Response, User};

/// Words of a message.
const WORDS: usize = 36;
/// Conversations of one import.
const AT_ONCE: usize = 25;

/// A user with the texts written, and access to the service and the database.
pub struct Account<'a> {
    client: &'a Client,
    upstash: &'a Upstash,
    user: User,
    keys: String,
    texts: Vec<Vec<String>>,
    appends: AtomicUsize,
}

impl<'a> Account<'a> {
    /// A new user with `conversations` of `messages` each, the same ones each time.
    pub async fn new(
        (client, upstash): (&'a Client, &'a Upstash),
        conversations: usize,
        messages: usize,
    ) -> Result<Self> {
        let session = Call::new(Method::POST, "/api/session", "{}");
        let session: Value = serde_json::from_slice(&client.send(None, &session).await?.body)?;
        let member = |name: &str| session[name].as_str().ok_or("a session without a user");
        let token = HeaderValue::from_str(&format!("Bearer {}", member("token")?))?;
        let mut rng = Rng::with_seed(1);
        let mut conversation = || (0..messages).map(|_| text(&mut rng, WORDS)).collect();
        let account = Self {
            client,
            upstash,
            user: User {
                header: (AUTHORIZATION, token),
            },
            keys: format!("user:{}:", member("userId")?),
            texts: (0..conversations).map(|_| conversation()).collect(),
            appends: AtomicUsize::new(0),
        };
        account.fill().await?;
        Ok(account)
    }

    async fn fill(&self) -> Result<()> {
        for (portion, texts) in self.texts.chunks(AT_ONCE).enumerate() {
            let first = portion * AT_ONCE;
            let conversations = texts.iter().enumerate().map(|(index, texts)| {
                // A title that no query finds; otherwise it would be made of the first message.
                json!({ "id": id(first + index), "title": "-", "messages": messages(texts, "m") })
            });
            let body = Value::from_iter(conversations).to_string();
            self.send(Call::new(Method::POST, "/api/import", body))
                .await?;
        }
        Ok(())
    }

    /// A call by the user.
    pub async fn send(&self, call: Call) -> Result<Response> {
        self.client.send(Some(&self.user), &call).await
    }

    /// Appends messages, which are not in [`Self::texts`]; returns the prefix of their ids.
    pub async fn append(&self, conversation: usize, texts: &[String]) -> Result<String> {
        let path = format!("/api/conversations/{}/messages", id(conversation));
        let prefix = format!("new{}-", self.appends.fetch_add(1, Relaxed));
        let body = json!({ "messages": messages(texts, &prefix) });
        self.send(Call::new(Method::POST, path, body.to_string()))
            .await?;
        Ok(prefix)
    }

    /// Deletes a conversation.
    pub async fn delete(&self, conversation: usize) -> Result<()> {
        let path = format!("/api/conversations/{}", id(conversation));
        self.send(Call::delete(path)).await.map(drop)
    }

    /// The texts of each conversation.
    pub fn texts(&self) -> &[Vec<String>] {
        &self.texts
    }

    /// The conversations that match a query.
    pub fn having(&self, query: &str) -> Result<BTreeSet<String>> {
        let mut ids = BTreeSet::new();
        for (number, texts) in self.texts.iter().enumerate() {
            if is_found(query, texts)? {
                ids.insert(id(number));
            }
        }
        Ok(ids)
    }

    /// The name of a key of the user.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.keys)
    }

    /// Runs commands at the database, in one request.
    pub async fn run(&self, commands: &[Command<'_>]) -> Result<Vec<Reply>> {
        let replies = self.upstash.pipeline(&Usage::default(), commands).await?;
        Ok(replies.into_iter().collect::<std::result::Result<_, _>>()?)
    }

    /// Runs a script at the database.
    pub async fn script(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: &[&str],
    ) -> Result<Reply> {
        let usage = Usage::default();
        Ok(self.upstash.script(&usage, script, keys, arguments).await?)
    }

    /// Reads the metadata of conversations, such as their titles.
    pub fn records<'c>(&self, ids: &'c [String]) -> Command<'c> {
        let command = Command::new("HMGET").arg(self.key("conversations:meta"));
        ids.iter().fold(command, |command, id| command.arg(id))
    }

    /// The stored texts of conversations, read with the titles in one request.
    pub async fn stored_texts(&self, ids: &[String]) -> Result<Vec<Vec<String>>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut commands = vec![self.records(ids)];
        for id in ids {
            let bodies = self.key(&format!("conversation:{id}:bodies"));
            commands.push(Command::new("HGETALL").arg(bodies));
        }
        let replies = self.run(&commands).await?.into_iter().skip(1);
        replies.map(texts_of).collect()
    }
}

/// The id of a conversation.
pub fn id(number: usize) -> String {
    format!("c{number}")
}

fn messages(texts: &[String], prefix: &str) -> Value {
    let messages = texts.iter().enumerate().map(
        |(index, text)| json!({ "id": format!("{prefix}{index}"), "type": "user", "content": text }),
    );
    messages.collect()
}

fn texts_of(bodies: Reply) -> Result<Vec<String>> {
    let mut fields = bodies.into_list()?.into_iter();
    let mut texts = Vec::new();
    while let (Some(id), Some(body)) = (fields.next(), fields.next()) {
        let message = StoredMessage::parse(id.into_text()?, &body.into_text()?);
        texts.extend(message.map(|message| message.search_text()));
    }
    Ok(texts)
}
