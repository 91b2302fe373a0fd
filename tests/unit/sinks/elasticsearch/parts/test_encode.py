"""ingest.sinks.elasticsearch.parts.encode, payload and script: operations on parts to items and bodies."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.native.request_encoder import elasticsearch_encoder
from ingest.problems import DataProblem
from ingest.sinks.contract import Encoder, Operations, Parts
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.elasticsearch.parts.exact import inexact_number
from ingest.sinks.elasticsearch.parts.payload import is_part, key_order, parsed
from ingest.sinks.elasticsearch.parts.script import SCRIPT, scripted_body
from ingest.sinks.source_field import Source, parse_source
from tests.kit.binlog_slices import STAMP
from tests.kit.document_parts import Change, operations_on_parts, part_targets
from tests.kit.sink_operations import operations_of


def encoder(parts: str = "script", when_empty: str = "keep", **limits: int) -> Encoder[bytes]:
    """That of a lane whose fourth rule writes whole documents."""
    options = {"type": "elasticsearch", "urls": ["http://h:9200"], "parts": parts, **limits}
    targets = [*part_targets("t", when_empty), ElasticsearchTarget(index="u")]
    return elasticsearch_encoder(ElasticsearchOptions.model_validate(options), targets)


CHANGES = [
    Change("a", "lines", "1", 5),
    Change("b", "order", "", 7),
    Change("a", "lines", "2", 8),
    Change("a", "order", "", 9),
    Change("a", "lines", "1", 11),
]


def test_one_item_per_document() -> None:
    """All that a parcel says of a document is one item, with the newest change of each part and the highest version."""
    encoded = encoder().encode_newest(operations_on_parts(CHANGES, "t"))
    [request] = encoded.requests
    assert [(item.key, item.version, item.delete) for item in request.items] == [("b", 7, False), ("a", 11, False)]
    said = parsed(request.items[1].payload)
    changes = {(source.part, change.key): change.version for source in said.sources for change in source.changes}
    assert changes == {("lines", "2"): 8, ("order", ""): 9, ("lines", "1"): 11}
    assert (encoded.upserts, encoded.deletes, encoded.coalesced) == (3, 1, 1)


def test_an_item_of_deletions_is_one() -> None:
    """An item that only takes parts away counts as a deletion."""
    [request] = encoder().encode(operations_on_parts([Change("a", "order", "", 4), Change("a", "lines", "1", 6)], "t"))
    assert [item.delete for item in request.items] == [True]
    [request] = encoder().encode(operations_on_parts([Change("a", "order", "", 5), Change("a", "lines", "1", 6)], "t"))
    assert [item.delete for item in request.items] == [False]


def test_whole_documents_beside_parts() -> None:
    """A lane with rules of both kinds has requests of each kind."""
    operations = [*operations_on_parts(CHANGES, "t"), operations_of([("x", 3, {"id": 1})], "u", rule=3)]
    encoded = encoder().encode_newest(operations)
    assert [[is_part(item) for item in request.items] for request in encoded.requests] == [[False], [True, True]]
    assert encoded.upserts == 4


def test_routings_are_other_documents() -> None:
    """One key under two routing values is two documents."""
    [one] = operations_on_parts([Change("a", "lines", "1", 5), Change("a", "lines", "2", 7)], "t")
    requests = encoder().encode([replace(one, routings=["r1", "r2"])])
    assert [parsed(item.payload).routing for request in requests for item in request.items] == ["r1", "r2"]


def test_scripted_body() -> None:
    """The script's text is always the same; all else are its parameters."""
    [request] = encoder(when_empty="delete").encode(operations_on_parts(CHANGES, "t"))
    body = scripted_body(request)
    assert len(body) == request.size_bytes
    lines = [json.loads(line) for line in body[:-1].split(b"\n")]
    assert lines[2] == {"update": {"_index": "t", "_id": "a", "retry_on_conflict": 5}}
    assert {line["script"]["source"] for line in lines[1::2]} == {SCRIPT}
    assert lines[3]["scripted_upsert"] is True
    assert lines[3]["upsert"] == {}
    params = lines[1]["script"]["params"]
    assert params["delete_empty"] is True
    [said] = params["sources"]
    [[key, version, content, origin]] = said.pop("changes")
    assert (key, version, content) == ("", 7, {"total": 1.75, "note": None})
    assert parse_source(json.dumps(origin).encode()) == Source(STAMP, "shop.order", 7)
    assert said == {"part": "order", "into": None, "many": False, "fields": ["total", "note"]}


def test_a_part_keeps_no_source_when_it_is_switched_off() -> None:
    """As whole documents don't."""
    targets = [target.model_copy(update={"source_field": False}) for target in part_targets("t")]
    options = ElasticsearchOptions.model_validate({"type": "elasticsearch", "urls": ["http://h:9200"]})
    [request] = elasticsearch_encoder(options, targets).encode(operations_on_parts([Change("a", "order", "", 7)], "t"))
    [source] = parsed(request.items[0].payload).sources
    assert [change.source for change in source.changes] == [None]


def test_limits_cut_requests() -> None:
    """The script counts in a request's size; without scripts it isn't sent."""
    changes = [Change(f"d{n}", "order", "", n * 2 + 1) for n in range(1, 101)]
    scripted = encoder(bulk_bytes=100_000).encode(operations_on_parts(changes, "t"))
    assert len(scripted) > 2
    assert all(len(scripted_body(request)) <= 100_000 for request in scripted)
    assert len(encoder("optimistic", bulk_bytes=100_000).encode(operations_on_parts(changes, "t"))) == 1


@given(st.text(max_size=6), st.text(max_size=6), st.text(max_size=6))
def test_any_text_survives(document: str, key: str, sku: str) -> None:
    """Ids, part keys and texts arrive as they are."""
    batch = pa.RecordBatch.from_pylist(
        [{"sku": sku, "qty": 1}], schema=pa.schema({"sku": pa.string(), "qty": pa.int64()})
    )
    [one] = operations_on_parts([Change(document, "lines", key, 5)], "t")
    [request] = encoder().encode([replace(one, documents=batch)])
    said = parsed(request.items[0].payload)
    [change] = said.sources[0].changes
    assert (said.id, change.key, json.loads(change.content or "")["sku"]) == (document, key, sku)


def test_key_that_is_no_text() -> None:
    """Half a surrogate pair is a DataProblem."""
    [one] = operations_on_parts([Change("x\ud800", "lines", "1", 5)], "t")
    with pytest.raises(DataProblem, match="key_not_text"):
        encoder().encode([one])


def amounts(*values: str) -> list[Operations]:
    """Lines with a DECIMAL(30,4)."""
    schema = pa.schema([pa.field("amount", pa.decimal128(30, 4))])
    keys = [str(number) for number in range(len(values))]
    batch = pa.RecordBatch.from_pylist([{"amount": Decimal(value)} for value in values], schema=schema)
    [one] = operations_on_parts([Change("a", "lines", key, int(key) * 2 + 3) for key in keys], "t")
    return [replace(one, documents=batch, parts=Parts("lines", keys))]


def test_a_number_that_a_script_would_round() -> None:
    """It stops the lane by name; short ones pass, and without scripts all do."""
    assert encoder().encode(amounts("1.5", "-99999999999.1234"))
    with pytest.raises(DataProblem, match=r"number_not_exact.*12345678901234567\.8912") as info:
        encoder().encode(amounts("1.5", "12345678901234567.8912"))
    assert info.value.where["field"] == "amount"
    assert encoder("optimistic").encode(amounts("12345678901234567.8912"))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12345678901234567890123", None),
        ('{"a": "0.12345678901234567890"}', None),
        ('{"a": [1, 0.30000000000000004, 0.12345678901234567890]}', "0.12345678901234567890"),
        ("1.0000000000000000", None),
        ("-9007199254740993.5", "-9007199254740993.5"),
    ],
)
def test_inexact_number(text: str, number: str | None) -> None:
    """Only numbers with a point can be inexact, and only where the value changes; texts are no numbers."""
    assert inexact_number(text) == number


def test_key_order() -> None:
    """Whole numbers in their order; other texts by length and UTF-16 units."""
    assert sorted(["10", "9", "1", "😀", "￮", "ab"], key=key_order) == ["1", "9", "￮", "10", "ab", "😀"]
