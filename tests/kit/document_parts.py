"""An order in three parts (its own fields, its address, its lines): changes of it, and what must come of them.

The model knows nothing of how parts are kept: the newest change of each part is what counts, in whatever order changes
come and however often.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from ingest.sinks.contract import Operations, Parts, Provenance
from ingest.sinks.elasticsearch.options import PARTS_FIELD, ElasticsearchTarget, PartOptions
from tests.kit.binlog_slices import STAMP

SCHEMAS = {
    "order": pa.schema([pa.field("total", pa.float64()), pa.field("note", pa.string())]),
    "address": pa.schema([pa.field("city", pa.string())]),
    "lines": pa.schema([pa.field("sku", pa.string()), pa.field("qty", pa.int64())]),
}
NAMES = tuple(SCHEMAS)
LINE_KEYS = ("1", "2", "9", "10", "é", "😀", "￮")


def part_targets(index: str, when_empty: str = "keep") -> list[ElasticsearchTarget]:
    """The ``to`` of the three rules."""
    writes = (
        {"part": "order"},
        {"part": "address", "into": "address"},
        {"part": "lines", "into": "lines", "key": ("line_no",)},
    )
    return [
        ElasticsearchTarget(index=index, write=PartOptions.model_validate({**write, "when_empty": when_empty}))
        for write in writes
    ]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one part. What it says follows from its version, so that a repetition says the same."""

    document: str
    part: str
    key: str
    version: int

    @property
    def content(self) -> dict[str, Any] | None:
        """The part's fields; None: it is gone. The version's lowest bit says which, as everywhere."""
        if self.version % 2 == 0:
            return None
        if self.part == "order":
            return {"total": self.version / 4, "note": None if self.version % 3 else f'n"{self.version}é\n'}
        if self.part == "address":
            return {"city": f"city {self.version}"}
        return {"sku": f"sku {self.key}", "qty": self.version}


def operations_on_parts(changes: Sequence[Change], index: str) -> list[Operations]:
    """Changes as the rules of ``part_targets`` give them."""
    made = []
    for rule, name in enumerate(NAMES):
        some = [change for change in changes if change.part == name]
        if some:
            made.append(_operations(rule, name, some, index))
    return made


def _operations(rule: int, name: str, changes: Sequence[Change], index: str) -> Operations:
    nothing = dict.fromkeys(SCHEMAS[name].names)
    return Operations(
        rule=rule,
        keys=[change.document for change in changes],
        versions=[change.version for change in changes],
        deletes=[change.content is None for change in changes],
        targets=[index] * len(changes),
        routings=[None] * len(changes),
        documents=pa.RecordBatch.from_pylist([change.content or nothing for change in changes], schema=SCHEMAS[name]),
        sources=list(range(len(changes))),
        parts=Parts(name, [change.key for change in changes]),
        provenance=Provenance(f"shop.{name}", STAMP.pack(), bytes(4 * len(changes))),
    )


@dataclass
class PartsModel:
    """What documents must hold."""

    newest: dict[tuple[str, str, str], Change] = field(default_factory=dict)

    def apply(self, changes: Iterable[Change]) -> None:
        """Changes, in any order."""
        for change in changes:
            place = (change.document, change.part, change.key)
            if place not in self.newest or change.version > self.newest[place].version:
                self.newest[place] = change

    def documents(self, *, keep_empty: bool = True) -> dict[str, dict[str, Any]]:
        """The fields of every document that was ever written, but for the versions."""
        found: dict[str, dict[str, Any]] = {}
        for (document, part, _), change in sorted(self.newest.items(), key=lambda one: java_order(one[0][2])):
            fields = found.setdefault(document, {})
            if change.content is None:
                continue
            if part == "order":
                fields.update(change.content)
            elif part == "address":
                fields["address"] = change.content
            else:
                fields.setdefault("lines", []).append(change.content)
        return {key: fields for key, fields in found.items() if fields or keep_empty}

    def versions(self, document: str) -> dict[str, dict[str, dict[str, int]]]:
        """Of a document, each part's version: of those that are there, and of those that are gone."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        for (where, part, key), change in self.newest.items():
            if where == document:
                kind = "gone" if change.content is None else "live"
                found.setdefault(part, {"live": {}, "gone": {}})[kind][key] = change.version
        return found


def java_order(key: str) -> tuple[int, list[int]]:
    """Shorter first, then by UTF-16 units."""
    units = [int.from_bytes(key.encode("utf-16-be")[at : at + 2], "big") for at in range(0, 2 * len(key) + 4, 2)]
    size = len(key.encode("utf-16-be")) // 2
    return size, units[:size]


def check_state(document: Mapping[str, Any], model: PartsModel, key: str) -> dict[str, Any]:
    """Assert that a document's versions are the model's; its other fields."""
    state = document[PARTS_FIELD]
    expected = model.versions(key)
    kept = {name: {"live": one["live"], "gone": one["gone"]} for name, one in state["sources"].items()}
    assert kept == expected, json.dumps(document)
    for one in state["sources"].values():  # each part that is there came from the change that has its version
        assert {key: origin["version"] for key, origin in one.get("origin", {}).items()} == one["live"]
    assert state["live"] is any(one["live"] for one in expected.values())
    return {name: value for name, value in document.items() if name != PARTS_FIELD}


CHANGES = st.builds(
    lambda document, place, version: Change(document, *place, version),
    st.sampled_from(["a", "b"]),
    st.sampled_from([("order", ""), ("address", ""), *(("lines", key) for key in LINE_KEYS)]),
    st.integers(2, 21),
)
PARCELS = st.lists(st.lists(CHANGES, min_size=1, max_size=8), max_size=8)
"""Changes as they come: late, twice, in any order."""
