"""A lane that changes from one stream to another, with both codecs: it has begun every transaction once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.joining import HOLD_AGAIN_MS, HOLD_MS, Joining
from actors.strand import Pace, Strand
from ingest.binlog.gtid import GtidSet
from ingest.codec import EventPackets, ReaderCodec
from ingest.lane.frontier import Frontier
from ingest.lane.router import StreamRouter
from ingest.lane.routing import RoutedLane
from ingest.mysql.framing import PureEventPackets
from tests.kit.binlog_writer import Change
from tests.kit.codecs import CODECS, codec_id
from tests.kit.self_describing import NoHistory
from tests.unit.native.test_reader import A, Outcome, Rules, lane, outcome, steps, take_all, written


@dataclass
class Packets:
    """A dump that gives so many packets at a time, once ``ready``, and then has nothing for the moment."""

    left: list[bytes]
    sizes: Iterator[int]
    ready: bool = False

    def fileno(self) -> int:
        raise AssertionError("nobody waits here")

    def read_available(self) -> EventPackets:
        count = next(self.sizes) if self.ready else 0
        self.ready = False
        taken, self.left = self.left[:count], self.left[count:]
        return PureEventPackets(tuple(taken))

    def close(self) -> None:
        return None


def strand(codec: ReaderCodec, packets: Sequence[bytes], sizes: Sequence[int], lanes: dict[str, RoutedLane]) -> Strand:
    """A stream of these packets, read in pieces of these sizes, over and over."""
    decoder = codec.stream(checksum=True)
    router = StreamRouter(codec, NoHistory(), lanes, GtidSet(), decoder.short_way)
    pieces = (size for _ in range(1_000) for size in sizes)
    return Strand(Packets(list(packets), pieces), decoder, router)


def some(codec: ReaderCodec, name: str) -> RoutedLane:
    """A lane that begins at the start."""
    return lane(codec, name, 2, Frontier(""), Rules(places=False))


def look(one: Strand) -> None:
    """Read a piece."""
    one.packets.ready = True  # type: ignore[attr-defined]
    one.advance(lambda: True, lambda: None)
    one.advance(lambda: True, lambda: None)


def join(
    codec: ReaderCodec, packets: Sequence[bytes], shared_sizes: Sequence[int], own_sizes: Sequence[int]
) -> Outcome:
    """``mover`` changes over to the stream of ``stayer`` as soon as it may; what each of them gets."""
    stayer, mover = some(codec, "stayer"), some(codec, "mover")
    shared = strand(codec, packets, shared_sizes, {"stayer": stayer})
    own = strand(codec, packets, own_sizes, {"mover": mover})
    joining = Joining("mover", own, 0.0)
    joined = False
    for _ in range(1_000):
        look(shared)
        if not joined:
            look(own)
            if joining.may_change_over(shared, mover.dispatcher):
                joining.change_over(shared)
                joined = True
        if joined and not shared.packets.left and shared.pace is Pace.DRY:  # type: ignore[attr-defined]
            break
    assert joined and "mover" not in own.router.lanes
    found = Outcome()
    for name, one in (("stayer", stayer), ("mover", mover)):
        take_all(one.dispatcher, name, found)
    return found


@pytest.mark.parametrize("codec", CODECS, ids=codec_id)
@given(steps, st.lists(st.integers(1, 9), min_size=1, max_size=5), st.lists(st.integers(1, 9), min_size=1, max_size=5))
@settings(deadline=None, max_examples=max(20, settings.default.max_examples // 4))
def test_a_lane_that_changes_over_gets_each_change_once(
    codec: ReaderCodec, plan: list[tuple[str, list[Change]]], shared_sizes: list[int], own_sizes: list[int]
) -> None:
    """Invariants 1 and 2: in whatever pieces both streams come, compressed transactions and statements between; and the
    lane that was there before doesn't notice."""
    packets = written(plan)
    alone = outcome(codec, packets, {name: some(codec, name) for name in ("stayer", "mover")})
    together = join(codec, packets, shared_sizes, own_sizes)
    assert together.rows == alone.rows
    assert together.frontiers == alone.frontiers


@pytest.mark.parametrize("codec", CODECS, ids=codec_id)
def test_what_the_lane_has_already_is_passed_over(codec: ReaderCodec) -> None:
    """A lane ten transactions ahead of the shared stream joins it there, and gets the eleventh next."""
    packets = written([("plain", [Change(A, None, (number, "x"))]) for number in range(20)])
    alone = outcome(codec, packets, {name: some(codec, name) for name in ("stayer", "mover")})
    head = 3
    each = (len(packets) - head) // 20
    assert join(codec, packets, [head + 5 * each, 1, 1], [head + 15 * each, 1]).rows == alone.rows


def test_the_shared_stream_waits_only_for_a_lane_that_is_near_and_not_for_long() -> None:
    """Invariant 7: it stands still for a moment, between two transactions, and then not again for a while."""
    codec = CODECS[0]
    packets = written([("plain", [Change(A, None, (number, "x"))]) for number in range(10)])
    shared = strand(codec, packets, [len(packets)], {"stayer": some(codec, "stayer")})
    own = strand(codec, packets, [3], {"mover": some(codec, "mover")})
    joining = Joining("mover", own, 0.0)
    look(shared)
    assert joining.holds_up(shared, 5_000.0)
    assert joining.holds_up(shared, 5_000.0 + HOLD_MS - 1)
    assert not joining.holds_up(shared, 5_000.0 + HOLD_MS)
    assert not joining.holds_up(shared, 5_000.0 + HOLD_AGAIN_MS - 1)
    assert joining.holds_up(shared, 5_000.0 + HOLD_AGAIN_MS)
