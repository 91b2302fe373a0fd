"""What answers to parts mean, and what is written of documents that were read."""

from __future__ import annotations

import json

import pytest

from ingest.problems import DataProblem, WorldProblem
from ingest.sinks.contract import ItemResult, Outcome, RequestItem
from ingest.sinks.elasticsearch.options import ElasticsearchOptions
from ingest.sinks.elasticsearch.parts.answers import part_results
from ingest.sinks.elasticsearch.parts.encode import PartEncoder
from ingest.sinks.elasticsearch.parts.optimistic import Found, reading, writing
from ingest.sinks.elasticsearch.parts.payload import parsed
from ingest.sinks.elasticsearch.raw_json import object_members
from tests.kit.document_parts import Change, operations_on_parts, part_targets

ITEM = RequestItem("a", 5, "t", False, b"", 0)


@pytest.mark.parametrize(
    ("entry", "outcome"),
    [
        ({"update": {"status": 200, "result": "updated"}}, Outcome.DONE),
        ({"update": {"status": 201, "result": "created"}}, Outcome.DONE),
        ({"update": {"status": 200, "result": "deleted"}}, Outcome.DONE),
        ({"update": {"status": 200, "result": "noop"}}, Outcome.NEWER),
        ({"update": {"status": 409, "error": {"type": "version_conflict_engine_exception"}}}, Outcome.RETRY),
        ({"create": {"status": 409, "error": {"type": "version_conflict_engine_exception"}}}, Outcome.RETRY),
        ({"update": {"status": 429, "error": {"type": "es_rejected_execution_exception"}}}, Outcome.RETRY),
        (
            {"update": {"status": 400, "error": {"type": "illegal_argument_exception", "reason": "script"}}},
            Outcome.POISON,
        ),
        ({"index": {"status": 400, "error": {"type": "document_parsing_exception"}}}, Outcome.POISON),
    ],
)
def test_outcomes(entry: object, outcome: Outcome) -> None:
    """Each answer's outcome."""
    [result] = part_results([ITEM], {"items": [entry]})
    assert result.outcome is outcome


@pytest.mark.parametrize("answer", [{"items": []}, {"items": [5]}, {"items": [{"update": {}}]}, {}])
def test_not_an_answer(answer: object) -> None:
    """What isn't understood is never success (invariant 5)."""
    with pytest.raises(WorldProblem):
        part_results([ITEM], answer)


def test_scripts_forbidden() -> None:
    """That a cluster runs no scripts isn't the document's fault: the lane is told."""
    error = {"type": "illegal_argument_exception", "reason": "cannot execute [inline] scripts"}
    with pytest.raises(DataProblem, match="scripts_forbidden"):
        part_results([ITEM], {"items": [{"update": {"status": 400, "error": error}}]})


def found(text: str) -> Found:
    """A document as ``_mget`` gives it."""
    return {"found": "true", "_seq_no": "7", "_primary_term": "2"}, object_members(text)


def write(document: Found, *changes: Change, when_empty: str = "keep") -> ItemResult | list[object]:
    """The lines that follow, or the item's result."""
    options = ElasticsearchOptions(type="elasticsearch", urls=("http://h:9200",), parts="optimistic")
    [request] = PartEncoder(options, part_targets("t", when_empty)).encode(operations_on_parts(changes, "t"))
    said = [parsed(item.payload) for item in request.items]
    assert json.loads(reading(said)) == {"docs": [{"_index": "t", "_id": "a"}]}
    plan = writing(request.items, said, [document])
    [result] = plan.settled
    return result or [json.loads(line) for line in plan.body.decode().splitlines()]


def test_writes_are_conditional() -> None:
    """A document that was there is replaced only as it was read; one that wasn't is created only."""
    lines = write(found("{}"), Change("a", "address", "", 5))
    assert isinstance(lines, list)
    assert lines[0] == {"index": {"_index": "t", "_id": "a", "if_seq_no": 7, "if_primary_term": 2}}
    lines = write(({"found": "false"}, None), Change("a", "address", "", 5))
    assert isinstance(lines, list)
    assert lines[0] == {"create": {"_index": "t", "_id": "a"}}
    state = '{"ingest_parts": {"live": true, "sources": {"address": {"live": {"": 5}, "gone": {}, "floor": 0}}}}'
    lines = write(found(state), Change("a", "address", "", 8), when_empty="delete")
    assert lines == [{"delete": {"_index": "t", "_id": "a", "if_seq_no": 7, "if_primary_term": 2}}]
    result = write(found(state), Change("a", "address", "", 4))
    assert isinstance(result, ItemResult)
    assert result.outcome is Outcome.NEWER


def test_documents_that_cannot_be_read() -> None:
    """A missing index is made and tried again; an index without _source can hold no parts; a foreign array is poison."""
    missing = {"error": '{"type": "index_not_found_exception", "reason": "no such index [t]"}'}
    result = write((missing, None), Change("a", "address", "", 5))
    assert isinstance(result, ItemResult)
    assert (result.outcome, result.reason) == (Outcome.RETRY, "index_not_found_exception")
    with pytest.raises(DataProblem, match="_source"):
        write(({"found": "true", "_seq_no": "7", "_primary_term": "2"}, None), Change("a", "address", "", 5))
    result = write(found('{"lines": [{}]}'), Change("a", "lines", "1", 5))
    assert isinstance(result, ItemResult)
    assert (result.outcome, result.reason) == (Outcome.POISON, "elasticsearch.parts_tampered")
