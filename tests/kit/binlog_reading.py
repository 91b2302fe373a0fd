"""What the reader does with a stream, for tests: events, schemas, images, keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.binlog.codec import PureReaderCodec
from ingest.binlog.file import split_file
from ingest.codec import BinlogEvent, RowBlock, RowsEvent, TableMap
from ingest.schema import TableSchema
from ingest.slices import Kind

CODEC = PureReaderCodec()


@dataclass
class Rows:
    """A rows event, walked."""

    schema: TableSchema
    block: RowBlock
    before_keys: list[str] = field(default_factory=list)
    after_keys: list[str] = field(default_factory=list)


def events_of(payloads: Sequence[bytes], checksum: bool = True) -> list[BinlogEvent]:
    """All events of a dump."""
    stream = CODEC.stream(checksum=checksum)
    return [event for payload in payloads for event in stream.feed(payload)]


def file_events(data: bytes) -> list[BinlogEvent]:
    """All events of a binlog file."""
    return events_of(list(split_file(data)))


def walked(events: Sequence[BinlogEvent], supplement: bytes = b"") -> list[Rows]:
    """Each rows event cut, with the primary keys of the images that hold them."""
    tables: dict[int, TableMap] = {}
    found = []
    for event in events:
        if isinstance(event, TableMap):
            tables[event.table_id] = event
        elif isinstance(event, RowsEvent):
            schema = CODEC.table_schema(tables[event.table_id].body, supplement)
            walker = CODEC.walker(schema, event.before_present, event.after_present)
            rows = Rows(schema, walker.walk(event))
            if event.kind != Kind.INSERT:
                rows.before_keys = walker.keys(rows.block.before, schema.primary_key, after=False)
            if event.kind == Kind.INSERT or event.before_present == event.after_present:
                rows.after_keys = walker.keys(rows.block.after, schema.primary_key, after=True)
            found.append(rows)
    return found
