//! Agent sessions: appending their entries, and listing them. In all other respects they are conversations.

use super::call::Call;
use super::scripts::agent_sessions::{AgentSessionAppend, AgentSessionsList};
use super::scripts::conversations::ListedConversation;
use super::written::Written;
use super::{ConversationList, Cursor, Outcome, StoreError, UserStore};
use crate::model::{ConversationId, EntriesToAppend, Preconditions, SessionFilter};

/// The result of an append of entries.
#[derive(Debug)]
pub struct AppendedEntries {
    /// The session after it.
    pub written: Written,
    /// How many were appended.
    pub appended: usize,
    /// The places in the request, from 0, of those that were there already.
    pub ignored: Vec<usize>,
}

impl UserStore<'_> {
    /// Appends entries in the order sent, and creates the session if it does not exist yet. Existing entries are left
    /// unchanged.
    ///
    /// # Errors
    /// `ConversationDeleted`; `ConversationExists` where this is no session; `RevisionMismatch`; a quota; or the database failed.
    pub async fn append_entries(
        &self,
        id: &ConversationId,
        sent: &EntriesToAppend,
        preconditions: &Preconditions,
    ) -> Result<AppendedEntries, StoreError> {
        let call = AgentSessionAppend {
            record: sent.record.as_str(),
            title: sent.title.as_deref().unwrap_or_default(),
            entries: &sent.entries,
        };
        let reply = self
            .write(Call::about(id, call).under(preconditions))
            .await?;
        let written = reply.written.into_written(id, &self.tags())?;
        // The script says nothing where it has appended all of them.
        let flags = reply.appended.bytes();
        let is_appended: Vec<bool> = match reply.appended.is_empty() {
            true => vec![true; sent.entries.len()],
            false => flags.map(|flag| flag == b'1').collect(),
        };
        if written.outcome == Outcome::Created {
            self.count_conversation("created");
        }
        let fresh = sent.entries.iter().zip(&is_appended);
        let fresh = fresh.filter_map(|(entry, is_appended)| is_appended.then_some(entry));
        self.count_messages(fresh, written.summary.counters.messages);
        Ok(AppendedEntries {
            appended: is_appended.iter().filter(|appended| **appended).count(),
            ignored: sent.ignored(&is_appended),
            written,
        })
    }

    /// A page of the sessions that fit the filter, last changed first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn agent_sessions(
        &self,
        filter: &SessionFilter,
        limit: usize,
        after: Option<&Cursor>,
    ) -> Result<ConversationList, StoreError> {
        let call = AgentSessionsList {
            limit,
            prefix: filter.prefix(),
            is_flat: filter.leaves_out_subpaths(),
            after,
        };
        let reply = self.read(call).await?;
        self.purge_where(reply.is_purge_due);
        let conversations = ListedConversation::into_summaries(reply.conversations, &self.tags())?;
        Ok(ConversationList {
            conversations,
            next: reply.next,
            change_sequence: reply.change_sequence,
            count: None,
        })
    }
}
