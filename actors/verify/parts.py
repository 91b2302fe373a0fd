"""A sink read back where rules write parts of documents: each part stands for a document of its own.

So a comparison looks at parts as at documents: one that is missing, differs, or that no row asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.sinks.elasticsearch.options import ElasticsearchTarget
from ingest.sinks.elasticsearch.parts.view import PartsView, document_of
from ingest.sinks.registry import SinkTarget
from ingest.sinks.stored import SinkReader, StoredDocument
from ingest.sinks.target_match import target_of


class PartsReader(SinkReader):
    """``targets``: the ``to`` of the lane's rules; ``others``: those of the sink's other lanes."""

    def __init__(self, reader: SinkReader, targets: Sequence[SinkTarget], others: Sequence[SinkTarget]) -> None:
        self._reader = reader
        self._targets = [target for target in targets if isinstance(target, ElasticsearchTarget)]
        self._others = [target for target in others if isinstance(target, ElasticsearchTarget)]

    def fetch(
        self, target: str, keys: Sequence[str], routings: Sequence[str | None] | None = None
    ) -> list[StoredDocument | None]:
        """See ``SinkReader``; a document of which several parts are asked for is read once."""
        view = self._view(target)
        if view is None:
            return self._reader.fetch(target, keys, routings)
        documents = [(document_of(key), routing) for key, routing in _with_routings(keys, routings)]
        wanted = list(dict.fromkeys(documents))
        found = self._reader.fetch(target, [key for key, _ in wanted], [routing for _, routing in wanted])
        parts = {
            (place, part.key): part
            for place, document in zip(wanted, found, strict=True)
            if document is not None
            for part in view.parts(document)
        }
        return [parts.get((place, key)) for place, key in zip(documents, keys, strict=True)]

    def scan(self, target: str, batch: int = 1_000) -> Iterator[StoredDocument]:
        """See ``SinkReader``."""
        view = self._view(target)
        for document in self._reader.scan(target, batch):
            yield from [document] if view is None else view.parts(document)

    def scan_keys(self, target: str) -> Iterator[str]:
        """See ``SinkReader``; of parts it reads whole documents."""
        if self._view(target) is None:
            return self._reader.scan_keys(target)
        return (part.key for part in self.scan(target))

    def _view(self, name: str) -> PartsView | None:
        """How to look at an index; None: its documents are whole."""
        target = target_of(name, self._targets)
        if target is None or target.part is None:
            return None
        same = [one for one in self._targets if one.index == target.index]
        return PartsView(same, [one for one in self._others if one.index == target.index])


def _with_routings(keys: Sequence[str], routings: Sequence[str | None] | None) -> Iterator[tuple[str, str | None]]:
    return zip(keys, routings or [None] * len(keys), strict=True)
