//! Moving what an anonymous user has into an account.

use std::time::Duration;

use uuid::Uuid;

use super::export::stored_id;
use super::keys::Keys;
use super::{Call, StoreError, UserStore, scripts};
use crate::context::RateLimitKey;
use crate::identity::{UserId, Verified};
use crate::model::{ConversationId, limits};
use crate::upstash::UpstashError;

/// How many conversations one request moves.
const MOVED_AT_ONCE: usize = 50;

/// How far a claim got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Everything is moved.
    Complete {
        /// Conversations moved, by this call or one that it goes on with.
        moved: u64,
    },
    /// The time was up: ask again.
    Unfinished {
        /// Conversations that are left.
        remaining: u64,
    },
}

/// One step of it.
struct Step {
    remaining: u64,
    moved: u64,
    next: Vec<ConversationId>,
}

impl UserStore<'_> {
    /// Moves everything of the user that `source` speaks for to this user, in steps, until nothing is left or
    /// `budget` is used up. What was begun is gone on with by claiming again. From the first step on the
    /// source's tokens, which are valid for `token_life`, are void.
    ///
    /// # Errors
    /// `Claimed`; `ClaimVoid`; `ClaimAcross`; `OverQuota`, before anything was changed; or the database failed.
    pub async fn claim(
        &self,
        source: &Verified,
        token_life: Duration,
        budget: Duration,
    ) -> Result<Claim, StoreError> {
        let databases = &self.store.databases;
        if databases.index_of(source.user.as_str()) != self.database {
            return Err(StoreError::ClaimAcross);
        }
        let began = self.store.clock.elapsed();
        let mut ids = Vec::new();
        loop {
            let step = self.claim_some(source, token_life, &ids).await?;
            if step.next.is_empty() {
                return Ok(Claim::Complete { moved: step.moved });
            }
            if self.store.clock.elapsed() - began >= budget {
                let remaining = step.remaining;
                return Ok(Claim::Unfinished { remaining });
            }
            ids = step.next;
        }
    }

    async fn claim_some(
        &self,
        source: &Verified,
        token_life: Duration,
        ids: &[ConversationId],
    ) -> Result<Step, StoreError> {
        let theirs = Keys::new(&self.store.namespace, &source.user);
        let today = self.store.today();
        let mut call = Call {
            more_keys: vec![
                theirs.conversations(),
                theirs.meta(),
                theirs.deleted(),
                theirs.current_conversation(),
                theirs.session(),
                theirs.reads(&RateLimitKey::User, today),
                theirs.reads(&RateLimitKey::User, today - 1),
            ],
            arguments: vec![
                mark_of(&self.caller.user).into(),
                source.issued_at.to_string().into(),
                token_life.as_millis().to_string().into(),
                MOVED_AT_ONCE.to_string().into(),
                self.keys.share_prefix().into(),
                limits::SHARES.to_string().into(),
            ],
            ..Call::default()
        };
        for id in ids {
            let name = format!("{}/{id}", source.user);
            let other = ConversationId::generate(Some(&name));
            let keys = [(&theirs, id), (&self.keys, id), (&self.keys, &other)];
            for (keys, id) in keys {
                call.more_keys.extend([keys.messages(id), keys.bodies(id)]);
            }
            call.arguments.push(id.as_str().into());
            call.arguments.push(other.to_string().into());
        }
        let mut reply = self.write(&scripts::CLAIM, call).await?;
        let (remaining, moved) = (reply.number()?, reply.number()?);
        let next: Result<_, UpstashError> = reply.texts()?.iter().map(|id| stored_id(id)).collect();
        Ok(Step {
            remaining,
            moved,
            next: next?,
        })
    }
}

/// What stays of the one who claimed when that account is erased: a hash, from which nobody learns who that was.
fn mark_of(user: &UserId) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, user.as_str().as_bytes()).to_string()
}
