"""What the conformance suite needs to know of a sink: how to make its driver and encoder, how to name a bad document,
how to stop and start its server.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from actors.drivers.sinks import Driver, open_driver
from actors.stack import Elasticsearch, Hbase
from actors.verify.parts import PartsReader
from ingest.sinks.blackhole.encode import BlackholeEncoder
from ingest.sinks.blackhole.options import BlackholeOptions
from ingest.sinks.contract import Encoder, Parts, Provenance, Request
from ingest.sinks.elasticsearch.encode import stored_fields as json_fields
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget, PartOptions
from ingest.sinks.elasticsearch.parts.view import document_of, part_id
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget
from ingest.sinks.registry import SinkOptions, SinkTarget, sink_kind, stored_fields
from ingest.sinks.stored import StoredDocument
from ingest.slices import TransactionStamp
from tests.kit.memory_sink import POISON_MARK, MemoryDriver, MemoryServer
from tests.kit.sink_operations import Change, Document, batch_of, operations_of

MAPPING = {
    "properties": {
        "id": {"type": "long"},
        "name": {"type": "text"},
        "amount": {"type": "double"},
        "size": {"type": "integer"},
    }
}

BATCH = 7
"""Items in a request: small, so that histories make several."""


@dataclass(frozen=True)
class SinkUnderTest:
    """One sink and one target of it. ``bad``: the ``size`` that it never takes. ``part``: documents are written as this part
    of theirs. ``committed``: it is told when changes were committed, and orders by that."""

    name: str
    target: str
    encoder: Encoder[bytes]
    new_driver: Callable[[], Driver]
    stored: Callable[[Document], Mapping[str, bytes]]
    bad: str
    stop: Callable[[], None]
    start: Callable[[], None]
    part: str | None = None
    committed: bool = False

    def encode(self, changes: Sequence[Change]) -> Sequence[Request[bytes]]:
        """A parcel of changes to requests."""
        operations = operations_of(changes, self.target)
        if self.committed:  # each row change in a transaction of its own, a millisecond after the one before
            stamps = [TransactionStamp("u:1", version // 2 * 1_000, "f", 4) for _, version, _ in changes]
            numbers = struct.pack(f"<{len(changes)}I", *range(len(changes)))
            provenance = Provenance("s.t", b"".join(stamp.pack() for stamp in stamps), numbers)
            operations = replace(operations, provenance=provenance)
        if self.part is not None:
            operations = replace(operations, parts=Parts(self.part, [""] * len(changes)))
        return self.encoder.encode([operations])

    def expected(self, changes: Sequence[Change]) -> dict[str, Mapping[str, bytes]]:
        """What must be stored after these changes, whatever their order: each key's newest."""
        newest: dict[str, Change] = {}
        for change in sorted(changes, key=lambda change: change[1]):
            newest[change[0]] = change
        return {key: self.stored(document) for key, _, document in newest.values() if document is not None}

    def found(self, driver: Driver) -> dict[str, Mapping[str, bytes]]:
        """What is stored, by scan; its keys alone are the same."""
        found = {document.key: document.fields for document in driver.scan(self.target, batch=5)}
        assert sorted(driver.scan_keys(self.target)) == sorted(found)
        return found

    def at(self, target: str) -> SinkUnderTest:
        """The same sink with another, empty target."""
        return replace(self, target=target)


def memory_sink() -> SinkUnderTest:
    """The reference."""
    server = MemoryServer()

    def switch(running: bool) -> None:
        server.running = running

    return SinkUnderTest(
        "memory",
        "t",
        BlackholeEncoder(BlackholeOptions(type="blackhole", encode="json", batch_items=BATCH)),
        lambda: MemoryDriver(server),
        lambda document: json_fields(batch_of([document]))[0],
        POISON_MARK,
        lambda: switch(False),
        lambda: switch(True),
    )


def elasticsearch_sink(server: Elasticsearch) -> SinkUnderTest:
    """A real Elasticsearch, which refuses a text in an integer field."""
    options = ElasticsearchOptions(type="elasticsearch", urls=(server.url,), bulk_items=BATCH)
    target = ElasticsearchTarget(index="{table}", mapping=MAPPING, settings={"number_of_replicas": 0})
    return _configured(options, target, "not a number", server.stop, server.start)


class PartDriver(PartsReader):
    """A driver that shows a document's only part as the document. What a script writes back is the same value, not the
    same text."""

    def __init__(self, driver: Driver, target: ElasticsearchTarget) -> None:
        super().__init__(driver, [target], [])
        assert target.part is not None
        self._part = target.part.part
        self.open, self.close, self.prepare, self.send = driver.open, driver.close, driver.prepare, driver.send

    def fetch(self, target: str, keys: Sequence[str], routings: Sequence[str | None] | None = None):
        found = super().fetch(target, [part_id(key, self._part, "") for key in keys], routings)
        return [None if one is None else self._document(one) for one in found]

    def scan(self, target: str, batch: int = 1_000):
        return (self._document(one) for one in super().scan(target, batch))

    @staticmethod
    def _document(part: StoredDocument) -> StoredDocument:
        return replace(part, key=document_of(part.key), fields=same_values(part.fields))


def same_values(fields: Mapping[str, bytes]) -> dict[str, bytes]:
    """JSON values as one text each, however they were written."""
    return {name: json.dumps(json.loads(text)).encode() for name, text in fields.items()}


def parts_sink(server: Elasticsearch, parts: str) -> SinkUnderTest:
    """The same, whose documents are written as a part of theirs, by script or without."""
    options = ElasticsearchOptions.model_validate(
        {"type": "elasticsearch", "urls": [server.url], "bulk_items": BATCH, "parts": parts}
    )
    target = ElasticsearchTarget(
        index="{table}", mapping=MAPPING, settings={"number_of_replicas": 0}, write=PartOptions(part="main")
    )
    made = _configured(options, target, "not a number", server.stop, server.start)
    return replace(
        made,
        name=f"parts {parts}",
        part="main",
        new_driver=lambda: PartDriver(made.new_driver(), target),
        stored=lambda document: same_values(made.stored(document)),
    )


def hbase_sink(server: Hbase, *, committed: bool = False) -> SinkUnderTest:
    """A real HBase behind a Thrift server, which refuses a cell above 10 MB. Stopping it stops the Thrift server.
    ``committed``: cells have commit times, on a clock that goes on a millisecond with every row change."""
    options = HbaseOptions(
        type="hbase", host=server.thrift_host, port=server.thrift_port, batch_rows=BATCH, timeout_ms=20_000
    )
    target = HbaseTarget(
        table="{table}",
        create=True,
        columns={"e:name": "name"},
        timestamps="commit_time" if committed else "version",
        source_field=False,
    )
    made = _configured(options, target, "x" * 11_000_000, server.stop_thrift, server.start_thrift)
    return replace(made, committed=committed)


def _configured(
    options: SinkOptions, target: SinkTarget, bad: str, stop: Callable[[], None], start: Callable[[], None]
) -> SinkUnderTest:
    return SinkUnderTest(
        options.type,
        "t",
        sink_kind(options.type).encoder(options, [target]),
        lambda: open_driver(options, [target], lambda _: None),
        lambda document: stored_fields(target, batch_of([document]))[0],
        bad,
        stop,
        start,
    )
