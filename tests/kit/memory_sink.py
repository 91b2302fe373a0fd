"""A sink in memory that keeps the contract to the letter: the reference for the conformance suite.

The server outlives its drivers and can be stopped and started; it compares versions as Elasticsearch does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ingest.problems import WorldProblem
from ingest.sinks.contract import DONE, NEWER, ItemResult, Outcome, Request, RequestItem
from ingest.sinks.elasticsearch.raw_json import object_members
from ingest.sinks.faults import UNREACHABLE
from ingest.sinks.stored import StoredDocument

POISON_MARK = "poison"
"""A document with this text as its ``size`` is never taken."""


class MemoryServer:
    """What is durable: the newest version of each (target, key), as document or tombstone."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], tuple[int, bytes | None]] = {}
        self.running = True

    def apply(self, item: RequestItem[bytes]) -> ItemResult:
        """One item's answer."""
        if not item.delete and json.loads(item.payload).get("size") == POISON_MARK:
            return ItemResult(Outcome.POISON, "poison_mark", "this sink takes no document with that mark")
        version, _ = self.stored.get((item.target, item.key), (0, None))
        if item.version <= version:
            return NEWER
        self.stored[item.target, item.key] = (item.version, None if item.delete else item.payload)
        return DONE


class MemoryDriver:
    """One connection to a ``MemoryServer``."""

    def __init__(self, server: MemoryServer) -> None:
        self._server = server
        self._connected = False

    def open(self) -> None:
        """Connect."""
        self._check()
        self._connected = True

    def close(self) -> None:
        """Disconnect."""
        self._connected = False

    def prepare(self, targets: Sequence[str]) -> None:
        """Targets need no preparation."""
        self._check()

    def send(self, request: Request[bytes]) -> Sequence[ItemResult]:
        """Apply every item. An empty key is poison, as in the real sinks."""
        self._check()
        empty = ItemResult(Outcome.POISON, "id_empty", "no empty key")
        return [self._server.apply(item) if item.key else empty for item in request.items]

    def fetch(
        self, target: str, keys: Sequence[str], routings: Sequence[str | None] | None = None
    ) -> list[StoredDocument | None]:
        """Documents by key."""
        self._check()
        return [self._document(target, key) for key in keys]

    def scan(self, target: str, batch: int = 1_000) -> Iterator[StoredDocument]:
        """All documents of a target."""
        self._check()
        documents = (self._document(target, key) for where, key in list(self._server.stored) if where == target)
        return iter([document for document in documents if document is not None])

    def scan_keys(self, target: str) -> Iterator[str]:
        """The keys of a target."""
        return (document.key for document in self.scan(target))

    def _document(self, target: str, key: str) -> StoredDocument | None:
        version, payload = self._server.stored.get((target, key), (0, None))
        if payload is None:
            return None
        fields = {name: text.encode() for name, text in object_members(payload.decode()).items()}
        return StoredDocument(key, version, fields)

    def _check(self) -> None:
        if not self._server.running:
            self._connected = False
            raise WorldProblem(UNREACHABLE, "the memory sink is stopped")
