"""Compressed transactions: events out of a run of inflated pieces, and what is refused."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.cursor import Damage
from ingest.binlog.payload import inner_events, split_events
from ingest.problems import DataProblem
from tests.kit.binlog_writer import packed


def event(size: int) -> bytes:
    return bytes(9) + (19 + size).to_bytes(4, "little") + bytes(6) + bytes([size % 251]) * size


events = st.lists(st.integers(0, 60).map(event), min_size=1, max_size=12)


def body(inflated: bytes, deflated: bytes, kind: int = 0, claimed: int | None = None) -> bytes:
    """A TRANSACTION_PAYLOAD body, with a field of a newer type in it."""
    claimed = len(inflated) if claimed is None else claimed
    fields = ((1, len(deflated)), (2, kind), (9, 77), (3, claimed))
    return b"".join(packed(n) + packed(len(packed(v))) + packed(v) for n, v in fields) + b"\0" + deflated


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


@given(events, st.data())
def test_pieces_of_any_size(events: list[bytes], data: st.DataObject) -> None:
    """Wherever the inflated bytes are cut, the same events come out."""
    run = b"".join(events)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(run)), max_size=20)))
    pieces = [run[start:end] for start, end in zip([0, *cuts], [*cuts, len(run)], strict=True)]
    assert list(split_events(pieces)) == events
    with pytest.raises(Damage):
        list(split_events([run[:-1]]))


@given(events)
def test_compressed_and_not(events: list[bytes]) -> None:
    """Both payload types give the events; more than one zstd frame is one stream."""
    run = b"".join(events)
    assert list(inner_events(body(run, zstd(run)))) == events
    assert list(inner_events(body(run, run, kind=255))) == events
    assert list(inner_events(body(run * 2, zstd(run) + zstd(run)))) == events * 2


def test_many_pieces() -> None:
    """A payload that inflates to many pieces, with events across their borders and larger than one."""
    many = [event(size) for size in (0, 100_000, 300_000, 1, 700_000, 40_000)] * 3
    assert list(inner_events(body(b"".join(many), zstd(b"".join(many))))) == many


def test_what_is_refused() -> None:
    """Another compression by name; damage where it is damaged."""
    run = event(3)
    with pytest.raises(DataProblem, match=r"binlog\.compression"):
        list(inner_events(body(run, run, kind=1)))
    for damaged in (
        body(run, zstd(run), claimed=len(run) + 1),
        body(run, zstd(run))[:-3],
        body(run, b"no zstd"),
        body(run, zstd(run[:-1]), claimed=len(run) - 1),
        body(run, zstd(bytes(30)), claimed=30),
        b"",
    ):
        with pytest.raises((Damage, ValueError)):
            list(inner_events(damaged))
