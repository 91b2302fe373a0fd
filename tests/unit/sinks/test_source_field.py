"""Where a document came from, as one field of it."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import pytest

from ingest.problems import DataProblem
from ingest.sinks.contract import Operations, Provenance
from ingest.sinks.elasticsearch.encode import ElasticsearchEncoder
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.hbase.encode import HbaseEncoder
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget
from ingest.sinks.registry import source_names
from ingest.sinks.source_field import Source, parse_source, source_texts
from ingest.slices import TransactionStamp
from tests.kit.sink_operations import operations_of

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
STAMPS = [TransactionStamp(f"{UUID}:{number}", 1_704_164_645_123_456, "binlog.000003", 157) for number in (5, 6)]


def changes(*stamp_of: int) -> Operations:
    """One change of one document for each, in the slice's order."""
    made = operations_of([(f"k{row}", 10 + row, {"id": row}) for row in range(len(stamp_of))])
    packed = b"".join(stamp.pack() for stamp in STAMPS)
    return replace(made, provenance=Provenance("shop.orders", packed, struct.pack(f"<{len(stamp_of)}I", *stamp_of)))


def sent(target: ElasticsearchTarget, operations: Operations) -> list[dict[str, object]]:
    """The documents of a bulk request."""
    options = ElasticsearchOptions.model_construct(bulk_items=99, bulk_bytes=99_999)
    [request] = ElasticsearchEncoder(options, [target]).encode_newest([operations]).requests
    return [json.loads(item.payload.splitlines()[1]) for item in request.items]


def test_each_document_says_where_it_came_from() -> None:
    """The text is the one that the page promises, and is read back as it was."""
    [_, text] = source_texts(changes(0, 1))
    assert text == (
        f'{{"gtid":"{UUID}:6","file":"binlog.000003","position":157,"commit_time":"2024-01-02T03:04:05.123456Z",'
        '"table":"shop.orders","version":11}'
    )
    assert parse_source(text.encode()) == Source(STAMPS[1], "shop.orders", 11)
    assert [parse_source(text) for text in (b"", b"[]", b"{}", b"null")] == [None] * 4


def test_coalescing_keeps_the_last_changes_source() -> None:
    """Of two changes of one document the newer one's transaction is named."""
    twice = replace(changes(0, 1), keys=["k", "k"])
    [document] = sent(ElasticsearchTarget(index="t"), twice)
    assert parse_source(json.dumps(document["ingest_source"]).encode()) == Source(STAMPS[1], "shop.orders", 11)


def test_filtered_rows_dont_shift_it() -> None:
    """Operations name the rows of the slice that they came from."""
    last = replace(operations_of([("k", 9, {"id": 1})]), sources=[2], provenance=changes(0, 0, 1).provenance)
    [text] = source_texts(last)
    assert f"{UUID}:6" in text


def test_off_and_unknown() -> None:
    """No field when it is switched off, nor where the rows are no changes of a binlog (``ingest plan``)."""
    assert "ingest_source" not in sent(ElasticsearchTarget(index="t", source_field=False), changes(0))[0]
    assert "ingest_source" not in sent(ElasticsearchTarget(index="t"), replace(changes(0), provenance=None))[0]


def test_a_field_of_that_name_is_refused() -> None:
    """Never two fields of one name (5)."""
    with pytest.raises(DataProblem, match=r"sink\.source_field_taken"):
        sent(ElasticsearchTarget(index="t", source_field="name"), changes(0))


def test_hbase_cells() -> None:
    """One cell in the family, or where ``columns`` says; none of its own accord where several rules share a row."""
    options = HbaseOptions.model_construct(batch_rows=99, batch_bytes=99_999)

    def payload(target: HbaseTarget) -> bytes:
        [request] = HbaseEncoder(options, [target]).encode_newest([changes(0)]).requests
        [item] = request.items
        return item.payload

    [text] = source_texts(changes(0))
    assert b"d:ingest_source" in payload(HbaseTarget(table="t"))
    assert text.encode() in payload(HbaseTarget(table="t"))
    renamed = HbaseTarget(table="t", family=None, columns={"x:id": "id", "x:from": "origin"}, source_field="origin")
    assert b"x:from" in payload(renamed)
    assert text.encode() not in payload(HbaseTarget(table="t", delete="columns"))
    assert text.encode() in payload(HbaseTarget(table="t", delete="columns", source_field="from_orders"))
    assert source_names("t", [renamed, HbaseTarget(table="t"), HbaseTarget(table="u", family="z")]) == {
        "x:from",
        "d:ingest_source",
    }


@pytest.mark.parametrize("name", ["", "a.b", "_id", "a:b", " a", True])
def test_names(name: object) -> None:
    """A name that can be a field at the top, and a qualifier."""
    with pytest.raises(ValueError, match="source_field"):
        ElasticsearchTarget.model_validate({"index": "t", "source_field": name})
