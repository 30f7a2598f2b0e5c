//! Posting lists: for each word the conversations that have it, in the fields of one hash, many words to a field or one.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use conversation_store::upstash::{Command, Reply, Script};

use super::account::{Account, id};
use super::design::{Design, LIMIT, Page, Rewritten};
use super::query::{is_found, terms, words};
use crate::Result;

static MATCH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("postings_match.lua")));
static ADD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("postings_add.lua")));
static REMOVE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("postings_remove.lua")));

/// The most bytes of one command that fills the index.
const PORTION: usize = 1_000_000;

/// The posting lists of an account.
pub struct Postings<'a> {
    account: Account<'a>,
    /// How many fields the words share; `None` where each has its own.
    buckets: Option<u64>,
    postings: String,
    numbers: String,
}

impl<'a> Postings<'a> {
    pub fn new(account: Account<'a>, buckets: Option<u64>) -> Self {
        Self {
            postings: account.key("postings"),
            numbers: account.key("numbers"),
            account,
            buckets,
        }
    }

    /// The field that a word is in.
    fn field(&self, word: &str) -> String {
        let Some(buckets) = self.buckets else {
            return word.to_owned();
        };
        let mut hasher = DefaultHasher::new();
        word.hash(&mut hasher);
        (hasher.finish() % buckets).to_string()
    }

    /// Field and word of each word of these texts.
    fn fields_of(&self, texts: &[String]) -> Vec<String> {
        let words = words(texts).into_iter();
        let mut pairs: Vec<(String, &str)> = words.map(|word| (self.field(word), word)).collect();
        pairs.sort_unstable();
        let both = |(field, word): (String, &str)| [field, word.to_owned()];
        pairs.into_iter().flat_map(both).collect()
    }

    /// The whole index: each field's words, with the conversations of each.
    fn index(&self) -> BTreeMap<String, BTreeMap<&str, String>> {
        let mut fields: BTreeMap<String, BTreeMap<&str, String>> = BTreeMap::new();
        for (conversation, texts) in self.account.texts().iter().enumerate() {
            for word in words(texts) {
                let field = fields.entry(self.field(word)).or_default();
                field
                    .entry(word)
                    .or_default()
                    .push_str(&number(conversation));
            }
        }
        fields
    }

    async fn write(&self, key: &str, fields: Vec<(String, String)>) -> Result<u64> {
        let (mut all, mut size) = (0, 0);
        let mut command = Command::new("HSET").arg(key);
        for (name, value) in fields {
            size += name.len() + value.len();
            command = command.arg(name).arg(value);
            if size > PORTION {
                self.account.run(&[command]).await?;
                command = Command::new("HSET").arg(key);
                (all, size) = (all + size, 0);
            }
        }
        if size > 0 {
            self.account.run(&[command]).await?;
        }
        Ok((all + size) as u64)
    }

    /// The conversations that have all words of a query, and whether there are more.
    async fn candidates(&self, query: &str, after: Option<&str>) -> Result<(Vec<String>, bool)> {
        let mut arguments = vec![LIMIT.to_string(), after.unwrap_or_default().to_owned()];
        for term in terms(query) {
            let kind = if term.is_beginning { "^" } else { "=" };
            arguments.extend([kind.to_owned(), term.word.to_owned(), self.field(term.word)]);
        }
        let list = self.account.key("conversations");
        let keys = [list.as_str(), &self.postings, &self.numbers];
        let reply = self.script(&MATCH, &keys, &arguments).await?;
        let found = reply.into_list()?.into_iter().map(Reply::into_text);
        let mut found: Vec<String> = found.collect::<std::result::Result<_, _>>()?;
        let has_more = found.remove(0) == "1";
        Ok((found, has_more))
    }

    async fn script(&self, script: &Script, keys: &[&str], arguments: &[String]) -> Result<Reply> {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.account.script(script, keys, &arguments).await
    }
}

impl<'a> Design for Postings<'a> {
    fn name(&self) -> String {
        match self.buckets {
            Some(buckets) => format!("posting lists in {buckets} buckets"),
            None => "a posting list per word".to_owned(),
        }
    }

    fn account(&self) -> &Account<'a> {
        &self.account
    }

    async fn build(&self) -> Result<u64> {
        let line = |(word, conversations): (&str, String)| format!("\n{word} {conversations}");
        let fields = self.index().into_iter();
        let fields = fields.map(|(name, words)| (name, words.into_iter().map(line).collect()));
        let postings = self.write(&self.postings, fields.collect()).await?;
        let conversations = 0..self.account.texts().len();
        let numbers = conversations.map(|conversation| (id(conversation), number(conversation)));
        Ok(postings + self.write(&self.numbers, numbers.collect()).await?)
    }

    async fn page(&self, query: &str, after: Option<&str>) -> Result<Page> {
        let (mut ids, has_more) = self.candidates(query, after).await?;
        let next = ids.last().filter(|_| has_more).cloned();
        let mut found = Vec::new();
        for texts in &self.account.stored_texts(&ids).await? {
            found.push(is_found(query, texts)?);
        }
        let mut found = found.into_iter();
        ids.retain(|_| found.next().unwrap_or(false));
        Ok(Page { ids, next })
    }

    async fn append(&self, conversation: usize, texts: &[String]) -> Result<Rewritten> {
        self.account.append(conversation, texts).await?;
        let mut arguments = vec![number(conversation)];
        arguments.extend(self.fields_of(texts));
        let reply = self.script(&ADD, &[&self.postings], &arguments).await?;
        let counts = reply.into_list()?;
        Ok(Rewritten {
            bytes: bytes(counts.last()),
            commands_apart: 1,
            requests_apart: 1,
        })
    }

    async fn delete(&self, conversation: usize) -> Result<Rewritten> {
        // A script cannot read them: they are compressed.
        let texts = self.account.stored_texts(&[id(conversation)]).await?;
        let texts = texts.into_iter().next().unwrap_or_default();
        self.account.delete(conversation).await?;
        let mut arguments = vec![id(conversation), number(conversation)];
        arguments.extend(self.fields_of(&texts));
        let keys = [self.postings.as_str(), &self.numbers];
        let reply = self.script(&REMOVE, &keys, &arguments).await?;
        Ok(Rewritten {
            bytes: bytes(Some(&reply)),
            // The script, and the titles read with the texts.
            commands_apart: 2,
            requests_apart: 1,
        })
    }
}

/// How many bytes a script has written.
fn bytes(reply: Option<&Reply>) -> u64 {
    match reply {
        Some(Reply::Int(bytes)) => bytes.unsigned_abs(),
        _ => 0,
    }
}

/// The two characters that stand for a conversation: enough for 8,281 of them.
fn number(conversation: usize) -> String {
    let character = |digit: usize| char::from(b'$' + (digit % 91) as u8);
    [character(conversation / 91), character(conversation)]
        .iter()
        .collect()
}
