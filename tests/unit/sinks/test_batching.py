"""ingest.sinks.batching: order, cutting and halving of requests."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sinks.batching import Refused, around_unsendable, by_version, cut, halving, pieces, split
from ingest.sinks.contract import DONE, ItemResult, Outcome, Request, RequestItem
from tests.kit.sink_operations import operations_of

items_lists = st.lists(
    st.builds(
        lambda key, version, target, size: RequestItem(key, version, target, False, b"x" * size, size),
        st.sampled_from("abcdefgh"),
        st.integers(1, 1000),
        st.sampled_from(["s", "t"]),
        st.integers(1, 50),
    ),
    max_size=60,
)


def item(key: str, size: int = 1) -> RequestItem[bytes]:
    return RequestItem(key, 1, "t", False, b"x" * size, size)


@given(st.lists(st.lists(st.integers(1, 30), max_size=8), max_size=5))
def test_by_version_sorts_all_parts(versions: list[list[int]]) -> None:
    """Every row of every part comes once, by rising version, rows of one version in order."""
    parts = [operations_of([("k", version, {}) for version in part]) for part in versions]
    places = by_version(parts)
    assert sorted(places) == [(part, row) for part, one in enumerate(versions) for row in range(len(one))]
    ranked = [(versions[part][row], part, row) for part, row in places]
    assert ranked == sorted(ranked)


@given(items_lists, st.integers(1, 10), st.integers(1, 120))
def test_cut_keeps_items_and_limits(items: list[RequestItem[bytes]], most_items: int, most_bytes: int) -> None:
    """Nothing is lost or reordered; no request exceeds a limit (but one item alone); no document stands twice."""
    requests = cut(items, most_items, most_bytes)
    assert [one for request in requests for one in request.items] == items
    for request in requests:
        assert 1 <= len(request.items) <= most_items
        assert request.size_bytes <= most_bytes or len(request.items) == 1
        names = [(one.target, one.key) for one in request.items]
        assert len(set(names)) == len(names)


def test_cut_fills_requests() -> None:
    """A request is cut only where a limit or a repeated document asks for it."""
    assert [len(one.items) for one in cut([item(str(n)) for n in range(10)], 4, 1000)] == [4, 4, 2]
    assert [len(one.items) for one in cut([item("a"), item("b"), item("a"), item("c")], 10, 1000)] == [2, 2]


@given(items_lists.filter(lambda items: len(items) > 1))
def test_split_gives_both_halves(items: list[RequestItem[bytes]]) -> None:
    """The halves joined are the request, and neither is empty."""
    first, second = split(Request(items))
    assert [*first.items, *second.items] == items
    assert first.items
    assert second.items


def test_split_of_one_item() -> None:
    """One item can't be split."""
    with pytest.raises(ValueError, match="can't be split"):
        split(Request([item("a")]))


@given(items_lists, st.integers(1, 120))
def test_pieces_keep_items(items: list[RequestItem[bytes]], most_bytes: int) -> None:
    """Pieces joined are the request, and none is larger than allowed unless it is one item."""
    found = list(pieces(Request(items), most_bytes)) if items else []
    assert [one for piece in found for one in piece.items] == items
    assert all(piece.size_bytes <= most_bytes or len(piece.items) == 1 for piece in found)


@given(st.lists(st.booleans(), min_size=1, max_size=70))
def test_halving_finds_exactly_the_bad_items(bad: list[bool]) -> None:
    """A server that refuses any request with a bad item in it: the bad ones are POISON, all others are DONE, in order."""
    applied: list[str] = []

    def attempt(request: Request[bytes]) -> Sequence[ItemResult] | Refused:
        if any(bad[int(one.key)] for one in request.items):
            return Refused("bad", "because")
        applied.extend(one.key for one in request.items)
        return [DONE] * len(request.items)

    results = halving(Request([item(str(n)) for n in range(len(bad))]), attempt)
    assert [result.outcome is Outcome.POISON for result in results] == bad
    assert sorted(applied, key=int) == [str(n) for n, is_bad in enumerate(bad) if not is_bad]
    assert all((result.reason, result.detail) == ("bad", "because") for result in results if result != DONE)


@given(st.lists(st.booleans(), max_size=30))
def test_around_unsendable_keeps_places(bad: list[bool]) -> None:
    """Items that can't be sent aren't, and every result stands in its item's place."""
    poison = ItemResult(Outcome.POISON, "never sent")
    sent: list[str] = []

    def send(request: Request[bytes]) -> Sequence[ItemResult]:
        assert request.items
        sent.extend(one.key for one in request.items)
        return [ItemResult(Outcome.RETRY, one.key) for one in request.items]

    request = Request([item(str(n)) for n in range(len(bad))])
    if not bad:
        return
    results = around_unsendable(request, lambda one: poison if bad[int(one.key)] else None, send)
    assert results == [poison if is_bad else ItemResult(Outcome.RETRY, str(n)) for n, is_bad in enumerate(bad)]
    assert sent == [str(n) for n, is_bad in enumerate(bad) if not is_bad]
