//! Calling a script: its keys and arguments, the retry if it asks for more keys, and its refusals.

use futures_util::future::BoxFuture;

use super::contract::{Field, Procedure, Words};
use super::error::PausedCalls;
use super::limits::Window;
use super::reply_reader::{ReplyReader, WriteReply};
use super::{StoreError, UserStore};
use crate::ErrorCode;
use crate::model::{ConversationId, Preconditions, TagList, Version};
use crate::upkeep::Task;
use crate::upstash::{Script, UpstashError};

/// How often a script may ask to be called again with more keys.
const MOST_ROUNDS: usize = 4;

/// A procedure, and the context of its call.
pub(super) struct Call<'a, P> {
    procedure: P,
    target: Target<'a>,
}

/// The subject of a call.
#[derive(Clone, Copy, Default)]
struct Target<'a> {
    conversation: Option<&'a ConversationId>,
    preconditions: Option<&'a Preconditions>,
    /// The number of this part of the API call.
    part: usize,
}

impl<P: Procedure> From<P> for Call<'_, P> {
    fn from(procedure: P) -> Self {
        Self {
            procedure,
            target: Target::default(),
        }
    }
}

impl<'a, P: Procedure> Call<'a, P> {
    /// A call that concerns one conversation.
    pub(super) fn about(conversation: &'a ConversationId, procedure: P) -> Self {
        let mut call = Self::from(procedure);
        call.target.conversation = Some(conversation);
        call
    }

    /// The preconditions on the conversation.
    pub(super) fn under(mut self, preconditions: &'a Preconditions) -> Self {
        self.target.preconditions = Some(preconditions);
        self
    }

    /// One of several parts that an API call is carried out in.
    pub(super) fn part(mut self, part: usize) -> Self {
        self.target.part = part;
        self
    }
}

/// A script with its keys and arguments.
struct Prepared<'a> {
    script: &'static Script,
    target: Target<'a>,
    more_keys: Vec<String>,
    arguments: Words<'a>,
}

impl UserStore<'_> {
    /// Calls a script that writes.
    pub(super) async fn write<'a, P: Procedure>(
        &self,
        call: impl Into<Call<'a, P>>,
    ) -> Result<P::Reply, StoreError> {
        let call = call.into();
        let mut reply = self.write_prepared(self.prepare(&call)).await?;
        P::Reply::read(&mut reply)
    }

    /// Calls a script that only reads; the call is counted by a separate command, whose failure does not matter.
    pub(super) async fn read<'a, P: Procedure>(
        &self,
        call: impl Into<Call<'a, P>>,
    ) -> Result<P::Reply, StoreError> {
        let call = call.into();
        let mut reply = self.read_prepared(self.prepare(&call)).await?;
        P::Reply::read(&mut reply)
    }

    fn prepare<'c, P: Procedure>(&self, call: &'c Call<'_, P>) -> Prepared<'c> {
        Prepared {
            script: P::script(),
            target: call.target,
            more_keys: call.procedure.keys(&self.keys),
            arguments: call.procedure.arguments(),
        }
    }

    /// A script that lacks keys says so, and is called again with them.
    ///
    /// Boxed, as reading is, so that the way to the database is compiled once, not in each of the functions.
    fn write_prepared<'s>(
        &'s self,
        call: Prepared<'s>,
    ) -> BoxFuture<'s, Result<ReplyReader, StoreError>> {
        Box::pin(self.write_until_complete(call))
    }

    async fn write_until_complete(
        &self,
        mut call: Prepared<'_>,
    ) -> Result<ReplyReader, StoreError> {
        self.admit_write(call.script)?;
        let request = self.caller.key.part(call.target.part).to_argument();
        for _ in 0..MOST_ROUNDS {
            let mut reply = self.write_once(&call, &request).await?;
            match reply.needed_keys()? {
                Some(keys) => call.more_keys.extend(keys),
                None => return Ok(reply),
            }
        }
        Err(UpstashError::Malformed.into())
    }

    async fn write_once(
        &self,
        call: &Prepared<'_>,
        request: &str,
    ) -> Result<ReplyReader, StoreError> {
        let now = self.store.clock.now_ms();
        let window = Window::at(now);
        let mut keys = self.keys_of(call);
        keys.push(self.keys.rate(&self.caller.rate_limit_key, window.number));
        let conditions = self.conditions(&call.target);
        let arguments = self.arguments(call, now, &conditions, request);
        let sent = arguments.iter().map(|argument| argument.len()).sum();
        let piggybacked = self.piggybacked_on_write(sent);
        let (reply, _) = self
            .run(call.script, &keys, &arguments, piggybacked)
            .await?;
        let reply = ReplyReader::of_write(reply, self.usage())?;
        self.note_due(&reply);
        let known = self
            .store
            .callers
            .note_writes(&self.counter(), window.number, reply.calls);
        self.validate(known.total(), &window, &call.target, reply.own)
    }

    /// Records the upkeep that a write has found due.
    fn note_due(&self, reply: &WriteReply) {
        let (user, context) = (&self.caller.user, &self.caller.context);
        if reply.is_renewal_due {
            context.add_upkeep(Task::RenewRecovery(user.clone()));
        }
        if reply.is_indexing_due {
            context.add_upkeep(Task::IndexMore(user.clone()));
        }
    }

    fn read_prepared<'s>(
        &'s self,
        call: Prepared<'s>,
    ) -> BoxFuture<'s, Result<ReplyReader, StoreError>> {
        Box::pin(self.read_once(call))
    }

    async fn read_once(&self, call: Prepared<'_>) -> Result<ReplyReader, StoreError> {
        let now = self.store.clock.now_ms();
        let window = Window::at(now);
        self.admit(PausedCalls::Reads)?;
        let keys = self.keys_of(&call);
        let arguments = self.arguments(&call, now, "", "");
        let piggybacked = self.piggybacked_on_read(now);
        let (reply, reads) = self
            .run(call.script, &keys, &arguments, piggybacked)
            .await?;
        let (writes, reply) = ReplyReader::new(reply, self.usage())?;
        let (callers, counter) = (&self.store.callers, self.counter());
        callers.note_writes(&counter, window.number, writes);
        let known = match self.counts_reads {
            true => callers.note_read(&counter, window.number, reads),
            false => callers.calls(&counter, window.number),
        };
        self.validate(known.total(), &window, &call.target, reply)
    }

    /// Keys as `src/lua/lib/base.lua` lists them, then the script's own.
    fn keys_of(&self, call: &Prepared<'_>) -> Vec<String> {
        let mut keys = vec![
            self.keys.conversations(),
            self.keys.meta(),
            self.keys.deleted(),
        ];
        keys.extend(self.keys.of_conversations(call.target.conversation));
        keys.extend(call.more_keys.iter().cloned());
        keys
    }

    /// Leading arguments as `src/lua/lib/base.lua` lists them, then the script's own.
    fn arguments<'c>(
        &self,
        call: &'c Prepared<'_>,
        now: i64,
        conditions: &'c str,
        request: &'c str,
    ) -> Words<'c> {
        let id = call.target.conversation.map_or("", ConversationId::as_str);
        let mut arguments: Words<'c> = vec![
            now.to_string().into(),
            self.settings().into(),
            id.into(),
            conditions.into(),
            request.into(),
        ];
        let own = call.arguments.iter();
        arguments.extend(own.map(|argument| argument.as_ref().into()));
        arguments
    }

    /// Records the rate limit's state, and converts refusals of scripts.
    fn validate(
        &self,
        calls: u64,
        window: &Window,
        target: &Target<'_>,
        mut reply: ReplyReader,
    ) -> Result<ReplyReader, StoreError> {
        let status = self.note_status(calls, window);
        let is_refused = reply.first_word() == Some(ErrorCode::RateLimited.as_str());
        if is_refused || calls > status.limit {
            return Err(StoreError::RateLimited(status));
        }
        let id = target.conversation.map_or("", ConversationId::as_str);
        match reply.refusal(|version| self.tag_of(id, version))? {
            Some(error) => Err(error),
            None => Ok(reply),
        }
    }

    /// The entity tag of a conversation's version, valid for this user only.
    pub(super) fn tag_of(&self, conversation: &str, version: Version) -> String {
        let thing = format!("{}/{conversation}", self.caller.user);
        self.store.tags.encode(&thing, version)
    }

    /// What makes the entity tags of the user's conversations.
    pub(super) fn tags(&self) -> impl Fn(&str, Version) -> String {
        |conversation, version| self.tag_of(conversation, version)
    }

    /// The preconditions as scripts take them: versions instead of tags.
    fn conditions(&self, target: &Target<'_>) -> String {
        let Some(preconditions) = target.preconditions else {
            return String::new();
        };
        let id = target.conversation.map_or("", ConversationId::as_str);
        let words = |list: &Option<TagList>| match list {
            None => String::new(),
            Some(TagList::Any) => "*".to_owned(),
            Some(TagList::Tags(tags)) => self.versions(id, tags),
        };
        let (yes, no) = (&preconditions.if_match, &preconditions.if_none_match);
        format!("{};{}", words(yes), words(no))
    }

    /// The versions that these tags stand for, or a word that matches none.
    pub(super) fn versions(&self, conversation: &str, tags: &[String]) -> String {
        let thing = format!("{}/{conversation}", self.caller.user);
        let versions = tags
            .iter()
            .filter_map(|tag| self.store.tags.decode(&thing, tag))
            .map(Version::to_word);
        let words: Vec<String> = versions.collect();
        match words.is_empty() {
            true => "-".to_owned(),
            false => words.join(" "),
        }
    }
}
