//! The query parameters of a list of conversations: filters, kinds, searches.

use super::request::digits;
use super::{ApiError, ApiRequest};
use crate::model::{ConversationFilter, SessionFilter, limits};
use crate::service::search::SearchQuery;
use crate::store::SearchCursor;

impl ApiRequest {
    /// The filter of a list: `?archived=`, `?pinned=`, `?tag=`, `?expiring=`.
    ///
    /// # Errors
    /// `invalid_query`.
    pub fn conversation_filter(&self) -> Result<ConversationFilter, ApiError> {
        let flag = |name| {
            let sent = self.choice(name, &["true", "false"])?;
            Ok::<_, ApiError>(sent.map(|sent| sent == "true"))
        };
        let tag = self.parameter("tag").map(str::to_owned);
        if tag
            .as_ref()
            .is_some_and(|tag| tag.chars().count() > limits::TAG)
        {
            let expected = format!("at most {} characters", limits::TAG);
            return Err(ApiError::invalid_query("tag", &expected));
        }
        let days = |sent| {
            let days = digits(sent).filter(|days| (1..=limits::EXPIRING_DAYS).contains(days));
            let expected = format!("a whole number of days from 1 to {}", limits::EXPIRING_DAYS);
            days.ok_or_else(|| ApiError::invalid_query("expiring", &expected))
        };
        Ok(ConversationFilter {
            archived: flag("archived")?,
            pinned: flag("pinned")?,
            tag,
            expiring_days: self.parameter("expiring").map(days).transpose()?,
        })
    }

    /// `?kind=session`: the filter of agent sessions; `None` if other conversations are listed.
    ///
    /// # Errors
    /// `invalid_query`.
    pub fn session_filter(&self) -> Result<Option<SessionFilter>, ApiError> {
        let text = |name| match self.parameter(name) {
            Some(text) if !(1..=limits::SESSION_KEY).contains(&text.chars().count()) => {
                let expected = format!("1 to {} characters", limits::SESSION_KEY);
                Err(ApiError::invalid_query(name, &expected))
            }
            sent => Ok(sent.map(str::to_owned)),
        };
        let filter = SessionFilter {
            project: text("projectKey")?,
            session: text("sessionId")?,
        };
        let is_of_sessions = self.choice("kind", &["session"])?.is_some();
        if filter.session.is_some() && filter.project.is_none() {
            return Err(ApiError::invalid_query(
                "sessionId",
                "a projectKey beside it",
            ));
        }
        if filter.project.is_some() && !is_of_sessions {
            return Err(ApiError::invalid_query(
                "projectKey",
                "kind=session beside it",
            ));
        }
        Ok(is_of_sessions.then_some(filter))
    }

    /// Whether something is searched for.
    ///
    /// # Errors
    /// `invalid_query` for what goes with a search only, without one, and for agent sessions, which are not searched.
    pub fn searches(&self) -> Result<bool, ApiError> {
        let is_search = self.parameter("q").is_some();
        let (others, expected) = match is_search {
            true => (["kind", "projectKey", "sessionId"], "no q beside it"),
            false => (["type", "from", "until"], "a q beside it"),
        };
        let mut others = others.into_iter();
        match others.find(|name| self.parameter(name).is_some()) {
            Some(name) => Err(ApiError::invalid_query(name, expected)),
            None => Ok(is_search),
        }
    }

    /// What is searched for: `?q=`, `?type=`, `?from=`, `?until=`, and what a list takes.
    ///
    /// # Errors
    /// `query_too_short`; `query_too_long`; `invalid_query`; `invalid_cursor`.
    pub fn search_query(&self) -> Result<SearchQuery, ApiError> {
        let kinds = &["user", "assistant", "system", "tool"];
        let cursor = self.parameter("cursor");
        let mut query = SearchQuery::parse(self.parameter("q").unwrap_or_default())?;
        query.scope.filter = self.conversation_filter()?;
        query.scope.updated_from = self.time("from")?;
        query.scope.updated_until = self.time("until")?;
        query.kind = self.choice("type", kinds)?.map(str::to_owned);
        query.limit = self.limit(limits::CONVERSATION_PAGE)?;
        query.after = cursor.map(SearchCursor::decode).transpose()?;
        Ok(query)
    }
}
