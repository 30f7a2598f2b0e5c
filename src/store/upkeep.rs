//! What is done after a response: reading writes nothing itself, and nobody sees these fail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::export::stored_id;
use super::{Call, Store, StoreError, UserStore, scripts};
use crate::context::{Caller, RequestContext};
use crate::model::ConversationId;
use crate::upkeep::Task;
use crate::upstash::UpstashError;

/// How many expired conversations one request clears away.
const PURGED_AT_ONCE: usize = 100;

/// How many such requests one task may take; the rest is left to the next day.
const MOST_STEPS: usize = 50;

/// For how long a task that was done, or failed, is not done again by this process.
const PAUSE: Duration = Duration::from_secs(3_600);

/// How many tasks are remembered at most.
const MOST: usize = 10_000;

/// Which tasks this process has done lately, so that calls that come at once do not all do them.
#[derive(Debug, Default)]
pub(super) struct Done(Mutex<HashMap<Task, Duration>>);

impl Done {
    /// Whether a task is to be done now; notes that it is.
    fn claim(&self, task: &Task, now: Duration) -> bool {
        let mut done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if done.get(task).is_some_and(|at| now < *at + PAUSE) {
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
                // What fails is done by a call that finds it due after the pause.
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
            Task::Purge(_) | Task::Recount(_) => self.purge().await,
        }
    }

    async fn renew(&self, conversation: &ConversationId) -> Result<(), StoreError> {
        let call = Call {
            conversation: Some(conversation),
            ..Call::default()
        };
        self.write(&scripts::RENEW, call).await.map(drop)
    }

    async fn renew_session(&self) -> Result<(), StoreError> {
        let call = Call {
            more_keys: vec![self.keys.current_conversation(), self.keys.session()],
            arguments: vec![self.session_life().into(), "".into()],
            ..Call::default()
        };
        self.write(&scripts::BEGIN_SESSION, call).await.map(drop)
    }

    async fn purge(&self) -> Result<(), StoreError> {
        let mut ids: Vec<ConversationId> = Vec::new();
        for _ in 0..MOST_STEPS {
            let mut call = Call {
                arguments: vec![PURGED_AT_ONCE.to_string().into()],
                ..Call::default()
            };
            for id in &ids {
                call.more_keys
                    .extend([self.keys.messages(id), self.keys.bodies(id)]);
                call.arguments.push(id.to_string().into());
            }
            let reply = self.write(&scripts::PURGE, call).await?;
            let next: Result<_, UpstashError> =
                reply.texts()?.iter().map(|id| stored_id(id)).collect();
            ids = next?;
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
}
