//! A module that maintains its own index: RediSearch, in place of Upstash's own search, which runs nowhere else. Like Upstash's it has a
//! key of its own for each message. The index is the account's; of Upstash's there would be one, with a condition on the user, beside which
//! this module forgets the order of a phrase.

use conversation_store::upstash::{Command, Reply};

use super::account::{Account, id};
use super::design::{Design, Page, Rewritten};
use crate::Result;
use crate::database::Database;

/// How many messages a page has at most.
const MESSAGES: usize = 25;
/// How many messages are added at once.
const AT_ONCE: usize = 250;

/// The texts of an account, each a document.
pub struct Module<'a> {
    account: Account<'a>,
    database: &'a Database,
    index: String,
}

impl<'a> Module<'a> {
    pub fn new(account: Account<'a>, database: &'a Database) -> Self {
        let index = account.key("texts");
        Self {
            account,
            database,
            index,
        }
    }

    /// What Upstash would index by a `SET`.
    fn add(&self, conversation: usize, message: &str, text: &str) -> Command<'static> {
        let conversation = id(conversation);
        Command::new("FT.ADD")
            .arg(self.index.clone())
            .arg(format!("{}:{conversation}:{message}", self.index))
            .arg("1")
            .arg("FIELDS")
            .arg("conversation")
            .arg(conversation)
            .arg("content")
            .arg(text.to_owned())
    }

    async fn create(&self) -> Result<()> {
        let words = "STOPWORDS 0 SCHEMA conversation TAG content TEXT NOSTEM";
        let command = Command::new("FT.CREATE").arg(self.index.as_str());
        let command = words.split(' ').fold(command, Command::arg);
        self.account.run(&[command]).await.map(drop)
    }

    fn adds(&self) -> impl Iterator<Item = Command<'static>> {
        let conversations = self.account.texts().iter().enumerate();
        conversations.flat_map(move |(conversation, texts)| {
            let texts = texts.iter().enumerate();
            texts.map(move |(message, text)| self.add(conversation, &format!("m{message}"), text))
        })
    }
}

impl<'a> Design for Module<'a> {
    fn name(&self) -> String {
        "RediSearch".to_owned()
    }

    fn account(&self) -> &Account<'a> {
        &self.account
    }

    async fn build(&self) -> Result<u64> {
        let before = self.database.data_bytes().await?;
        self.create().await?;
        let adds: Vec<Command<'_>> = self.adds().collect();
        for portion in adds.chunks(AT_ONCE) {
            self.account.run(portion).await?;
        }
        Ok(self.database.data_bytes().await? - before)
    }

    async fn page(&self, query: &str, after: Option<&str>) -> Result<Page> {
        let first: usize = after.unwrap_or("0").parse()?;
        let search = Command::new("FT.SEARCH")
            .arg(self.index.as_str())
            .arg(format!("@content:({query})"))
            .arg("RETURN")
            .arg("2")
            .arg("conversation")
            .arg("content")
            .arg("LIMIT")
            .arg(first.to_string())
            .arg(MESSAGES.to_string());
        let reply = self.account.run(&[search]).await?;
        let mut rows = reply.into_iter().next().unwrap_or(Reply::Nil).into_list()?;
        let total = match rows.first() {
            Some(Reply::Int(total)) => usize::try_from(*total)?,
            _ => return Err("FT.SEARCH without a count".into()),
        };
        let mut ids = Vec::new();
        for fields in rows.drain(1..).skip(1).step_by(2) {
            let conversation = fields.into_list()?.into_iter().nth(1);
            ids.push(conversation.unwrap_or(Reply::Nil).into_text()?);
        }
        ids.sort_unstable();
        ids.dedup();
        if !ids.is_empty() {
            self.account.run(&[self.account.records(&ids)]).await?;
        }
        let next = first + MESSAGES;
        Ok(Page {
            ids,
            next: (next < total).then(|| next.to_string()),
        })
    }

    async fn append(&self, conversation: usize, texts: &[String]) -> Result<Rewritten> {
        let prefix = self.account.append(conversation, texts).await?;
        let each = texts.iter().enumerate();
        let adds: Vec<Command<'_>> = each
            .map(|(index, text)| self.add(conversation, &format!("{prefix}{index}"), text))
            .collect();
        self.account.run(&adds).await?;
        Ok(Rewritten {
            // The texts, once more.
            bytes: texts.iter().map(|text| text.len() as u64).sum(),
            requests_apart: 1,
            commands_apart: 0,
        })
    }

    async fn delete(&self, conversation: usize) -> Result<Rewritten> {
        self.account.delete(conversation).await?;
        let count = self.account.texts().first().map_or(0, Vec::len);
        let name = |message| format!("{}:{}:m{message}", self.index, id(conversation));
        let delete = |message| {
            let command = Command::new("FT.DEL").arg(self.index.as_str());
            command.arg(name(message)).arg("DD")
        };
        let deletes: Vec<Command<'_>> = (0..count).map(delete).collect();
        self.account.run(&deletes).await?;
        Ok(Rewritten {
            // Upstash forgets a text with its key, and one UNLINK takes all of them.
            commands_apart: count as u64 - 1,
            requests_apart: 1,
            ..Rewritten::default()
        })
    }
}
