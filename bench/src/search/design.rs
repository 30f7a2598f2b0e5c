//! What every design of a search does, and what a query asks for.

use std::collections::BTreeSet;

use conversation_store::search::Query;

use super::account::Account;
use crate::Result;

/// How many conversations a page has at most, as in the service.
pub const LIMIT: usize = 5;

/// Common words, rarer ones, one that no text has, a beginning and a phrase.
pub const QUERIES: [&str; 7] = [
    "the",
    "of the",
    "word77",
    "word4001",
    "word4000",
    "word40*",
    "\"the of\"",
];

/// A page of what was found.
#[derive(Debug)]
pub struct Page {
    /// The conversations.
    pub ids: Vec<String>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// The cost of a write besides requests and commands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rewritten {
    /// Bytes of the index that were rewritten.
    pub bytes: u64,
    /// Commands of separate scripts and requests that would be saved as part of the service's script.
    pub commands_apart: u64,
    /// The same for requests.
    pub requests_apart: u64,
}

/// A way to search in an account.
pub trait Design {
    /// In the table.
    fn name(&self) -> String;

    /// The account that is searched.
    fn account(&self) -> &Account<'_>;

    /// How many pages of a query are measured at most.
    fn rounds(&self) -> usize {
        20
    }

    /// Builds the index of everything; returns its size in bytes.
    async fn build(&self) -> Result<u64>;

    /// A page of results, from the cursor of the page before.
    async fn page(&self, query: &str, after: Option<&str>) -> Result<Page>;

    /// Appends texts to a conversation and to the index.
    async fn append(&self, conversation: usize, texts: &[String]) -> Result<Rewritten>;

    /// The size of what an append to this conversation rewrites without reporting it.
    async fn field_size(&self, _conversation: usize) -> Result<u64> {
        Ok(0)
    }

    /// Deletes a conversation, from the index too.
    async fn delete(&self, conversation: usize) -> Result<Rewritten>;
}

/// A word, or the beginning of one.
#[derive(Debug, PartialEq, Eq)]
pub struct Term<'a> {
    pub word: &'a str,
    pub is_beginning: bool,
}

/// What a query is made of, for queries like those above.
pub fn terms(query: &str) -> Vec<Term<'_>> {
    let words = query.split([' ', '"']).filter(|word| !word.is_empty());
    words
        .map(|word| Term {
            word: word.trim_end_matches('*'),
            is_beginning: word.ends_with('*'),
        })
        .collect()
}

/// The different words of texts, for texts of the generator.
pub fn words<'a>(texts: impl IntoIterator<Item = &'a String>) -> BTreeSet<&'a str> {
    texts.into_iter().flat_map(|text| text.split(' ')).collect()
}

/// Whether one of these texts has what is searched for.
pub fn is_found<'a>(query: &str, texts: impl IntoIterator<Item = &'a String>) -> Result<bool> {
    let query = Query::parse(query).map_err(|error| error.message)?;
    Ok(texts.into_iter().any(|text| query.find(text).is_all()))
}

/// All that a design finds, page by page.
pub async fn find_all(design: &impl Design, query: &str) -> Result<BTreeSet<String>> {
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let page = design.page(query, after.as_deref()).await?;
        found.extend(page.ids);
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// Fails unless the design finds these conversations and no others.
pub async fn verify(design: &impl Design, query: &str, expected: &BTreeSet<String>) -> Result<()> {
    let found = find_all(design, query).await?;
    if found == *expected {
        return Ok(());
    }
    let (name, found, expected) = (design.name(), found.len(), expected.len());
    Err(format!("{name}: {query} finds {found} conversations instead of {expected}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_words_beginnings_and_phrases() {
        let plain = |word| Term {
            word,
            is_beginning: false,
        };
        assert_eq!(terms("of the"), [plain("of"), plain("the")]);
        assert_eq!(terms("\"the of\""), [plain("the"), plain("of")]);
        assert_eq!(
            terms("word40*"),
            [Term {
                word: "word40",
                is_beginning: true
            }]
        );
    }
}
