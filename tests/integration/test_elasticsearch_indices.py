"""The Elasticsearch driver's indices on real servers: created, checked, refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from actors.drivers.elasticsearch import ElasticsearchDriver
from actors.stack import Elasticsearch
from ingest.problems import DataProblem
from ingest.sinks.contract import Outcome
from ingest.sinks.elasticsearch.options import ElasticsearchTarget
from tests.kit.elasticsearch_drivers import ask, caught, driver_of, encode, options_of, outcomes, send
from tests.kit.sink_operations import Change

pytestmark = pytest.mark.integration

NUMBERS = count(1)


@pytest.fixture
def index() -> str:
    """A name of the test's own."""
    return f"index-{next(NUMBERS)}"


@pytest.fixture
def lost(elasticsearch: Elasticsearch) -> str:
    """A name that the server creates no index for by itself."""
    ask(elasticsearch, "PUT", "/_cluster/settings", {"persistent": {"action.auto_create_index": "-lost-*,+*"}})
    return f"lost-{next(NUMBERS)}"


def with_source(mapping: dict[str, Any]) -> dict[str, Any]:
    """A mapping with the field that says where a document came from."""
    return {"properties": {**mapping["properties"], "ingest_source": {"type": "object", "enabled": False}}}


def test_strict_index_without_the_source_field(elasticsearch: Elasticsearch, index: str) -> None:
    """One that may not be changed and takes no other fields stops the lane by name, before a document is poison."""
    ask(elasticsearch, "PUT", f"/{index}", {"mappings": {"dynamic": "strict", "properties": {"id": {"type": "long"}}}})
    problem = caught(
        DataProblem, lambda: driver_of(elasticsearch, ElasticsearchTarget(index=index, create=False)).prepare([index])
    )
    assert problem.code.name == "elasticsearch.source_unmapped"
    driver_of(elasticsearch, ElasticsearchTarget(index=index, create=False, source_field=False)).prepare([index])


def test_created_index(elasticsearch: Elasticsearch, index: str) -> None:
    """A missing index is created with the rule's mapping and settings, and remembers deletions for an hour."""
    mapping: dict[str, Any] = {"properties": {"id": {"type": "keyword"}}}
    target = ElasticsearchTarget(index=index, mapping=mapping, settings={"number_of_replicas": 0})
    driver_of(elasticsearch, target).prepare([index])
    found = ask(elasticsearch, "GET", f"/{index}")[index]
    assert found["mappings"] == with_source(mapping)
    assert found["settings"]["index"]["gc_deletes"] == "3600s"
    assert found["settings"]["index"]["number_of_replicas"] == "0"


def test_created_without_mapping_takes_any_text(elasticsearch: Elasticsearch, index: str) -> None:
    """Without a mapping, a first text that looks like a date doesn't make later texts poison."""
    target = ElasticsearchTarget(index=index)
    driver = driver_of(elasticsearch, target)
    driver.prepare([index])
    changes: list[Change] = [("a", 3, {"name": "2024-01-02"}), ("b", 5, {"name": "not a date"})]
    assert outcomes(send(driver, encode(elasticsearch, target, changes))) == ["done", "done"]


def test_two_shards_create_one_index(elasticsearch: Elasticsearch, index: str) -> None:
    """Several drivers that prepare the same index at once all succeed."""
    target = ElasticsearchTarget(index=index)
    drivers = [driver_of(elasticsearch, target) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda driver: driver.prepare([index]), drivers))


def test_missing_index(elasticsearch: Elasticsearch, lost: str) -> None:
    """Create = false and no index: a DataProblem that names it, at the start and when it goes away later."""
    target = ElasticsearchTarget(index=lost, create=False)
    driver = driver_of(elasticsearch, target)
    problem = caught(DataProblem, lambda: driver.prepare([lost]))
    assert problem.code.name == "sink.target_missing"
    assert problem.where["index"] == lost
    ask(elasticsearch, "PUT", f"/{lost}")
    driver.prepare([lost])
    ask(elasticsearch, "DELETE", f"/{lost}")
    requests = encode(elasticsearch, target, [("a", 3, {"id": 1})])
    assert caught(DataProblem, lambda: send(driver, requests)).code.name == "sink.target_missing"


def test_index_that_went_away_is_made_again(elasticsearch: Elasticsearch, lost: str) -> None:
    """With create = true a lost index is created again, as configured, and the item is tried again."""
    target = ElasticsearchTarget(index=lost, mapping={"properties": {"id": {"type": "keyword"}}})
    driver = driver_of(elasticsearch, target)
    driver.prepare([lost])
    ask(elasticsearch, "DELETE", f"/{lost}")
    requests = encode(elasticsearch, target, [("a", 3, {"id": 1})])
    [first] = send(driver, requests)
    assert (first.outcome, first.reason) == (Outcome.RETRY, "index_not_found_exception")
    assert outcomes(send(driver, requests)) == ["done"]
    assert ask(elasticsearch, "GET", f"/{lost}")[lost]["mappings"]["properties"]["id"] == {"type": "keyword"}


def test_conflicting_mapping(elasticsearch: Elasticsearch, index: str) -> None:
    """An existing index whose field has another type than the rule says: the field and both types are named."""
    ask(elasticsearch, "PUT", f"/{index}", {"mappings": {"properties": {"a": {"properties": {"b": {"type": "long"}}}}}})
    wanted: dict[str, Any] = {"properties": {"a": {"properties": {"b": {"type": "keyword"}}}}}
    driver = driver_of(elasticsearch, ElasticsearchTarget(index=index, mapping=wanted))
    problem = caught(DataProblem, lambda: driver.prepare([index]))
    assert problem.code.name == "elasticsearch.mapping_conflict"
    assert "field 'a.b' is long there and keyword in the rule's mapping" in problem.what


def test_conflicting_documents(elasticsearch: Elasticsearch, index: str) -> None:
    """Without a configured mapping a conflict shows per document: poison, with the field in the sink's words."""
    ask(elasticsearch, "PUT", f"/{index}", {"mappings": {"dynamic": "strict", "properties": {"id": {"type": "date"}}}})
    target = ElasticsearchTarget(index=index)
    driver = driver_of(elasticsearch, target)
    driver.prepare([index])
    [request] = encode(elasticsearch, target, [("a", 3, {"id": -(2**63)}), ("b", 5, {"id": 1})])
    first, second = driver.send(request)
    assert (first.outcome, second.outcome) == (Outcome.POISON, Outcome.POISON)
    assert "strict_dynamic_mapping_exception" in (first.reason, second.reason)
    assert "[name]" in second.detail


def test_new_fields_are_added(elasticsearch: Elasticsearch, index: str) -> None:
    """A field that the rule's mapping has and the index hasn't is added before a document brings it."""
    ask(elasticsearch, "PUT", f"/{index}", {"mappings": {"properties": {"a": {"type": "long"}}}})
    mapping: dict[str, Any] = {"properties": {"a": {"type": "long"}, "b": {"type": "ip"}}}
    driver_of(elasticsearch, ElasticsearchTarget(index=index, mapping=mapping)).prepare([index])
    assert ask(elasticsearch, "GET", f"/{index}")[index]["mappings"] == with_source(mapping)


@pytest.mark.parametrize("target", [{"index": "Upper"}, {"index": "x", "settings": {"number_of_shards": -1}},
                                    {"index": "x", "mapping": {"properties": {"a": {"type": "nonsense"}}}}])  # fmt: skip
def test_index_that_cannot_be_made(elasticsearch: Elasticsearch, index: str, target: dict[str, Any]) -> None:
    """What the server refuses to create is a DataProblem in its words."""
    made = ElasticsearchTarget.model_validate({**target, "index": target["index"] + index})
    problem = caught(DataProblem, lambda: driver_of(elasticsearch, made).prepare([made.index]))
    assert problem.code.name == "sink.target_refused"
    assert "exception" in problem.what


def test_alias(elasticsearch: Elasticsearch, index: str) -> None:
    """An alias of one index is written to; one of several needs a write index, or it is a DataProblem."""
    for number in (1, 2):
        ask(elasticsearch, "PUT", f"/{index}-{number}")
    target = ElasticsearchTarget(index=index, create=False)
    driver = driver_of(elasticsearch, target)
    add = {"add": {"index": f"{index}-1", "alias": index}}
    ask(elasticsearch, "POST", "/_aliases", {"actions": [add]})
    driver.prepare([index])
    requests = encode(elasticsearch, target, [("a", 3, {"id": 1})])
    assert outcomes(send(driver, requests)) == ["done"]
    ask(elasticsearch, "POST", "/_aliases", {"actions": [{"add": {"index": f"{index}-2", "alias": index}}]})
    problem = caught(DataProblem, lambda: driver.prepare([index]))
    assert f"{index}-1, {index}-2" in problem.what
    write_index = {"add": {"index": f"{index}-2", "alias": index, "is_write_index": True}}
    ask(elasticsearch, "POST", "/_aliases", {"actions": [write_index]})
    driver.prepare([index])


def test_an_index_that_forgets_deletions_before_the_lease_is_over(elasticsearch: Elasticsearch, index: str) -> None:
    """A shard that nobody hears may write until its lease is over: an index that remembers deletions for less stops the lane
    and is told by check, one with the server's default doesn't."""
    target = ElasticsearchTarget(index=index)
    ask(elasticsearch, "PUT", f"/{index}", {"settings": {"index.gc_deletes": "8s"}})
    driver = ElasticsearchDriver(options_of(elasticsearch), [target], lease_ms=8_000)
    for call in (lambda: driver.prepare([index]), lambda: driver.check([index])):
        problem = caught(DataProblem, call)
        assert problem.code.name == "elasticsearch.forgets_deletions"
        assert problem.where["index"] == index
    ask(elasticsearch, "PUT", f"/{index}/_settings", {"index.gc_deletes": None})
    driver.prepare([index])
    driver.check([index])
    made = ElasticsearchTarget(index=f"{index}-2", settings={"index.gc_deletes": "5s"})
    driver = ElasticsearchDriver(options_of(elasticsearch), [made], lease_ms=8_000)
    driver.check([f"{index}-2"])
    assert caught(DataProblem, lambda: driver.prepare([f"{index}-2"])).code.name == "elasticsearch.forgets_deletions"


def test_check_writes_nothing(elasticsearch: Elasticsearch, lost: str) -> None:
    """What check looks at stays as it is: no index made, no field added; a missing one counts unless it is to be made."""
    mapping: dict[str, Any] = {"properties": {"id": {"type": "keyword"}}}
    driver_of(elasticsearch, ElasticsearchTarget(index=lost)).check([lost])
    fixed = driver_of(elasticsearch, ElasticsearchTarget(index=lost, create=False))
    assert caught(DataProblem, lambda: fixed.check([lost])).code.name == "sink.target_missing"
    ask(elasticsearch, "PUT", f"/{lost}")
    driver_of(elasticsearch, ElasticsearchTarget(index=lost, mapping=mapping)).check([lost])
    assert ask(elasticsearch, "GET", f"/{lost}")[lost]["mappings"] == {}
    ask(elasticsearch, "PUT", f"/{lost}/_mapping", {"properties": {"id": {"type": "long"}}})
    conflict = driver_of(elasticsearch, ElasticsearchTarget(index=lost, mapping=mapping))
    assert caught(DataProblem, lambda: conflict.check([lost])).code.name == "elasticsearch.mapping_conflict"
