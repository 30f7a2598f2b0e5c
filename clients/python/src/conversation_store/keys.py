"""How a session is called: its key in the SDK's words, and the id of its conversation, which follows from that."""

from __future__ import annotations

import hashlib
from typing import Any


def conversation_path(key: Any) -> str:
    """The path of the session's conversation; the server derives the same id, and refuses any other."""
    name = f"session-{_hash(key['project_key'], 24)}-{_hash(key['session_id'], 32)}"
    subpath = key.get("subpath")
    return f"/conversations/{name}" + (f"-{_hash(subpath, 32)}" if subpath else "")


def wire_key(key: Any) -> dict[str, str]:
    """The key as requests have it."""
    names = {"project_key": "projectKey", "session_id": "sessionId", "subpath": "subpath"}
    return {wire: key[name] for name, wire in names.items() if key.get(name) is not None}


def _hash(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]
