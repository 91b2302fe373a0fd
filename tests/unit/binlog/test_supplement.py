"""Schema supplements as bytes."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.supplement import SchemaSupplement
from ingest.problems import DataProblem


@st.composite
def supplements(draw: st.DrawFn) -> SchemaSupplement:
    count = draw(st.integers(1, 8))

    def each(values: st.SearchStrategy[object]) -> tuple[object, ...]:
        return tuple(draw(st.lists(values, min_size=count, max_size=count)))

    return SchemaSupplement(
        names=each(st.text(max_size=5)),  # type: ignore[arg-type]
        types=each(st.integers(0, 255)),  # type: ignore[arg-type]
        unsigned=each(st.booleans()),  # type: ignore[arg-type]
        collations=each(st.none() | st.integers(1, 323)),  # type: ignore[arg-type]
        members=each(st.lists(st.text(max_size=5), max_size=3).map(tuple)),  # type: ignore[arg-type]
        visible=each(st.booleans()),  # type: ignore[arg-type]
        geometry_types=each(st.none() | st.integers(0, 7)),  # type: ignore[arg-type]
        primary_key=tuple(draw(st.lists(st.integers(0, count - 1), max_size=3))),
    )


@given(supplements())
def test_bytes_give_it_back(supplement: SchemaSupplement) -> None:
    """Encode then decode changes nothing."""
    assert SchemaSupplement.decode(supplement.encode()) == supplement


@given(supplements(), st.data())
def test_damage_is_a_problem(supplement: SchemaSupplement, data: st.DataObject) -> None:
    """Damaged bytes give a DataProblem or another supplement, never another exception."""
    stored = bytearray(supplement.encode())
    at = data.draw(st.integers(0, len(stored) - 1))
    stored[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(DataProblem):
        SchemaSupplement.decode(bytes(stored))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"7", b'{"names":"ab"}', b"\xff"])
def test_what_is_none(data: bytes) -> None:
    """Bytes that are no supplement are refused by name."""
    with pytest.raises(DataProblem, match=r"schema\.supplement"):
        SchemaSupplement.decode(data)
