"""ingest.sinks.elasticsearch.parts.merge: the newest of every part stays, whatever comes late or twice (invariants 2, 3)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from ingest.problems import DataProblem
from ingest.sinks.elasticsearch.options import PARTS_FIELD, ElasticsearchOptions
from ingest.sinks.elasticsearch.parts.encode import PartEncoder
from ingest.sinks.elasticsearch.parts.merge import merged
from ingest.sinks.elasticsearch.parts.payload import GONE_MAX, DocumentChanges, PartChange, SourceChanges, parsed
from ingest.sinks.elasticsearch.raw_json import Members, object_members
from tests.kit.document_parts import PARCELS, Change, PartsModel, check_state, operations_on_parts, part_targets

OPTIONS = ElasticsearchOptions(type="elasticsearch", urls=("http://h:9200",), parts="optimistic")


class Store:
    """Documents by key, as their members."""

    def __init__(self, when_empty: str = "keep") -> None:
        self.documents: dict[str, Members] = {}
        self._encoder = PartEncoder(OPTIONS, part_targets("t", when_empty))

    def put(self, changes: list[Change]) -> list[bool]:
        """Apply a parcel; of each document, was anything changed?"""
        changed = []
        for request in self._encoder.encode_newest(operations_on_parts(changes, "t")).requests:
            for item in request.items:
                result = merged(self.documents.get(item.key), parsed(item.payload))
                changed.append(result.changed)
                if result.changed and result.document is None:
                    del self.documents[item.key]
                elif result.document is not None:
                    self.documents[item.key] = object_members(result.document)
        return changed

    def document(self, key: str) -> dict[str, object]:
        return {name: json.loads(text) for name, text in self.documents[key].items()}


@given(PARCELS)
def test_merge_is_the_model(parcels: list[list[Change]]) -> None:
    """After every parcel each document holds the newest change of every part, and knows its version; a parcel that comes
    again changes nothing."""
    store, model = Store(), PartsModel()
    for parcel in parcels:
        store.put(parcel)
        model.apply(parcel)
        found = {key: check_state(store.document(key), model, key) for key in store.documents}
        assert found == model.documents()
        assert not any(store.put(parcel))


@given(PARCELS)
def test_empty_documents_go_where_they_are_to(parcels: list[list[Change]]) -> None:
    """With when_empty = "delete" a document is there exactly while a part of it is, changes coming in order."""
    store, model = Store("delete"), PartsModel()
    for parcel in sorted(parcels, key=lambda parcel: max(change.version for change in parcel)):
        in_order = [change for change in parcel if not _is_late(change, model)]
        store.put(in_order)
        model.apply(in_order)
        assert set(store.documents) == set(model.documents(keep_empty=False))


def _is_late(change: Change, model: PartsModel) -> bool:
    return any(known.version >= change.version for known in model.newest.values() if known.document == change.document)


def lines(*changes: PartChange) -> DocumentChanges:
    return DocumentChanges("t", "a", None, [SourceChanges("lines", "lines", True, [], changes)], False)


def test_other_fields_and_digits_stay() -> None:
    """What others have in the document stays as it is written, and numbers keep their digits."""
    before = {"theirs": '{"x": 1.50}', "lines": "null"}
    result = merged(before, lines(PartChange("1", 5, '{"amount":12345678901234567.89}')))
    assert result.document is not None
    after = object_members(result.document)
    assert (after["theirs"], after["lines"]) == ('{"x": 1.50}', '[{"amount":12345678901234567.89}]')


def test_deletions_are_forgotten_up_to_a_floor() -> None:
    """Of more than GONE_MAX deletions the oldest go, and writes that are older than those are refused all the same."""
    count = GONE_MAX + 10
    result = merged(None, lines(*(PartChange(str(n), n * 2, None) for n in range(1, count + 1))))
    assert result.document is not None
    document = object_members(result.document)
    source = json.loads(document[PARTS_FIELD])["sources"]["lines"]
    assert (len(source["gone"]), source["floor"]) == (GONE_MAX, 20)
    assert not merged(document, lines(PartChange("3", 5, "{}"))).changed
    assert not merged(document, lines(PartChange("new", 19, "{}"))).changed
    assert merged(document, lines(PartChange("new", 21, "{}"))).changed


def test_an_array_that_something_else_wrote() -> None:
    """An array that doesn't hold what its versions say is never guessed at."""
    first = merged(None, lines(PartChange("1", 5, "{}"))).document
    assert first is not None
    tampered = {**object_members(first), "lines": "[{},{}]"}
    with pytest.raises(DataProblem, match="parts_tampered"):
        merged(tampered, lines(PartChange("2", 7, "{}")))
    assert not merged(tampered, lines(PartChange("1", 5, "{}"))).changed
