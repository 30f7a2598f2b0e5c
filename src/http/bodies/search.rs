//! What a search has found.

use super::conversation;
use crate::model::ObjectWriter;
use crate::search::Excerpt;
use crate::service::search::{Hit, MessageHit, SearchPage};
use crate::store::SearchCursor;

/// A page of what was found.
pub fn search_page(page: &SearchPage) -> String {
    let next = page.next.as_ref().map(SearchCursor::encode);
    let indexed = ObjectWriter::with_capacity(60)
        .plain("done", page.indexed)
        .plain("of", page.looked_at)
        .plain("total", page.total);
    ObjectWriter::with_capacity(8_192)
        .array("data", page.hits.iter().map(hit))
        .optional("nextCursor", next.as_deref())
        .raw("indexed", &indexed.finish())
        .finish()
}

fn hit(hit: &Hit) -> String {
    let title = hit.title.as_ref().map(excerpt);
    ObjectWriter::with_capacity(2_048)
        .raw("conversation", &conversation(&hit.conversation))
        .raw("title", title.as_deref().unwrap_or("null"))
        .plain("matches", hit.matches)
        .plain("complete", hit.is_whole)
        .array("messages", hit.messages.iter().map(message_hit))
        .finish()
}

fn message_hit(hit: &MessageHit) -> String {
    ObjectWriter::with_capacity(512)
        .string("id", &hit.id)
        .optional("type", hit.kind.as_deref())
        .display("timestamp", hit.timestamp)
        .raw("excerpt", &excerpt(&hit.excerpt))
        .finish()
}

fn excerpt(excerpt: &Excerpt) -> String {
    let marks = excerpt.marks.iter();
    ObjectWriter::with_capacity(excerpt.text.len() + 128)
        .string("text", &excerpt.text)
        .plain("start", excerpt.start)
        .plain("length", excerpt.length)
        .array(
            "marks",
            marks.map(|(start, end)| format!("[{start},{end}]")),
        )
        .finish()
}
