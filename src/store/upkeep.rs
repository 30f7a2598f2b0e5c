//! Work done after a response: reads write nothing themselves, and no client sees this fail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::call::Call;
use super::export::stored_ids;
use super::scripts::conversations::ConversationRenew;
use super::scripts::sessions::SessionBegin;
use super::scripts::users::UserPurge;
use super::{Store, StoreError, UserStore};
use crate::context::{Caller, RequestContext};
use crate::model::ConversationId;
use crate::upkeep::Task;

/// How many expired conversations one request clears away.
const PURGED_AT_ONCE: usize = 100;

/// How many such requests one task may take; the rest is left to the next day.
const MOST_STEPS: usize = 50;

/// How long a task that was done, or failed, is not repeated by this process.
const PAUSE: Duration = Duration::from_secs(3_600);

/// The same where conversations are prepared for searching: deleting messages makes that due again and again.
const INDEXING_PAUSE: Duration = Duration::from_secs(60);

/// How many tasks are remembered at most.
const MOST: usize = 10_000;

/// Which tasks this process has done lately, so that calls that come at once do not all do them.
#[derive(Debug, Default)]
pub(super) struct Done(Mutex<HashMap<Task, Duration>>);

impl Done {
    /// Whether a task is to be done now; notes that it is.
    fn claim(&self, task: &Task, now: Duration) -> bool {
        let mut done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = if task.is_indexing() {
            INDEXING_PAUSE
        } else {
            PAUSE
        };
        if done.get(task).is_some_and(|at| now < *at + pause) {
            return false;
        }
        if done.len() >= MOST {
            done.clear();
        }
        done.insert(task.clone(), now);
        true
    }
}

impl Store {
    /// Does what a request has found to be due.
    pub async fn upkeep(&self, tasks: Vec<Task>, context: &Arc<RequestContext>) {
        for task in tasks {
            if self.upkeep.claim(&task, self.clock.elapsed()) {
                let (user, now) = (task.user().clone(), self.clock.now_ms());
                let caller = Caller::of_service(user, now, context.clone());
                // A failed task is repeated by a call that finds it due after the pause.
                let _ = self.for_user(&caller).run_task(&task).await;
            }
        }
    }
}

impl UserStore<'_> {
    async fn run_task(&self, task: &Task) -> Result<(), StoreError> {
        match task {
            Task::Renew(_, conversation) => self.renew(conversation).await,
            Task::RenewSession(_) => self.renew_session().await,
            Task::RenewRecovery(_) => self.renew_recovery_code().await,
            Task::Index(_, conversations) => self.index(conversations).await,
            Task::IndexMore(_) => self.index_more().await,
            Task::Purge(_) | Task::Extend(..) | Task::Recount(_) => self.purge().await,
        }
    }

    async fn renew(&self, conversation: &ConversationId) -> Result<(), StoreError> {
        let call = Call::about(conversation, ConversationRenew {});
        self.write(call).await.map(drop)
    }

    async fn renew_session(&self) -> Result<(), StoreError> {
        let call = SessionBegin {
            session_ttl: self.store.session_ttl,
            max_users: None,
            address_day: None,
        };
        self.write(call).await.map(drop)
    }

    async fn purge(&self) -> Result<(), StoreError> {
        let mut ids: Vec<ConversationId> = Vec::new();
        for _ in 0..MOST_STEPS {
            let call = UserPurge {
                max_named: PURGED_AT_ONCE,
                ids: &ids,
            };
            let reply = self.write(call).await?;
            ids = stored_ids(&reply.ids)?;
            if ids.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::UserId;

    #[test]
    fn a_task_is_done_once_an_hour_by_one_process() {
        let done = Done::default();
        let task = Task::Purge(UserId::anonymous());
        let at = Duration::from_secs;
        assert!(done.claim(&task, at(0)));
        assert!(!done.claim(&task, at(3_599)));
        assert!(done.claim(&Task::Purge(UserId::anonymous()), at(1)));
        assert!(done.claim(&task, at(3_600)));
    }

    #[test]
    fn conversations_are_prepared_for_searching_once_a_minute() {
        let done = Done::default();
        let task = Task::IndexMore(UserId::anonymous());
        let at = Duration::from_secs;
        assert!(done.claim(&task, at(0)));
        assert!(!done.claim(&task, at(59)));
        assert!(done.claim(&task, at(60)));
    }
}
