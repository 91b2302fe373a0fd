"""A sink read back without what says where documents came from: MySQL's rows know nothing of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.sinks.registry import SinkTarget, source_names
from ingest.sinks.stored import SinkReader, StoredDocument


class SourcelessReader(SinkReader):
    """``targets``: the ``to`` of the lane's rules."""

    def __init__(self, reader: SinkReader, targets: Sequence[SinkTarget]) -> None:
        self._reader = reader
        self._targets = targets

    def fetch(
        self, target: str, keys: Sequence[str], routings: Sequence[str | None] | None = None
    ) -> list[StoredDocument | None]:
        """See ``SinkReader``."""
        names = source_names(target, self._targets)
        found = self._reader.fetch(target, keys, routings)
        return [None if document is None else _without(document, names) for document in found]

    def scan(self, target: str, batch: int = 1_000) -> Iterator[StoredDocument]:
        """See ``SinkReader``."""
        names = source_names(target, self._targets)
        return (_without(document, names) for document in self._reader.scan(target, batch))

    def scan_keys(self, target: str) -> Iterator[str]:
        """See ``SinkReader``."""
        return self._reader.scan_keys(target)


def _without(document: StoredDocument, names: frozenset[str]) -> StoredDocument:
    if names.isdisjoint(document.fields):
        return document
    return replace(document, fields={name: value for name, value in document.fields.items() if name not in names})
