//! Moving an anonymous user's data into an account.

use std::time::Duration;

use uuid::Uuid;

use super::export::stored_ids;
use super::keys::Keys;
use super::scripts::trash::TrashClaim;
use super::scripts::users::{Move, UserClaim};
use super::{StoreError, UserStore};
use crate::ErrorCode;
use crate::context::RateLimitKey;
use crate::identity::{UserId, Verified};
use crate::model::{ConversationId, limits};

/// How many conversations one request moves.
const MOVED_AT_ONCE: usize = 50;

/// How far a claim got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Everything is moved.
    Complete {
        /// Conversations moved, by this call or the one that it continues.
        moved: u64,
    },
    /// The time was up: repeat the call.
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
    /// Whether the next ones are in the trash.
    is_trash: bool,
}

impl UserStore<'_> {
    /// Moves everything of the user that `source` speaks for to this user, in steps, until nothing is left or
    /// `budget` is used up. Claiming again continues an unfinished claim. From the first step on, the source's
    /// tokens, which are valid for `token_ttl`, are void.
    ///
    /// # Errors
    /// `AlreadyClaimed`; `WrongToken`; `ClaimAcrossDatabases`; a quota, before anything was changed; or the database failed.
    pub async fn claim(
        &self,
        source: &Verified,
        token_ttl: Duration,
        budget: Duration,
    ) -> Result<Claim, StoreError> {
        let databases = &self.store.databases;
        if databases.index_of(source.user.as_str()) != self.database {
            return Err(StoreError::Refused(ErrorCode::ClaimAcrossDatabases));
        }
        let began = self.store.clock.elapsed();
        let mut ids = Vec::new();
        loop {
            let step = self.claim_some(source, token_ttl, &ids).await?;
            if step.next.is_empty() {
                return Ok(Claim::Complete { moved: step.moved });
            }
            if self.store.clock.elapsed() - began >= budget {
                let remaining = step.remaining;
                return Ok(Claim::Unfinished { remaining });
            }
            ids = step.next;
            if step.is_trash {
                self.claim_trash(source, &ids).await?;
                ids.clear();
            }
        }
    }

    async fn claim_some(
        &self,
        source: &Verified,
        token_ttl: Duration,
        ids: &[ConversationId],
    ) -> Result<Step, StoreError> {
        let theirs = Keys::new(&self.store.namespace, &source.user);
        let today = self.store.today();
        let mut source_keys = vec![
            theirs.conversations(),
            theirs.meta(),
            theirs.deleted(),
            theirs.current_conversation(),
            theirs.session(),
            theirs.reads(&RateLimitKey::User, today),
            theirs.reads(&RateLimitKey::User, today - 1),
        ];
        let (moves, keys) = self.moves(source, &theirs, ids);
        source_keys.extend(keys);
        let call = UserClaim {
            claimer: mark_of(&self.caller.user),
            issued_at: source.issued_at,
            token_ttl,
            max_named: MOVED_AT_ONCE,
            share_prefix: self.keys.share_prefix(),
            max_shares: limits::SHARES,
            moves,
            source_keys,
        };
        let reply = self.write(call).await?;
        Ok(Step {
            remaining: reply.remaining,
            moved: reply.moved,
            next: stored_ids(&reply.ids)?,
            is_trash: reply.is_trash,
        })
    }

    /// Moves these from the source's trash into this user's.
    async fn claim_trash(
        &self,
        source: &Verified,
        ids: &[ConversationId],
    ) -> Result<(), StoreError> {
        let theirs = Keys::new(&self.store.namespace, &source.user);
        let (moves, keys) = self.moves(source, &theirs, ids);
        let call = TrashClaim {
            claimer: mark_of(&self.caller.user),
            moves,
            source_keys: [vec![theirs.meta()], keys].concat(),
        };
        self.write(call).await.map(drop)
    }

    /// The target id of each, and the keys of its messages: in the source, here, and here under its other id.
    fn moves(
        &self,
        source: &Verified,
        theirs: &Keys,
        ids: &[ConversationId],
    ) -> (Vec<Move>, Vec<String>) {
        let (mut moves, mut keys) = (Vec::with_capacity(ids.len()), Vec::new());
        for id in ids {
            let name = format!("{}/{id}", source.user);
            let other_id = ConversationId::generate(Some(&name));
            keys.extend(theirs.of_conversations([id]));
            keys.extend(self.keys.of_conversations([id, &other_id]));
            moves.push(Move {
                id: id.clone(),
                other_id,
            });
        }
        (moves, keys)
    }
}

/// A hash of the claiming user: it stays when that account is erased, without revealing which one it was.
fn mark_of(user: &UserId) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, user.as_str().as_bytes()).to_string()
}
