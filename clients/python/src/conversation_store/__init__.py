"""Keeps the sessions of the Claude Agent SDK in conversation-store."""

from .api import ApiError, Token
from .session_store import ConversationSessionStore

__all__ = ["ApiError", "ConversationSessionStore", "Token"]
