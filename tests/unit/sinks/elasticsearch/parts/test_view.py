"""ingest.sinks.elasticsearch.parts.view and mapping: a document's parts read back, and how an index maps their versions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.verify.parts import PartsReader
from ingest.keys import join_key, split_key
from ingest.sinks.elasticsearch.options import ElasticsearchTarget
from ingest.sinks.elasticsearch.parts.mapping import keeps_versions_apart, speaker, with_parts_field
from ingest.sinks.elasticsearch.parts.view import PartsView, part_id
from ingest.sinks.stored import StoredDocument
from tests.kit.document_parts import Change, part_targets
from tests.unit.sinks.elasticsearch.parts.test_merge import Store

TARGETS = part_targets("t")


def stored(store: Store, key: str = "a|b") -> StoredDocument:
    """As a driver reads it."""
    return StoredDocument(key, 1, {name: text.encode() for name, text in store.documents[key].items()})


def order(*more: Change) -> Store:
    store = Store()
    store.put(
        [
            Change("a|b", "order", "", 5),
            Change("a|b", "address", "", 7),
            Change("a|b", "lines", "10", 9),
            Change("a|b", "lines", "9", 11),
            *more,
        ]
    )
    return store


def shown(parts: list[StoredDocument]) -> dict[str, dict[str, Any]]:
    return {part.key: {name: json.loads(text) for name, text in part.fields.items()} for part in parts}


def test_parts_are_documents() -> None:
    """Each part that is there stands for itself, with its own fields; of the part at the top the others' too."""
    found = shown(PartsView(TARGETS).parts(stored(order())))
    assert found.pop("a\\|b|order|")["total"] == 1.25
    assert found == {
        "a\\|b|address|": {"city": "city 7"},
        "a\\|b|lines|9": {"sku": "sku 9", "qty": 11},
        "a\\|b|lines|10": {"sku": "sku 10", "qty": 9},
    }


def test_what_nobody_asks_for_is_seen() -> None:
    """A part of no rule, a document without versions, one that should have gone; but not another lane's part."""
    store = order()
    mine, others = TARGETS[:1], TARGETS[1:]
    assert set(shown(PartsView(mine).parts(stored(store)))) > {"a\\|b|lines|9"}
    assert set(shown(PartsView(mine, others).parts(stored(store)))) == {"a\\|b|order|"}
    assert set(shown(PartsView(TARGETS).parts(StoredDocument("x", 1, {"total": b"1"})))) == {"x||"}
    store.put(
        [
            Change("a|b", name, key, 20)
            for name, key in (("order", ""), ("address", ""), ("lines", "9"), ("lines", "10"))
        ]
    )
    assert PartsView(TARGETS).parts(stored(store)) == []
    assert set(shown(PartsView(part_targets("t", "delete")).parts(stored(store)))) == {"a\\|b||"}


def test_an_array_that_something_else_wrote() -> None:
    """Its parts have no fields then, so that a comparison tells each."""
    store = order()
    store.documents["a|b"]["lines"] = "[{}]"
    found = shown(PartsView(TARGETS).parts(stored(store)))
    assert (found["a\\|b|lines|9"], found["a\\|b|lines|10"]) == ({}, {})


@given(st.lists(st.text("ab|\\", max_size=4), min_size=2, max_size=4))
def test_keys_come_apart(texts: list[str]) -> None:
    """split_key is the other way of join_key."""
    assert split_key(join_key(texts)) == texts


class OneDocument:
    """A sink's reader with a document in every index; counts what it is asked for."""

    def __init__(self, document: StoredDocument) -> None:
        self.document = document
        self.fetched: list[str] = []

    def fetch(self, target, keys, routings=None):
        self.fetched += keys
        return [self.document if key == self.document.key else None for key in keys]

    def scan(self, target, batch=1000):
        return iter([self.document])

    def scan_keys(self, target):
        return iter([self.document.key])


def test_a_reader_of_parts() -> None:
    """By key and by scan parts stand for documents where rules write parts; a document is read once for all its parts."""
    below = OneDocument(stored(order()))
    reader = PartsReader(below, [*TARGETS, ElasticsearchTarget(index="whole")], [])
    keys = [
        part_id("a|b", "lines", "9"),
        part_id("a|b", "lines", "3"),
        part_id("x", "order", ""),
        part_id("a|b", "order", ""),
    ]
    found = reader.fetch("t", keys)
    assert [None if one is None else one.key for one in found] == [keys[0], None, None, keys[3]]
    assert below.fetched == ["a|b", "x"]
    assert sorted(reader.scan_keys("t")) == sorted(part.key for part in reader.scan("t"))
    assert list(reader.scan_keys("whole")) == ["a|b"]
    assert [one.key for one in reader.scan("whole")] == ["a|b"]


def test_mapping() -> None:
    """The versions are never fields of the index; what is configured beside them stays."""
    mapping: dict[str, Any] = {"dynamic": "strict", "properties": {"lines": {"type": "nested"}}}
    made: Any = with_parts_field(mapping)
    assert made["dynamic"] == "strict"
    assert made["properties"]["lines"] == {"type": "nested"}
    assert keeps_versions_apart(made)
    assert keeps_versions_apart(with_parts_field({}))
    assert not keeps_versions_apart(mapping)
    assert not keeps_versions_apart({"properties": {"ingest_parts": {"properties": {"sources": {"type": "object"}}}}})


@pytest.mark.parametrize("given_by", range(3))
def test_one_rule_speaks_for_an_index(given_by: int) -> None:
    """Whichever rule gives the mapping."""
    targets = [
        target.model_copy(update={"mapping": {"properties": {}}}) if number == given_by else target
        for number, target in enumerate(TARGETS)
    ]
    whole = ElasticsearchTarget(index="t", mapping={})
    assert {speaker([whole, *targets], target).mapping is not None for target in targets} == {True}
    assert speaker(targets, whole) is whole
