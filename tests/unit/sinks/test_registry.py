"""ingest.sinks.registry: kinds of sinks."""

from __future__ import annotations

import pytest

from ingest.sinks.blackhole.options import BlackholeOptions, BlackholeTarget
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget
from ingest.sinks.registry import SINK_KINDS, SinkOptions, SinkTarget, sink_kind, stored_fields
from tests.kit.sink_operations import batch_of, operations_of

CONFIGURED: list[tuple[SinkOptions, SinkTarget]] = [
    (ElasticsearchOptions(type="elasticsearch", urls=("http://127.0.0.1:9200",)), ElasticsearchTarget(index="t")),
    (HbaseOptions(type="hbase"), HbaseTarget(table="t")),
    (BlackholeOptions(type="blackhole", encode="json"), BlackholeTarget(name="t")),
]


@pytest.mark.parametrize(("options", "target"), CONFIGURED, ids=lambda value: type(value).__name__)
def test_each_kind_encodes(options: SinkOptions, target: SinkTarget) -> None:
    """Every kind's encoder makes one item per operation, with key, version, target and size."""
    encoder = sink_kind(options.type).encoder(options, [target])
    [request] = encoder.encode([operations_of([("a", 3, {"id": 1}), ("b", 4, None)])])
    assert [(one.key, one.version, one.target, one.delete) for one in request.items] == [
        ("a", 3, "t", False),
        ("b", 4, "t", True),
    ]
    assert all(one.size_bytes == len(one.payload) > 0 for one in request.items)


def test_encoder_refuses_other_sinks_options() -> None:
    """Options or targets of another sink are a TypeError, not a wrong encoder."""
    for kind in SINK_KINDS:
        options, target = next(pair for pair in CONFIGURED if pair[0].type != kind.name)
        with pytest.raises(TypeError):
            kind.encoder(options, [target])


def test_stored_fields_by_target() -> None:
    """What must be read back is JSON texts for Elasticsearch, cells for HBase (none for NULL)."""
    batch = batch_of([{"id": 7, "name": "é"}])
    assert stored_fields(ElasticsearchTarget(index="t"), batch) == [
        {"id": b"7", "name": '"é"'.encode(), "amount": b"null", "size": b"null"}
    ]
    assert stored_fields(HbaseTarget(table="t"), batch) == [{"d:id": b"7", "d:name": "é".encode()}]


def test_kinds_are_told_apart_by_type() -> None:
    """Each kind's name is the ``type`` of its options."""
    assert [sink_kind(options.type).options for options, _ in CONFIGURED] == [type(one) for one, _ in CONFIGURED]
