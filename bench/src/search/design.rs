//! What every design of a search does.

use std::collections::BTreeSet;

use super::account::Account;
use crate::Result;

/// How many conversations a page has at most, as in the service.
pub const LIMIT: usize = 5;

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
