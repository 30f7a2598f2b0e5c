"""A ``SessionStore`` of the Claude Agent SDK that keeps its sessions in conversation-store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx

from .api import Api, ApiError, Token
from .batches import FailedAppends, batches
from .keys import conversation_path, wire_key
from .summaries import fold, mtime_of, summary_of

if TYPE_CHECKING:
    from claude_agent_sdk import (
        SessionKey,
        SessionStoreEntry,
        SessionStoreListEntry,
        SessionSummaryEntry,
    )
    from claude_agent_sdk.types import SessionListSubkeysKey

#: What the server says of a session that is not there, and of one that was deleted.
ABSENT = frozenset({"conversation_not_found", "conversation_deleted"})


class ConversationSessionStore:
    """Keeps the sessions of one user of a conversation-store.

    ``url`` is the address of the API, as ``https://chat.example.com/api``; ``token`` the user's, or what gives it. With
    ``summaries=False`` an append is always one request, and the SDK lists sessions by loading them. Sessions are deleted for
    good, or with ``to_trash=True`` as conversations are.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        summaries: bool = True,
        to_trash: bool = False,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._api = Api(url, token, client)
        self._summaries = summaries
        self._to_trash = to_trash
        self._failed = FailedAppends()

    async def aclose(self) -> None:
        """Closes its connections, unless the client was given."""
        await self._api.close()

    async def append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:
        """Appends entries; those whose ``uuid`` is there already are ignored."""
        path = conversation_path(key)
        names = self._failed.begin(path)
        try:
            for batch in batches(wire_key(key), entries):
                appended = await self._api.send(
                    "POST", f"{path}/messages", body=batch.body, key=names.of(batch)
                )
                await self._fold(key, path, batch.entries, appended)
        except BaseException:
            self._failed.fail(path, names)
            raise

    async def _fold(
        self, key: SessionKey, path: str, entries: list[Any], appended: dict[str, Any]
    ) -> None:
        ignored = set(appended["ignored"])
        fresh = [entry for place, entry in enumerate(entries) if place not in ignored]
        if not self._summaries or key.get("subpath") or not fresh:
            return
        session = appended["conversation"]
        await fold(self._api, path, key, session, fresh, lambda: self.load(key))

    async def load(self, key: SessionKey) -> list[SessionStoreEntry] | None:
        """All entries in the order of appending; ``None`` where there is no such session."""
        path = f"{conversation_path(key)}/messages"
        try:
            entries = [entry async for entry in self._pages(path, {"view": "entries"})]
        except ApiError as error:
            if error.code in ABSENT:
                return None
            raise
        return entries or None

    async def list_sessions(self, project_key: str) -> list[SessionStoreListEntry]:
        """The sessions of a project, without what their subagents write."""
        sessions = self._sessions(projectKey=project_key)
        return [
            {"session_id": session["sessionId"], "mtime": mtime_of(session)}
            async for session in sessions
        ]

    async def list_session_summaries(self, project_key: str) -> list[SessionSummaryEntry]:
        """The summaries of a project's sessions."""
        sessions = self._sessions(projectKey=project_key)
        found: list[Any] = [summary_of(session) async for session in sessions]
        return [summary for summary in found if summary is not None]

    async def delete(self, key: SessionKey) -> None:
        """Deletes a session with all that its subagents have written; or what one of them has."""
        if not key.get("subpath"):
            for subpath in await self.list_subkeys(key):
                await self._delete_one({**key, "subpath": subpath})
        await self._delete_one(key)

    async def _delete_one(self, key: Any) -> None:
        params = {} if self._to_trash else {"permanent": "true"}
        try:
            await self._api.send("DELETE", conversation_path(key), params=params)
        except ApiError as error:
            if error.code not in ABSENT:
                raise

    async def list_subkeys(self, key: SessionListSubkeysKey) -> list[str]:
        """The subpaths of a session."""
        found = self._sessions(projectKey=key["project_key"], sessionId=key["session_id"])
        return [session["subpath"] async for session in found]

    def _sessions(self, **filters: str) -> AsyncIterator[Any]:
        return self._pages("/conversations", {"kind": "session", "limit": "50", **filters})

    async def _pages(self, path: str, params: dict[str, str]) -> AsyncIterator[Any]:
        while True:
            page = await self._api.send("GET", path, params=params)
            for item in page["data"]:
                yield item
            cursor = page.get("nextCursor")
            if cursor is None:
                return
            params = {**params, "cursor": cursor}
