"""Which requests entries are appended in, and what these are called when they are sent again."""

from __future__ import annotations

import hashlib
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from .api import encode

#: The most entries of one request.
MOST_ENTRIES = 500
#: The most bytes of one request's entries; the server takes 4.5 MB.
MOST_BYTES = 4_000_000
#: Of how many sessions a failed append is remembered.
MOST_FAILED = 100


class Batch:
    """Entries that go in one request."""

    def __init__(self, session: bytes, entries: list[Any], encoded: list[bytes]) -> None:
        self.entries = entries
        self.body = b'{"session":' + session + b',"entries":[' + b",".join(encoded) + b"]}"


def batches(session: dict[str, str], entries: list[Any]) -> Iterator[Batch]:
    """Requests for these entries, in their order."""
    key, batch, encoded, size = encode(session), [], [], 0
    for entry in entries:
        text = encode(entry)
        if batch and (len(batch) == MOST_ENTRIES or size + len(text) > MOST_BYTES):
            yield Batch(key, batch, encoded)
            batch, encoded, size = [], [], 0
        batch.append(entry)
        encoded.append(text)
        size += len(text) + 1
    if batch:
        yield Batch(key, batch, encoded)


class FailedAppends:
    """The SDK sends a batch again that failed. Some of it may have been stored all the same; under the same names as before
    it is recognised, also where entries have no ``uuid``."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, dict[str, str]] = OrderedDict()

    def begin(self, path: str) -> Names:
        return Names(self._names.pop(path, {}))

    def fail(self, path: str, names: Names) -> None:
        self._names[path] = names.used
        if len(self._names) > MOST_FAILED:
            self._names.popitem(last=False)


class Names:
    """The ``Idempotency-Key`` of each request of one append."""

    def __init__(self, known: dict[str, str]) -> None:
        self._known = known
        self.used: dict[str, str] = {}

    def of(self, batch: Batch) -> str:
        # Two requests of one append may be the same, and are two all the same.
        place = f"{len(self.used)} {hashlib.sha256(batch.body).hexdigest()}"
        name = self._known.get(place) or str(uuid.uuid4())
        self.used[place] = name
        return name
