"""Parts of documents on real servers, by script and without: the model's documents, and what goes wrong told by name."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from typing import Any

import pyarrow as pa
import pytest

from actors.drivers.elasticsearch import ElasticsearchDriver
from actors.stack import Elasticsearch
from ingest.native.request_encoder import elasticsearch_encoder
from ingest.problems import DataProblem
from ingest.sinks.contract import ItemResult, Operations, Outcome, Request
from ingest.sinks.elasticsearch.options import ElasticsearchTarget
from tests.kit.document_parts import LINE_KEYS, Change, PartsModel, check_state, operations_on_parts, part_targets
from tests.kit.elasticsearch_drivers import ask, caught, options_of

pytestmark = pytest.mark.integration

NUMBERS = count(1)
APPLIED = {Outcome.DONE, Outcome.NEWER}
PLACES = [("order", ""), ("address", ""), *(("lines", key) for key in LINE_KEYS)]


@dataclass
class Shop:
    """An index of orders in three parts, and how they are written."""

    server: Elasticsearch
    parts: str
    index: str
    targets: Sequence[ElasticsearchTarget]

    def driver(self) -> ElasticsearchDriver:
        return ElasticsearchDriver(options_of(self.server, parts=self.parts), self.targets)

    def requests(self, operations: Sequence[Operations]) -> Sequence[Request[bytes]]:
        encoder = elasticsearch_encoder(options_of(self.server, parts=self.parts, bulk_items=5), self.targets)
        return encoder.encode_newest(operations).requests

    def put(self, driver: ElasticsearchDriver, changes: Sequence[Change]) -> list[ItemResult]:
        return self.send(driver, operations_on_parts(changes, self.index))

    def send(self, driver: ElasticsearchDriver, operations: Sequence[Operations]) -> list[ItemResult]:
        return [result for request in self.requests(operations) for result in driver.send(request)]

    def documents(self) -> dict[str, dict[str, Any]]:
        """Every document of the index, as a person sees it."""
        ask(self.server, "POST", f"/{self.index}/_refresh")
        hits = ask(self.server, "POST", f"/{self.index}/_search", {"size": 1000})["hits"]["hits"]
        return {hit["_id"]: hit["_source"] for hit in hits}

    def agree(self, model: PartsModel) -> None:
        found = {key: check_state(document, model, key) for key, document in self.documents().items()}
        assert found == model.documents()


@pytest.fixture(params=["script", "optimistic"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """Scripts need a server that has Painless; without them any does."""
    name = "elasticsearch_full" if request.param == "script" else "elasticsearch"
    index = f"parts-{request.param}-{next(NUMBERS)}"
    return Shop(request.getfixturevalue(name), request.param, index, part_targets(index))


@pytest.fixture
def driver(shop: Shop) -> Iterator[ElasticsearchDriver]:
    made = shop.driver()
    made.prepare([shop.index])
    yield made
    made.close()


def history(seed: int, parcels: int) -> list[list[Change]]:
    """Parcels as they come when the worst happens: late, twice, mixed, of few documents."""
    rng = random.Random(seed)
    return [
        [Change(f"d{rng.randrange(6)}", *rng.choice(PLACES), rng.randrange(2, 60)) for _ in range(rng.randint(1, 30))]
        for _ in range(parcels)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_documents_are_the_models(shop: Shop, driver: ElasticsearchDriver, seed: int) -> None:
    """Invariants 2 and 3: after every parcel, in whatever order and however often changes come, each document holds the
    newest of every part and knows its version; then everything once more changes nothing."""
    model = PartsModel()
    parcels = history(seed, 12)
    for parcel in parcels:
        assert {result.outcome for result in shop.put(driver, parcel)} <= APPLIED
        model.apply(parcel)
        shop.agree(model)
    before = {key: hit["_version"] for key, hit in _versions(shop).items()}
    for parcel in random.Random(seed).sample(parcels, len(parcels)):
        assert {result.outcome for result in shop.put(driver, parcel)} == {Outcome.NEWER}
    assert {key: hit["_version"] for key, hit in _versions(shop).items()} == before
    shop.agree(model)


def _versions(shop: Shop) -> dict[str, Any]:
    ask(shop.server, "POST", f"/{shop.index}/_refresh")
    found = ask(shop.server, "POST", f"/{shop.index}/_search", {"size": 1000, "version": True})
    return {hit["_id"]: hit for hit in found["hits"]["hits"]}


def test_many_writers_of_one_document(shop: Shop, driver: ElasticsearchDriver) -> None:
    """Writers that don't know of each other (two lanes, or a forgotten process) lose nothing: what was changed meanwhile is
    RETRY, never overwritten."""
    changes = [Change("one", *place, version) for version in (11, 21, 31) for place in PLACES]
    model = PartsModel()
    model.apply(changes)

    def write(some: Sequence[Change]) -> int:
        own, conflicts = shop.driver(), 0
        for change in some:
            for _ in range(1000):
                [result] = shop.put(own, [change])
                assert result.outcome is not Outcome.POISON, result
                if result.outcome is not Outcome.RETRY:
                    break
                conflicts += 1
        own.close()
        return conflicts

    with ThreadPoolExecutor(4) as threads:
        conflicts = sum(threads.map(write, (changes[number::4] for number in range(4))))
    assert shop.parts == "script" or conflicts, "nothing happened at the same time"
    shop.agree(model)


def test_empty_documents_go(shop: Shop) -> None:
    """With when_empty = "delete" a document goes with its last part, one that never was isn't made, and it comes back."""
    going = replace(shop, targets=part_targets(shop.index, "delete"))
    driver = going.driver()
    driver.prepare([shop.index])
    [result] = going.put(driver, [Change("a", "address", "", 4)])
    assert (result.outcome, going.documents()) == (Outcome.NEWER, {})
    going.put(driver, [Change("a", "address", "", 5), Change("a", "lines", "1", 7)])
    going.put(driver, [Change("a", "address", "", 8)])
    assert going.documents()["a"]["lines"] == [{"sku": "sku 1", "qty": 7}]
    [result] = going.put(driver, [Change("a", "lines", "1", 10)])
    assert (result.outcome, going.documents()) == (Outcome.DONE, {})
    going.put(driver, [Change("a", "lines", "1", 11)])
    assert set(going.documents()) == {"a"}
    driver.close()


def test_empty_documents_that_stay_can_be_left_out(shop: Shop, driver: ElasticsearchDriver) -> None:
    """A document whose parts are all gone is there for its versions only, and a search can tell."""
    shop.put(driver, [Change("a", "address", "", 4), Change("b", "address", "", 5)])
    ask(shop.server, "POST", f"/{shop.index}/_refresh")
    query = {"query": {"term": {"ingest_parts.live": True}}}
    found = ask(shop.server, "POST", f"/{shop.index}/_search", query)
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["b"]


def test_versions_are_no_fields(shop: Shop, driver: ElasticsearchDriver) -> None:
    """However many parts there are, the index has no more fields for it."""
    shop.put(driver, [Change("a", "lines", str(number), 2 * number + 1) for number in range(1, 1500)])
    assert len(shop.documents()["a"]["lines"]) == 1499
    mapping = ask(shop.server, "GET", f"/{shop.index}")[shop.index]["mappings"]["properties"]
    assert set(mapping) == {"ingest_parts", "lines"}
    assert set(mapping["ingest_parts"]["properties"]) == {"live", "sources"}
    assert "properties" not in mapping["ingest_parts"]["properties"]["sources"]


def test_a_part_that_the_index_refuses(shop: Shop) -> None:
    """A bad part is POISON in its document's place, in the server's words; other documents are written, and a later good
    change of it too."""
    strict = {"properties": {"lines": {"properties": {"qty": {"type": "byte"}}}}}
    targets = [shop.targets[0].model_copy(update={"mapping": strict}), *shop.targets[1:]]
    picky = replace(shop, targets=targets)
    driver = picky.driver()
    driver.prepare([shop.index])
    parcel = [Change("a", "lines", "1", 5), Change("b", "lines", "1", 777), Change("c", "lines", "1", 9)]
    results = picky.put(driver, sorted(parcel, key=lambda change: change.version))
    assert [result.outcome.value for result in results] == ["done", "done", "poison"]
    assert results[2].reason == "document_parsing_exception"
    assert "777" in results[2].detail
    assert set(picky.documents()) == {"a", "c"}
    [result] = picky.put(driver, [Change("b", "address", "", 779)])
    assert result.outcome is Outcome.DONE
    driver.close()


def test_an_array_that_something_else_wrote(shop: Shop, driver: ElasticsearchDriver) -> None:
    """An array that doesn't hold what its versions say is POISON, never guessed at; the other parts go on."""
    shop.put(driver, [Change("a", "lines", "1", 5)])
    ask(shop.server, "POST", f"/{shop.index}/_update/a", {"doc": {"lines": [{"sku": "x"}, {"sku": "y"}]}})
    [result] = shop.put(driver, [Change("a", "lines", "2", 7)])
    assert result.outcome is Outcome.POISON
    assert "the array" in result.detail and "has 2 parts, its versions are 1" in result.detail
    [result] = shop.put(driver, [Change("a", "address", "", 9)])
    assert result.outcome is Outcome.DONE


def test_what_others_have_in_a_document_stays(shop: Shop, driver: ElasticsearchDriver) -> None:
    """Fields that no rule owns are left alone."""
    ask(shop.server, "PUT", f"/{shop.index}/_doc/a", {"theirs": {"x": [1, 2]}})
    shop.put(driver, [Change("a", "address", "", 5)])
    shop.put(driver, [Change("a", "address", "", 8)])
    document = shop.documents()["a"]
    assert document.pop("ingest_parts")["live"] is False
    assert document == {"theirs": {"x": [1, 2]}}


def test_routing(shop: Shop, driver: ElasticsearchDriver) -> None:
    """A part goes where its routing value says, and is found there."""
    [one] = operations_on_parts([Change("a", "address", "", 5)], shop.index)
    for _ in range(2):
        shop.send(driver, [replace(one, routings=["r1"])])
    [found] = driver.fetch(shop.index, ["a"], ["r1"])
    assert found is not None
    assert (found.routing, json.loads(found.fields["address"])) == ("r1", {"city": "city 5"})


def test_an_index_that_went_away(shop: Shop, driver: ElasticsearchDriver) -> None:
    """It is made again as configured, and the item is tried again."""
    ask(shop.server, "PUT", "/_cluster/settings", {"persistent": {"action.auto_create_index": "-parts-*,+*"}})
    ask(shop.server, "DELETE", f"/{shop.index}")
    [result] = shop.put(driver, [Change("a", "address", "", 5)])
    assert (result.outcome, result.reason) == (Outcome.RETRY, "index_not_found_exception")
    [result] = shop.put(driver, [Change("a", "address", "", 5)])
    assert result.outcome is Outcome.DONE
    assert "sources" in str(ask(shop.server, "GET", f"/{shop.index}/_mapping"))


def test_an_index_that_would_make_fields_of_versions(shop: Shop) -> None:
    """An existing index gets the field if it may be added to; if not, or if it maps it otherwise, the lane stops."""
    ask(shop.server, "PUT", f"/{shop.index}", {"mappings": {"properties": {"x": {"type": "long"}}}})
    fixed = replace(shop, targets=[target.model_copy(update={"create": False}) for target in shop.targets]).driver()
    for call in (lambda: fixed.prepare([shop.index]), lambda: fixed.check([shop.index])):
        assert caught(DataProblem, call).code.name == "elasticsearch.parts_unmapped"
    shop.driver().check([shop.index])
    assert set(ask(shop.server, "GET", f"/{shop.index}")[shop.index]["mappings"]["properties"]) == {"x"}
    shop.driver().prepare([shop.index])
    fixed.prepare([shop.index])
    other = {
        "mappings": {
            "properties": {"ingest_parts": {"properties": {"live": {"type": "boolean"}, "sources": {"type": "object"}}}}
        }
    }
    ask(shop.server, "PUT", f"/{shop.index}-2", other)
    targets = [target.model_copy(update={"index": f"{shop.index}-2"}) for target in shop.targets]
    driver = replace(shop, targets=targets).driver()
    assert caught(DataProblem, lambda: driver.prepare([f"{shop.index}-2"])).code.name == "elasticsearch.parts_unmapped"


NUMBERS_SENT = {
    "long": "12345678901234567.8912",
    "short": "1234567890123.45",
    "whole": "123456789012345678901234567890.0",
}


def test_numbers(shop: Shop, driver: ElasticsearchDriver) -> None:
    """Without scripts numbers keep their digits. By script what a double holds stays the same number, whatever is written
    beside it later; what it doesn't hold never gets there (``number_not_exact``)."""
    names = [name for name in NUMBERS_SENT if shop.parts == "optimistic" or name == "short"]
    schema = pa.schema([pa.field(name, pa.decimal128(38, 4)) for name in names])
    row = {name: Decimal(NUMBERS_SENT[name]) for name in names}
    [one] = operations_on_parts([Change("a", "order", "", 5)], shop.index)
    shop.send(driver, [replace(one, documents=pa.RecordBatch.from_pylist([row], schema=schema))])
    shop.put(driver, [Change("a", "address", "", 7)])
    [found] = driver.fetch(shop.index, ["a"])
    assert found is not None
    assert {name: Decimal(found.fields[name].decode()) for name in names} == row
    if shop.parts == "optimistic":
        assert found.fields["long"] == NUMBERS_SENT["long"].encode()


def test_json_and_large_whole_numbers_by_script(elasticsearch_full: Elasticsearch) -> None:
    """What a script reads and writes back stays the same value: whole numbers of any length, doubles, nested JSON."""
    index = f"parts-json-{next(NUMBERS)}"
    shop = Shop(elasticsearch_full, "script", index, part_targets(index))
    driver = shop.driver()
    driver.prepare([index])
    value = (
        '{"big": 123456789012345678901234567890, "u": 18446744073709551615, "d": [0.1, 1e300, -0.0, 5e-324], "e": {}}'
    )
    schema = pa.schema([pa.field("json", pa.string(), metadata={b"mysql.type": b"json"}), pa.field("f", pa.float64())])
    batch = pa.RecordBatch.from_pylist([{"json": value, "f": 0.1 + 0.2}], schema=schema)
    [one] = operations_on_parts([Change("a", "lines", "1", 5)], index)
    ask(
        elasticsearch_full, "PUT", f"/{index}/_mapping", {"properties": {"lines": {"type": "object", "enabled": False}}}
    )
    assert shop.send(driver, [replace(one, documents=batch)])[0].outcome is Outcome.DONE
    shop.put(driver, [Change("a", "address", "", 7)])
    [found] = driver.fetch(index, ["a"])
    assert found is not None
    assert json.loads(found.fields["lines"]) == [{"json": json.loads(value), "f": 0.1 + 0.2}]


def test_no_painless(elasticsearch: Elasticsearch) -> None:
    """A server without Painless: the lane is told what to do, the document isn't blamed."""
    index = f"parts-core-{next(NUMBERS)}"
    shop = Shop(elasticsearch, "script", index, part_targets(index))
    driver = shop.driver()
    driver.prepare([index])
    problem = caught(DataProblem, lambda: shop.put(driver, [Change("a", "address", "", 5)]))
    assert problem.code.name == "elasticsearch.scripts_forbidden"


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"script.allowed_types": "stored"}, {"script.allowed_contexts": "score"}])
def test_scripts_forbidden(settings: dict[str, str]) -> None:
    """Where scripts are forbidden the lane stops by name; with parts = "optimistic" it goes on."""
    with Elasticsearch(full=True, quick=True, extra_settings=settings) as server:
        shop = Shop(server, "script", "t", part_targets("t"))
        driver = shop.driver()
        driver.prepare(["t"])
        problem = caught(DataProblem, lambda: shop.put(driver, [Change("a", "address", "", 5)]))
        assert problem.code.name == "elasticsearch.scripts_forbidden"
        other = replace(shop, parts="optimistic")
        assert [result.outcome for result in other.put(other.driver(), [Change("a", "address", "", 5)])] == [
            Outcome.DONE
        ]
