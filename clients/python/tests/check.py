"""Runs the SDK's own conformance suite, and what it does not ask, against the service whose API the first argument names."""

import asyncio
import sys

import httpx
from claude_agent_sdk import SessionStore
from claude_agent_sdk.testing import run_session_store_conformance

from conversation_store import ApiError, ConversationSessionStore

API = sys.argv[1]
KEY = {"project_key": "proj", "session_id": "sess"}
OPTIONAL = ["list_sessions", "list_session_summaries", "delete", "list_subkeys"]


class Connection(httpx.AsyncBaseTransport):
    """Counts requests, and loses the responses of so many of them."""

    def __init__(self) -> None:
        self.inner = httpx.AsyncHTTPTransport()
        self.requests = 0
        self.losing = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        response = await self.inner.handle_async_request(request)
        if self.losing == 0:
            return response
        self.losing -= 1
        await response.aread()
        await response.aclose()
        raise httpx.ReadError("lost", request=request)


async def new_token() -> str:
    async with httpx.AsyncClient() as client:
        response = await client.post(f"{API}/session", json={})
        return response.raise_for_status().json()["token"]


async def make_store() -> ConversationSessionStore:
    return ConversationSessionStore(API, await new_token())


async def connected() -> tuple[ConversationSessionStore, Connection]:
    connection = Connection()
    client = httpx.AsyncClient(transport=connection, timeout=20)
    return ConversationSessionStore(API, await new_token(), client=client), connection


def entries(first: int, count: int) -> list:
    return [{"type": "x", "n": n} for n in range(first, first + count)]


async def all_contracts() -> None:
    for name in OPTIONAL:
        # The suite leaves out what a store does not have.
        assert getattr(ConversationSessionStore, name) is not getattr(SessionStore, name)
    await run_session_store_conformance(make_store)


async def an_append_is_one_request_and_one_for_the_summary() -> None:
    store, connection = await connected()
    await store.append(KEY, entries(0, 500))
    assert connection.requests == 2, connection.requests
    await store.append({**KEY, "subpath": "subagents/agent-1"}, entries(0, 500))
    assert connection.requests == 3, connection.requests
    await store.load(KEY)
    assert connection.requests == 4, connection.requests


async def many_entries_come_back_in_order() -> None:
    store = await make_store()
    await store.append(KEY, entries(0, 1201))
    await store.append(KEY, [{"type": "x", "text": "\ud83d é \x00"}])
    assert await store.load(KEY) == [*entries(0, 1201), {"type": "x", "text": "\ud83d é \x00"}]


async def a_lost_response_loses_and_doubles_nothing() -> None:
    store, connection = await connected()
    connection.losing = 1
    await store.append(KEY, entries(0, 3))
    assert await store.load(KEY) == entries(0, 3)


async def a_failed_append_can_be_sent_again() -> None:
    store, connection = await connected()
    connection.losing = 4
    try:
        await store.append(KEY, entries(0, 3))
    except ApiError as error:
        assert error.code == "offline", error
    else:
        raise AssertionError("it was to fail")
    await store.append(KEY, entries(0, 3))
    # The same once more is another append.
    await store.append(KEY, entries(0, 3))
    assert await store.load(KEY) == entries(0, 3) * 2


async def summaries_of_several_writers_miss_nothing() -> None:
    token = await new_token()
    writers = [ConversationSessionStore(API, token) for _ in range(4)]

    async def write(index: int) -> None:
        for n in range(4):
            title = {"type": "custom-title", "customTitle": f"{index} {n}", "uuid": f"{index}-{n}"}
            await writers[index].append(KEY, [title])

    await asyncio.gather(*(write(index) for index in range(len(writers))))
    loaded = await writers[0].load(KEY)
    assert loaded is not None and len(loaded) == 16
    [summary] = await writers[0].list_session_summaries("proj")
    assert summary["data"]["custom_title"] == loaded[-1]["customTitle"]
    [listed] = await writers[0].list_sessions("proj")
    assert summary["mtime"] >= listed["mtime"]


async def a_summary_that_is_behind_says_so_until_the_next_append() -> None:
    token = await new_token()
    without = ConversationSessionStore(API, token, summaries=False)
    store = ConversationSessionStore(API, token)
    await store.append(KEY, [{"type": "custom-title", "customTitle": "first"}])
    await without.append(KEY, [{"type": "custom-title", "customTitle": "second"}])
    [summary], [listed] = await store.list_session_summaries("proj"), await store.list_sessions("proj")
    assert summary["mtime"] < listed["mtime"]
    await store.append(KEY, entries(0, 1))
    [summary], [listed] = await store.list_session_summaries("proj"), await store.list_sessions("proj")
    assert summary["mtime"] >= listed["mtime"]
    assert summary["data"]["custom_title"] == "second"


async def main() -> None:
    checks = [
        all_contracts,
        an_append_is_one_request_and_one_for_the_summary,
        many_entries_come_back_in_order,
        a_lost_response_loses_and_doubles_nothing,
        a_failed_append_can_be_sent_again,
        summaries_of_several_writers_miss_nothing,
        a_summary_that_is_behind_says_so_until_the_next_append,
    ]
    for check in checks:
        await check()
        print(f"passed: {check.__name__}")


asyncio.run(main())
