"""What a sink says of a document, or of each part of one: its version and where it came from."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from ingest.lineage.judge import Part
from ingest.sinks.elasticsearch.options import PARTS_FIELD
from ingest.sinks.elasticsearch.parts.merge import sources_of
from ingest.sinks.source_field import Source, parse_source
from ingest.sinks.stored import StoredDocument


@dataclass(frozen=True, slots=True)
class Held:
    """``version``: what the source says, else what the sink does (HBase: the timestamp of the newest cell, which all rows
    of a request share). ``source``: None where it isn't kept."""

    version: int
    source: Source | None


def held_document(document: StoredDocument, names: Collection[str]) -> Held:
    """A whole document; ``names``: of the fields that may hold its source."""
    texts = [document.fields[name] for name in names if name in document.fields]
    sources = [source for source in map(parse_source, texts) if source is not None]
    newest = max(sources, key=lambda source: source.version, default=None)
    return Held(document.version if newest is None else newest.version, newest)


def held_parts(document: StoredDocument) -> dict[Part, Held]:
    """The parts that are there. ValueError when what the document says of them can't be read."""
    members = {name: text.decode() for name, text in document.fields.items() if name == PARTS_FIELD}
    return {
        (name, key): Held(version, parse_source(json.dumps(one.origin.get(key)).encode()))
        for name, one in sources_of(members).items()
        for key, version in one.live.items()
    }
