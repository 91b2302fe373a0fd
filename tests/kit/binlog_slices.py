"""Binlog bytes to slices, one per rows event: the reader's path without lanes, for tests and benchmarks of decoders."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator

from ingest.binlog.codec import PureReaderCodec
from ingest.binlog.file import split_file
from ingest.codec import RowsEvent, TableMap
from ingest.schema import TableName
from ingest.slices import Kind, Slice, TransactionStamp

STAMP = TransactionStamp("3E11FA47-71CA-11E1-9E33-C80AA9429562:23", 1_700_000_000_000_000, "binlog.000001", 4)


def slice_of(
    table_map: bytes,
    kind: Kind,
    before: Iterable[bytes],
    after: Iterable[bytes],
    before_present: bytes,
    after_present: bytes,
    supplement: bytes = b"",
) -> Slice:
    """Rows of one kind as a slice, ordinals from 1; an absent image is b""."""
    pairs = list(zip(before, after, strict=True))
    images = [image for pair in pairs for image in pair]
    ends, end = [], 0
    for image in images:
        end += len(image)
        ends.append(end)
    count = len(pairs)
    return Slice(
        rule=0,
        table_map=table_map,
        supplement=supplement,
        before_present=before_present,
        after_present=after_present,
        kinds=bytes([kind]) * count,
        ordinals=struct.pack(f"<{count}Q", *range(1, count + 1)),
        images=b"".join(images),
        ends=struct.pack(f"<{2 * count}I", *ends),
        packed_stamps=STAMP.pack(),
        stamp_of=bytes(4 * count),
    )


def slices_of(
    data: bytes, supplement_of: Callable[[TableName], bytes] = lambda _: b"", checksum: bool = True
) -> Iterator[tuple[TableName, Slice]]:
    """A binlog file's rows events as slices, with their table; ``supplement_of`` adds what the file doesn't say."""
    codec = PureReaderCodec()
    stream = codec.stream(checksum=checksum)
    maps: dict[int, TableMap] = {}
    for payload in split_file(data):
        for event in stream.feed(payload):
            if isinstance(event, TableMap):
                maps[event.table_id] = event
            elif isinstance(event, RowsEvent):
                found = maps[event.table_id]
                supplement = supplement_of(found.name)
                schema = codec.table_schema(found.body, supplement)
                block = codec.walker(schema, event.before_present, event.after_present).walk(event)
                yield (
                    found.name,
                    slice_of(
                        found.body,
                        event.kind,
                        block.before,
                        block.after,
                        event.before_present,
                        event.after_present,
                        supplement,
                    ),
                )
