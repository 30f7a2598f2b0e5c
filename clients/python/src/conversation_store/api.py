"""The HTTP API: requests, repeated under one ``Idempotency-Key`` where their response was lost."""

from __future__ import annotations

import asyncio
import inspect
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

#: A token, or what gives the one to use for a request.
Token = str | Callable[[], "str | Awaitable[str]"]

#: How often a request is sent before its failure is told.
ATTEMPTS = 4
#: Of the wait before the second attempt, in seconds; each later one waits twice as long.
FIRST_WAIT = 0.25
#: The longest that the server may make an attempt wait, in seconds.
LONGEST_WAIT = 10.0
#: How long an attempt may take, in seconds.
ATTEMPT_TIMEOUT = 20.0
#: What may have another outcome when it is sent again.
TRANSIENT = frozenset({0, 408, 425, 429, 500, 502, 503, 504})


class ApiError(Exception):
    """A refusal of the server, with its code; or ``offline``, with the status 0, where there was no response."""

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 0,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in TRANSIENT and self.code != "storage_disabled"


class Api:
    """Sends requests to one deployment, as one user."""

    def __init__(self, url: str, token: Token, client: httpx.AsyncClient | None) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._client = client or httpx.AsyncClient(timeout=ATTEMPT_TIMEOUT)
        self._owns_client = client is None

    async def close(self) -> None:
        if self._owns_client:
            await self._client.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: bytes | None = None,
        key: str | None = None,
    ) -> Any:
        """The JSON of the response. ``key`` names a write; without it, each call is a write of its own."""
        headers = {}
        if body is not None:
            headers["content-type"] = "application/json"
        if method != "GET":
            headers["idempotency-key"] = key or str(uuid.uuid4())
        attempt = 1
        while True:
            try:
                return await self._attempt(method, path, params, body, headers)
            except ApiError as error:
                if attempt == ATTEMPTS or not error.is_transient:
                    raise
                wait = error.retry_after or FIRST_WAIT * 2 ** (attempt - 1)
            attempt += 1
            await asyncio.sleep(min(wait, LONGEST_WAIT))

    async def _attempt(
        self,
        method: str,
        path: str,
        params: dict[str, str] | None,
        body: bytes | None,
        headers: dict[str, str],
    ) -> Any:
        headers = {**headers, "authorization": f"Bearer {await self._current_token()}"}
        try:
            response = await self._client.request(
                method, self._url + path, params=params, content=body, headers=headers
            )
        except httpx.TransportError as error:
            raise ApiError("offline", f"{method} {path}: no response ({error!r})") from error
        if not response.is_success:
            raise _error_of(response)
        return response.json()

    async def _current_token(self) -> str:
        if isinstance(self._token, str):
            return self._token
        token = self._token()
        return await token if inspect.isawaitable(token) else token


def encode(value: Any) -> bytes:
    """JSON without spaces. Half a surrogate pair, which UTF-8 cannot say, is escaped along with everything else."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def _error_of(response: httpx.Response) -> ApiError:
    try:
        error = response.json()["error"]
        code, message = error["code"], error["message"]
    except (ValueError, KeyError, TypeError):
        # What stands between may answer with a page of its own.
        code, message = f"http_{response.status_code}", "The server gave no reason."
    seconds = response.headers.get("retry-after", "")
    return ApiError(
        code,
        message,
        response.status_code,
        response.headers.get("x-request-id"),
        float(seconds) if seconds.isdigit() else None,
    )
