//! Designs that need only the service: its own search by signatures, and scanning an export.

use std::ops::Range;

use conversation_store::upstash::{Command, Reply};
use serde_json::{Deserializer, Value};

use super::account::{Account, id};
use super::design::{Design, Page, Rewritten};
use super::query::is_found;
use crate::Result;
use crate::client::Call;

/// A signature per conversation, as in the service.
pub struct Signatures<'a>(pub Account<'a>);

impl<'a> Design for Signatures<'a> {
    fn name(&self) -> String {
        "signatures".to_owned()
    }

    fn account(&self) -> &Account<'a> {
        &self.0
    }

    async fn build(&self) -> Result<u64> {
        let sizes = signature_sizes(&self.0, 0..self.0.texts().len()).await?;
        if sizes.contains(&0) {
            return Err("a conversation without a signature".into());
        }
        Ok(sizes.iter().sum())
    }

    async fn page(&self, query: &str, after: Option<&str>) -> Result<Page> {
        let query = query.replace(' ', "+").replace('"', "%22");
        let cursor = after.map_or_else(String::new, |after| format!("&cursor={after}"));
        let call = Call::get(format!("/api/conversations?q={query}{cursor}"));
        let page: Value = serde_json::from_slice(&self.0.send(call).await?.body)?;
        let hits = page["data"].as_array().into_iter().flatten();
        let ids = hits.filter_map(|hit| hit["conversation"]["id"].as_str());
        Ok(Page {
            ids: ids.map(str::to_owned).collect(),
            next: page["nextCursor"].as_str().map(str::to_owned),
        })
    }

    async fn append(&self, conversation: usize, texts: &[String]) -> Result<Rewritten> {
        self.0.append(conversation, texts).await?;
        Ok(Rewritten::default())
    }

    async fn field_size(&self, conversation: usize) -> Result<u64> {
        let sizes = signature_sizes(&self.0, conversation..conversation + 1).await?;
        Ok(sizes.iter().sum())
    }

    async fn delete(&self, conversation: usize) -> Result<Rewritten> {
        self.0.delete(conversation).await?;
        Ok(Rewritten::default())
    }
}

/// The sizes of conversations' signatures, with the names of the fields; 0 where there is none.
pub async fn signature_sizes(
    account: &Account<'_>,
    conversations: Range<usize>,
) -> Result<Vec<u64>> {
    let fields: Vec<String> = conversations
        .map(|number| format!("{}:signature", id(number)))
        .collect();
    let meta = account.key("conversations:meta");
    let length = |field| Command::new("HSTRLEN").arg(meta.as_str()).arg(field);
    let commands: Vec<Command<'_>> = fields.iter().map(length).collect();
    let replies = account.run(&commands).await?;
    let sizes = fields
        .iter()
        .zip(replies)
        .map(|(field, reply)| match reply {
            Reply::Int(length) if length > 0 => field.len() as u64 + length.unsigned_abs(),
            _ => 0,
        });
    Ok(sizes.collect())
}

/// No index: an export is scanned.
pub struct Scan<'a>(pub Account<'a>);

impl<'a> Design for Scan<'a> {
    fn name(&self) -> String {
        "an export, scanned".to_owned()
    }

    fn account(&self) -> &Account<'a> {
        &self.0
    }

    fn rounds(&self) -> usize {
        3
    }

    async fn build(&self) -> Result<u64> {
        Ok(0)
    }

    async fn page(&self, query: &str, _: Option<&str>) -> Result<Page> {
        let export = self.0.send(Call::get("/api/export")).await?.body;
        let mut ids = Vec::new();
        for line in Deserializer::from_slice(&export).into_iter::<Value>() {
            let line = line?;
            let messages = line["messages"].as_array().into_iter().flatten();
            let contents = messages.filter_map(|message| message["content"].as_str());
            let texts: Vec<String> = contents.map(str::to_owned).collect();
            if is_found(query, &texts)? {
                ids.extend(line["id"].as_str().map(str::to_owned));
            }
        }
        Ok(Page { ids, next: None })
    }

    async fn append(&self, conversation: usize, texts: &[String]) -> Result<Rewritten> {
        self.0.append(conversation, texts).await?;
        Ok(Rewritten::default())
    }

    async fn delete(&self, conversation: usize) -> Result<Rewritten> {
        self.0.delete(conversation).await?;
        Ok(Rewritten::default())
    }
}
