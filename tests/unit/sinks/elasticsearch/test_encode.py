"""ingest.sinks.elasticsearch.encode: operations to the lines of a bulk body."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.native.request_encoder import elasticsearch_encoder
from ingest.problems import DataProblem
from ingest.sinks.contract import Encoder, Request
from ingest.sinks.elasticsearch.encode import ElasticsearchEncoder, stored_fields
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from tests.kit.sink_operations import Change, batch_of, operations_of

INDEX = ElasticsearchTarget(index="t")
UPSERT = ElasticsearchTarget(index="t", write="upsert")


NewEncoder = Callable[..., Encoder[bytes]]


@pytest.fixture(scope="module", params=[ElasticsearchEncoder, elasticsearch_encoder])
def encoder(request: pytest.FixtureRequest) -> NewEncoder:
    """What makes an encoder: the pure one, and the native one where there is a core."""

    def new(*targets: ElasticsearchTarget, **limits: int) -> Encoder[bytes]:
        given = {"type": "elasticsearch", "urls": ["http://h:9200"], **limits}
        made: Encoder[bytes] = request.param(ElasticsearchOptions.model_validate(given), targets or (INDEX,))
        return made

    return new


def lines(request: Request[bytes]) -> list[Any]:
    body = b"".join(item.payload for item in request.items)
    assert body.endswith(b"\n")
    return [json.loads(line) for line in body[:-1].split(b"\n")]


def test_index_and_delete_lines(encoder: NewEncoder) -> None:
    """A document and a deletion carry index, id and external version; a document is whole, NULLs included."""
    [request] = encoder().encode([operations_of([("a", 3, {"id": 1, "name": 'x"\n'}), ("b", 4, None)])])
    assert lines(request) == [
        {"index": {"_index": "t", "_id": "a", "version": 3, "version_type": "external"}},
        {"id": 1, "name": 'x"\n', "amount": None, "size": None},
        {"delete": {"_index": "t", "_id": "b", "version": 4, "version_type": "external"}},
    ]


def test_routing_stands_in_the_action(encoder: NewEncoder) -> None:
    """A routing value goes with the document and with its deletion."""
    changes: list[Change] = [("a", 2, None), ("a", 3, {})]
    first, second = encoder().encode([operations_of(changes, routings=["r1", "r2"])])
    assert lines(first)[0]["delete"]["routing"] == "r1"
    assert lines(second)[0]["index"]["routing"] == "r2"


def test_upsert_lines_have_no_version(encoder: NewEncoder) -> None:
    """Elasticsearch fails a whole request for a version on an update; so upserts and their deletions carry none."""
    [request] = encoder(UPSERT).encode([operations_of([("a", 3, {"id": 1}), ("b", 4, None)])])
    found = lines(request)
    assert found[0] == {"update": {"_index": "t", "_id": "a"}}
    assert found[1]["doc_as_upsert"] is True
    assert found[1]["doc"]["id"] == 1
    assert found[2] == {"delete": {"_index": "t", "_id": "b"}}


def test_rules_use_their_own_target(encoder: NewEncoder) -> None:
    """Each rule's operations are written as its own target says, and all in the order of versions."""
    parts = [operations_of([("a", 9, {})], rule=0), operations_of([("b", 4, {})], rule=1)]
    [request] = encoder(INDEX, UPSERT).encode(parts)
    assert [next(iter(line)) for line in lines(request)[::2]] == ["update", "index"]
    assert [item.version for item in request.items] == [4, 9]


def test_limits_cut_requests(encoder: NewEncoder) -> None:
    """Requests keep to bulk_items and bulk_bytes."""
    changes: list[Change] = [(str(n), n + 1, {"name": "x" * 100}) for n in range(1000)]
    assert {len(one.items) for one in encoder(bulk_items=100).encode([operations_of(changes)])} == {100}
    assert all(one.size_bytes <= 10_000 for one in encoder(bulk_bytes=10_000).encode([operations_of(changes)]))


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), min_size=1, max_size=10, unique_by=lambda p: p[0]))
def test_any_text_survives(encoder: NewEncoder, texts: list[tuple[str, str]]) -> None:
    """Any id and any text arrive as they are."""
    changes: list[Change] = [(key, n + 1, {"name": name}) for n, (key, name) in enumerate(texts)]
    [request] = encoder().encode([operations_of(changes)])
    found = lines(request)
    assert [(a["index"]["_id"], d["name"]) for a, d in zip(found[::2], found[1::2], strict=True)] == texts


def test_key_that_is_no_text(encoder: NewEncoder) -> None:
    """A key with half a surrogate pair is a DataProblem that names it."""
    with pytest.raises(DataProblem, match=r"sink\.key_not_text: the key 'x\\ud800'"):
        encoder().encode([operations_of([("ok", 1, {}), ("x\ud800", 2, {})])])


def test_stored_fields_are_the_documents_members(encoder: NewEncoder) -> None:
    """What is compared later is, member for member, the text that was sent."""
    batch = batch_of([{"id": 1, "name": "a"}])
    [request] = encoder().encode([operations_of([("a", 1, {"id": 1, "name": "a"})])])
    document = request.items[0].payload.split(b"\n")[1]
    [fields] = stored_fields(batch)
    assert document == b"{" + b",".join(b'"%b":%b' % (name.encode(), text) for name, text in fields.items()) + b"}"
