"""What schemathesis has to be told of the service beside its document."""

import json
import os

import requests
import schemathesis

with open(os.environ["USERS"]) as users:
    # What the users of this run send as `Authorization`.
    OURS = {user["fixedHeaders"][0]["value"] for user in json.load(users)["auth"]}

# Why a request that its schema allows may be refused: codes, and the operations that they are good for
# (None: all), each for a reason that no schema can tell.
EXCUSES = {
    # Cursors are opaque: a schema cannot tell those that were given out.
    "invalid_cursor": None,
    # That ids within one array differ is beyond a schema.
    "duplicate_id": {"createConversation", "saveConversation", "appendMessages"},
    # Which formats there are depends on whether one conversation is asked for; the trash takes no filter, nor do agent sessions.
    # A page has more entries of those than messages. What goes with a search goes with nothing else. A stream's place is opaque.
    "invalid_query": {"exportConversations", "listConversations", "listMessages", "sync"},
    # A share's end lies between now and a conversation's life from now; one's own token cannot be claimed; a recovery
    # code has characters that check the others. A message has a
    # content or parts that are not null, and no parts beside blocks; a fork has no messages, and of two things it is of one; a head that is null changes nothing;
    # parents are among the messages, and none follow one another in a circle.
    "invalid_field": {
        "shareConversation",
        "createSession",
        "createConversation",
        "saveConversation",
        "patchConversation",
        "appendMessages",
        "saveMessage",
        "patchMessage",
    },
    # A query has at least one letter or digit, of any script.
    "query_too_short": {"listConversations"},
    # What a field is expected to be is not known beforehand.
    "field_mismatch": None,
    # What a history is written in is told by what is in it.
    "unknown_format": {"importConversations"},
    "ambiguous_format": {"importConversations"},
    "invalid_json": {"importConversations"},
    # The id in the body, where there is one, has to be the one in the path; that of an agent session follows from its key.
    "id_mismatch": {"saveConversation", "patchConversation", "patchMessage", "saveMessage", "appendMessages"},
    # Which version of the agents' protocol a message is of stands in headers, and from one on in the message as well.
    -32020: {"answerAgent"},
    -32022: {"answerAgent"},
    -32602: {"answerAgent"},
    # `If-Match` demands a revision that the conversation is not at.
    "revision_mismatch": None,
}


@schemathesis.check
def refuses_valid_data_for_a_reason(ctx, response, case):
    """A refusal of what the schema allows needs an excuse."""
    is_refusal = response.status_code in (400, 412)
    if case.meta is None or not case.meta.generation.mode.is_positive or not is_refusal:
        return
    code = response.json()["error"]["code"]
    # In this phase headers have letters and digits only, and so never the quotes of an `If-Match`.
    if code == "invalid_header" and case.meta.phase.name.value == "coverage":
        return
    operations = EXCUSES.get(code, set())
    operation = case.operation.definition.raw["operationId"]
    if operations is not None and operation not in operations:
        raise AssertionError(f"Valid data was refused as {code}")


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    """An import's lines are text."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(context, case, kwargs):
    """What would end it for all others gets its own user, or its own id."""
    operation = case.operation.definition.raw["operationId"]
    is_body = isinstance(case.body, dict)
    if operation == "eraseUser" or is_body and case.body.get("action") == "signOutEverywhere":
        ask_as_somebody_else(case, kwargs)
    if operation == "readMetrics" and case.headers.get("Authorization") in OURS:
        case.headers["Authorization"] = f"Bearer {os.environ['METRICS_TOKEN']}"
    # A deletion is for good: an id that one scenario deleted is of no use to the next one.
    if operation == "createConversation" and is_body and is_positive_step(case):
        case.body.pop("id", None)
        case.headers.pop("Idempotency-Key", None)


def ask_as_somebody_else(case, kwargs):
    # Without a token, or with a wrong one, it is the question whether a right one is needed.
    if case.headers.get("Authorization") in OURS:
        url = kwargs.get("base_url") or case.operation.base_url
        token = requests.post(f"{url}/api/session", timeout=10).json()["token"]
        case.headers["Authorization"] = f"Bearer {token}"


def is_positive_step(case):
    meta = case.meta
    return meta is not None and meta.phase.name.value == "stateful" and meta.generation.mode.is_positive
