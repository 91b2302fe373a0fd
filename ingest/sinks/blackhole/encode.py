"""Operations to requests that go nowhere; with or without the work of encoding documents."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.sinks.batching import by_version, cut
from ingest.sinks.blackhole.options import BlackholeOptions
from ingest.sinks.coalesce import CoalescingEncoder
from ingest.sinks.contract import Operations, Request, RequestItem
from ingest.sinks.json_documents import json_documents

MOST_BYTES = 1 << 40
"""Requests are cut by items only."""


class BlackholeEncoder(CoalescingEncoder[bytes]):
    """Encodes as the options say. Pure."""

    def __init__(self, options: BlackholeOptions) -> None:
        self._options = options

    def encode(self, operations: Sequence[Operations]) -> Sequence[Request[bytes]]:
        """All operations of a parcel to requests. DataProblem: a field without a JSON form (if it encodes)."""
        payloads = [self._payloads(part) for part in operations]
        items = (_item(operations[part], row, payloads[part][row]) for part, row in by_version(operations))
        return cut(items, self._options.batch_items, MOST_BYTES)

    def _payloads(self, part: Operations) -> Sequence[bytes]:
        if self._options.encode == "nothing":
            return [b""] * len(part.keys)
        return [text.encode() for text in json_documents(part.documents)]


def _item(part: Operations, row: int, payload: bytes) -> RequestItem[bytes]:
    return RequestItem(part.keys[row], part.versions[row], part.targets[row], part.deletes[row], payload, len(payload))
