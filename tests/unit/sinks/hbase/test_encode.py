"""ingest.sinks.hbase.encode: operations to row mutations, and why nothing goes back in time."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import happybase  # noqa: F401  (loads Hbase.thrift as the module Hbase_thrift)
import pytest
from Hbase_thrift import BatchMutation
from hypothesis import given, settings
from hypothesis import strategies as st
from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.transport import TMemoryBuffer

from ingest.native.request_encoder import hbase_encoder
from ingest.problems import DataProblem
from ingest.sinks.contract import Encoder, Request, RequestItem
from ingest.sinks.hbase.encode import HbaseEncoder, stored_fields, timestamp_of
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget
from tests.kit.sink_operations import Change, batch_of, operations_of

Cell = tuple[str, bytes | None]


NewEncoder = Callable[..., Encoder[bytes]]


@pytest.fixture(scope="module", params=[HbaseEncoder, hbase_encoder])
def encoder(request: pytest.FixtureRequest) -> NewEncoder:
    """What makes an encoder: the pure one, and the native one where there is a core."""

    def new(target: HbaseTarget, **limits: int) -> Encoder[bytes]:
        made: Encoder[bytes] = request.param(HbaseOptions.model_validate({"type": "hbase", **limits}), [target])
        return made

    return new


def decoded(item: RequestItem[bytes]) -> tuple[bytes, list[Cell]]:
    """(row key, [(column, value or None for a delete)])."""
    batch = BatchMutation()
    batch.read(TBinaryProtocol(TMemoryBuffer(item.payload), decode_response=False))
    return batch.row, [(one.column.decode(), None if one.isDelete else one.value) for one in batch.mutations]


def test_puts_nulls_and_deletions(encoder: NewEncoder) -> None:
    """A field becomes a put, NULL a delete of its cell, a deletion deletes each family (its name without a colon)."""
    target = HbaseTarget(table="t", columns={"e:n": "name"})
    changes: list[Change] = [("a", 3, {"id": 1, "name": "é", "size": ""}), ("b", 4, None)]
    [request] = encoder(target).encode([operations_of(changes)])
    assert [decoded(item) for item in request.items] == [
        (b"a", [("d:id", b"1"), ("e:n", "é".encode()), ("d:amount", None), ("d:size", b"")]),
        (b"b", [("d", None), ("e", None)]),
    ]


def test_deletion_by_columns(encoder: NewEncoder) -> None:
    """For several rules in one row a deletion names the rule's own columns only."""
    target = HbaseTarget(table="t", family=None, columns={"e:n": "name", "e:m": "name"}, delete="columns")
    [request] = encoder(target).encode([operations_of([("b", 4, None)])])
    assert decoded(request.items[0]) == (b"b", [("e:n", None), ("e:m", None)])


def test_missing_field(encoder: NewEncoder) -> None:
    """A target that names a field which the documents don't have stops, and says which they have."""
    with pytest.raises(DataProblem, match=r"sink\.field_missing[\s\S]*'nmae'[\s\S]*id, name"):
        encoder(HbaseTarget(table="t", columns={"e:n": "nmae"})).encode([operations_of([("a", 1, {})])])


def test_one_table_a_request(encoder: NewEncoder) -> None:
    """Requests are for one table each, and take the order of versions within it."""
    target = HbaseTarget(table="{table}")
    parts = [operations_of([("a", 5, {}), ("b", 9, {})], "t"), operations_of([("c", 7, {})], "u"),
             operations_of([("d", 3, {})], "t")]  # fmt: skip
    requests = encoder(target).encode(parts)
    assert [[(item.target, item.version) for item in one.items] for one in requests] == [
        [("t", 3), ("t", 5), ("t", 9)],
        [("u", 7)],
    ]


def test_stored_fields_leave_nulls_out() -> None:
    """What is compared later: a cell for each value, none for NULL."""
    target = HbaseTarget(table="t", columns={"e:n": "name"})
    assert stored_fields(batch_of([{"id": 1, "name": "x"}, {"amount": None}]), target) == [
        {"d:id": b"1", "e:n": b"x"},
        {},
    ]


class HbaseModel:
    """HBase's rules for one family: a delete at T hides every put at or below T, also later ones; else the highest
    timestamp shows, and of one timestamp the last put.
    """

    def __init__(self) -> None:
        self._puts: dict[tuple[bytes, str], dict[int, bytes]] = {}
        self._deletes: dict[tuple[bytes, str], int] = {}

    def apply(self, request: Request[bytes]) -> None:
        """Puts and deletes of a request, all at its timestamp."""
        timestamp = timestamp_of(request)
        for item in request.items:
            row, cells = decoded(item)
            for column, value in cells:
                if value is None:
                    self._deletes[row, column] = max(timestamp, self._deletes.get((row, column), 0))
                else:
                    self._puts.setdefault((row, column), {})[timestamp] = value

    def visible(self) -> dict[bytes, dict[str, bytes]]:
        """The rows as a reader sees them."""
        rows: dict[bytes, dict[str, bytes]] = {}
        for (row, column), puts in self._puts.items():
            newest = max(puts)
            hidden = max(self._deletes.get((row, column), 0), self._deletes.get((row, column.partition(":")[0]), 0))
            if newest > hidden:
                rows.setdefault(row, {})[column] = puts[newest]
        return rows


@st.composite
def histories(draw: st.DrawFn) -> list[list[Change]]:
    """Parcels of changes with rising versions, each key at most once in a parcel, unordered within it."""
    version = 0
    parcels = []
    for _ in range(draw(st.integers(1, 6))):
        changes: list[Change] = []
        for key in draw(st.lists(st.sampled_from("abcde"), min_size=1, max_size=5, unique=True)):
            version += 1
            document = draw(
                st.none() | st.fixed_dictionaries({"id": st.just(version), "name": st.sampled_from([None, "x"])})
            )
            changes.append((key, version * 2 + (document is not None), document))
        parcels.append(draw(st.permutations(changes)))
    return parcels


def expected(parcels: Sequence[Sequence[Change]]) -> dict[bytes, dict[str, bytes]]:
    newest: dict[str, Change] = {}
    for change in sorted((change for parcel in parcels for change in parcel), key=lambda change: change[1]):
        newest[change[0]] = change
    target = HbaseTarget(table="t")
    rows = {key.encode(): stored_fields(batch_of([document]), target)[0] for key, _, document in newest.values()}
    return {row: dict(cells) for row, cells in rows.items() if cells}


@settings(max_examples=settings.default.max_examples * 60 // 100)
@given(histories(), st.integers(1, 4), st.integers(0, 2**32))
def test_any_order_of_retries_ends_in_the_newest(
    encoder: NewEncoder, parcels: list[list[Change]], batch_rows: int, seed: int
) -> None:
    """Requests sent in order, with parts of earlier ones repeated late and in any order, show after each step the
    newest change of every row sent so far, and in the end of all.
    """
    rng = random.Random(seed)
    hbase, sent = HbaseModel(), []
    coder = encoder(HbaseTarget(table="t"), batch_rows=batch_rows)
    for number, parcel in enumerate(parcels):
        for request in coder.encode([operations_of(parcel)]):
            hbase.apply(request)
            sent.append(request)
            again = rng.choice(sent)
            hbase.apply(again.only(sorted(rng.sample(range(len(again.items)), rng.randint(1, len(again.items))))))
        assert hbase.visible() == expected(parcels[: number + 1])
    for request in rng.sample(sent, len(sent)):
        hbase.apply(request)
    assert hbase.visible() == expected(parcels)
