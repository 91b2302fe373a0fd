"""What a sink holds of a document, read back for comparison (``ingest verify``, the demo, the tests).

A driver reads (``SinkReader``); what it must find is computed by the registry's ``stored_key`` and ``stored_fields``
from the same documents that were encoded. Both are bytes, so the comparison is exact: JSON value texts for
Elasticsearch, cells for HBase.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

StoredFields = Mapping[str, bytes]
"""Name of a field (Elasticsearch) or ``family:qualifier`` (HBase) to its bytes as stored."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as the sink holds it: its key there (document id, row key), its version (HBase: the newest cell's
    timestamp), its fields, and its routing value if it was written with one (Elasticsearch)."""

    key: str
    version: int
    fields: StoredFields
    routing: str | None = None


class SinkReader(Protocol):
    """The reading side of a driver. Raises as its writing side does."""

    def fetch(
        self, target: str, keys: Sequence[str], routings: Sequence[str | None] | None = None
    ) -> list[StoredDocument | None]:
        """The documents of these stored keys, in their order, None where there is none; sees the latest writes."""

    def scan(self, target: str, batch: int = 1_000) -> Iterator[StoredDocument]:
        """Every document of a target, in the sink's own order, read ``batch`` at a time."""

    def scan_keys(self, target: str) -> Iterator[str]:
        """The key of every document of a target, in the sink's own order; much quicker than ``scan``."""
