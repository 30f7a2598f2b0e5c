"""The summary of a session, which the SDK folds from its entries, and this keeps beside them.

A summary is a fold of the session's first ``summaryCount`` entries, and replaces only one of as many entries as it was
folded from. So of several writers none overwrites another's, and what is missing is seen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from .api import Api, ApiError, encode

#: How often a summary is folded again because another writer was faster.
ATTEMPTS = 5


def mtime_of(conversation: dict[str, Any]) -> int:
    """When the session was last written, in milliseconds since 1970, by the server's clock."""
    time = datetime.fromisoformat(conversation["updatedAt"].replace("Z", "+00:00"))
    return round(time.timestamp() * 1000)


def summary_of(conversation: dict[str, Any]) -> dict[str, Any] | None:
    """The summary as the SDK takes it; an older one than its session where entries were appended since."""
    stored = conversation.get("summary")
    if not isinstance(stored, dict):
        return None
    is_current = conversation.get("summaryCount") == conversation["messageCount"]
    return {
        "session_id": conversation["sessionId"],
        "mtime": mtime_of(conversation) if is_current else stored["mtime"],
        "data": stored["data"],
    }


async def fold(
    api: Api,
    path: str,
    key: Any,
    conversation: dict[str, Any],
    appended: list[Any],
    load: Callable[[], Awaitable[list[Any] | None]],
) -> None:
    """Brings the summary up to the entries that were appended, of which ``conversation`` is what the session is with them."""
    from claude_agent_sdk import fold_session_summary

    end = conversation["messageCount"]
    mtime = mtime_of(conversation)
    for _ in range(ATTEMPTS):
        count = conversation.get("summaryCount") or 0
        if count >= end:
            return
        previous, entries = summary_of(conversation), appended
        if count != end - len(appended):
            # A writer was stopped between its entries and their summary, or is about to write that.
            previous, entries = None, await load() or []
            end = max(end, len(entries))
        data = fold_session_summary(previous, key, entries)["data"]
        if await _replace(api, path, count, end, {"mtime": mtime, "data": data}):
            return
        conversation = await api.send("GET", path, params={"limit": "1"})


async def _replace(api: Api, path: str, count: int, end: int, summary: dict[str, Any]) -> bool:
    """Whether there was still one of so many entries to be replaced."""
    expected = {"summaryCount": count or None}
    body = {"summary": summary, "summaryCount": end, "$expected": expected}
    try:
        await api.send("PATCH", path, body=encode(body))
    except ApiError as error:
        if error.code == "field_mismatch":
            return False
        raise
    return True
