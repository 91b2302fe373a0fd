"""ingest.sinks.elasticsearch.classify: what answers mean. The answers are recorded from Elasticsearch 9.5."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.problems import DataProblem, Problem, WorldProblem
from ingest.sinks.batching import Refused
from ingest.sinks.contract import DONE, NEWER, ItemResult, Outcome, RequestItem
from ingest.sinks.elasticsearch.classify import all_plain, refusal, results, unsendable

ITEM = RequestItem("k", 1, "t", False, b"", 0)


def error(kind: str, reason: str = "words") -> dict[str, object]:
    return {"type": kind, "reason": reason}


def one(action: str, status: int, kind: str | None = None) -> ItemResult:
    answer: dict[str, object] = {"status": status}
    if kind is not None:
        answer["error"] = error(kind)
    [found] = results([ITEM], {"items": [{action: answer}]})
    return found


@pytest.mark.parametrize(
    ("action", "status", "kind", "expected"),
    [
        ("index", 200, None, DONE),
        ("index", 201, None, DONE),
        ("update", 200, None, DONE),
        ("delete", 200, None, DONE),
        ("delete", 404, None, DONE),
        ("index", 409, "version_conflict_engine_exception", NEWER),
        ("delete", 409, "version_conflict_engine_exception", NEWER),
    ],
)
def test_success(action: str, status: int, kind: str | None, expected: ItemResult) -> None:
    """Applied, or already there or newer; a deletion of nothing leaves a tombstone."""
    assert one(action, status, kind) == expected


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("index", 429, "es_rejected_execution_exception"),
        ("index", 429, "circuit_breaking_exception"),
        ("index", 429, "cluster_block_exception"),
        ("index", 403, "cluster_block_exception"),
        ("index", 503, "unavailable_shards_exception"),
        ("index", 500, "internal_server_error"),
        ("index", 404, "index_not_found_exception"),
        ("index", 400, "index_closed_exception"),
        ("update", 409, "version_conflict_engine_exception"),
    ],
)
def test_retry(action: str, status: int, kind: str) -> None:
    """What may pass is tried again, under the sink's own reason and words; an upsert's conflict is a race, not a
    newer version.
    """
    assert one(action, status, kind) == ItemResult(Outcome.RETRY, kind, "words")


@pytest.mark.parametrize(
    "kind",
    [
        "document_parsing_exception",
        "mapper_parsing_exception",
        "strict_dynamic_mapping_exception",
        "illegal_argument_exception",
    ],
)
def test_poison(kind: str) -> None:
    """What the document itself is at fault for is never tried again."""
    assert one("index", 400, kind) == ItemResult(Outcome.POISON, kind, "words")


def test_forbidden_item_stops() -> None:
    """Missing rights aren't the document's fault: the lane stops and names index and key."""
    with pytest.raises(DataProblem, match=r"sink\.unauthorized[\s\S]*target t, key k"):
        one("index", 403, "security_exception")


def test_causes_are_told() -> None:
    """The detail of a poison item holds the causes below the first error."""
    cause = {"type": "x", "reason": "below", "caused_by": {"type": "y", "reason": "bottom"}}
    answer = {"index": {"status": 400, "error": {**error("document_parsing_exception", "top"), "caused_by": cause}}}
    [found] = results([ITEM], {"items": [answer]})
    assert found.detail == "top; because below; because bottom"


@pytest.mark.parametrize(
    "answer",
    [
        {"items": []},
        {"items": [{"index": {"status": 200}}, {"index": {"status": 200}}]},
        {},
        None,
        {"items": [{}]},
        {"items": [{"index": {}}]},
        {"items": ["x"]},
    ],
)
def test_answer_that_does_not_fit(answer: object) -> None:
    """Anything but one readable answer for each item is never taken for success."""
    with pytest.raises(WorldProblem, match=r"sink\.answer_not_understood"):
        results([ITEM], answer)


def test_accepted_request() -> None:
    """Status 200 with items isn't refused: the items speak."""
    assert refusal(200, {"items": []}) is None


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (413, None, "request_too_large"),
        (400, {"error": error("action_request_validation_exception")}, "action_request_validation_exception"),
        (400, None, "bad_request"),
    ],
)
def test_refused_request(status: int, answer: object, reason: str) -> None:
    """Something in the request is at fault: it is found by halving."""
    found = refusal(status, answer)
    assert isinstance(found, Refused)
    assert found.reason == reason


@pytest.mark.parametrize(
    ("status", "answer", "family", "code"),
    [
        (401, {"error": error("security_exception")}, DataProblem, "sink.unauthorized"),
        (403, {"error": error("security_exception")}, DataProblem, "sink.unauthorized"),
        (403, {"error": error("cluster_block_exception")}, WorldProblem, "sink.busy"),
        (429, {"error": error("es_rejected_execution_exception")}, WorldProblem, "sink.busy"),
        (502, None, WorldProblem, "sink.unreachable"),
        (503, {"error": error("x")}, WorldProblem, "sink.unreachable"),
        (404, None, DataProblem, "sink.answer_not_understood"),
        (200, {"hello": "proxy"}, DataProblem, "sink.answer_not_understood"),
        (200, None, DataProblem, "sink.answer_not_understood"),
    ],
)
def test_failed_request(status: int, answer: object, family: type[Problem], code: str) -> None:
    """The server, or something before it, refuses everything: by family, retried or not."""
    with pytest.raises(family) as caught:
        refusal(status, answer)
    assert caught.value.code.name == code


@pytest.mark.parametrize(
    ("key", "reason"),
    [("", "id_empty"), ("x" * 513, "id_too_long"), ("é" * 257, "id_too_long"), ("x" * 512, None), ("é" * 256, None)],
)
def test_unsendable_ids(key: str, reason: str | None) -> None:
    """An id that would fail its whole request is poison without being sent; 512 bytes are allowed."""
    found = unsendable(RequestItem(key, 1, "t", False, b"", 0))
    assert (found.reason if found else None) == reason
    assert found is None or found.outcome is Outcome.POISON


@given(st.lists(st.sampled_from([("index", 201), ("index", 200), ("delete", 200), ("update", 201)] * 3 + [("delete", 404), ("index", 409)]), max_size=5))  # fmt: skip
def test_all_plain_is_what_reading_says(entries: list[tuple[str, int]]) -> None:
    """An answer is known to be all successes, unread, just when each entry is a plain success."""
    answer = {"items": [{action: {"status": status}} for action, status in entries]}
    body = json.dumps(answer, separators=(",", ":")).encode()
    assert all_plain(body, len(entries)) == all(status < 300 or status == 404 for _, status in entries)
    assert not all_plain(body, len(entries) + 1)
    assert not all_plain(body + b" ", len(entries))
    assert not all_plain(body[:-2] + b',"error":1]}', len(entries))
