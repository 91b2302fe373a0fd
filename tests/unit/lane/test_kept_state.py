"""ingest.lane.kept_state: one shard's keeping of its state; and the blackhole's counts, the first that is kept."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.arrow_types import ZeroDates
from ingest.checkpoint.record import CheckpointRecord, KeptState
from ingest.config.load import load
from ingest.lane.applier import ParcelApplier
from ingest.lane.cuts import DurableState
from ingest.lane.frontier import Frontier
from ingest.lane.kept_state import StateKeeper
from ingest.problems import DataProblem
from ingest.rules.parse import parse_rule
from ingest.sinks.blackhole.counts import RowCounts, total
from ingest.sinks.registry import sink_kind, sink_state, state_name
from ingest.slices import Parcel
from tests.kit.binlog_slices import slices_of
from tests.kit.binlog_writer import BinlogWriter, Change, ColumnSpec, TableSpec
from tests.kit.codecs import EverySliceDecoder
from tests.simulation.counts import ShownCounts

ORDERS = TableSpec("shop", "orders", (ColumnSpec("id"), ColumnSpec("v")))
CONFIG = load(
    """
[clusters.c]
hosts = ["127.0.0.1"]
user = "u"
[sinks.s]
type = "blackhole"
counts = true
[lanes.l]
cluster = "c"
sink = "s"
rules = [{ tables = ["shop.*"], where = "v > 100" }]
""",
    syntax="toml",
    origin="test",
)
ZERO_DATES: ZeroDates = "null"


def record_of(state: KeptState | None) -> CheckpointRecord:
    return CheckpointRecord("l", 1, Frontier(""), 0, "u", "f", state=state)


def applier() -> ParcelApplier[bytes]:
    options, lane = CONFIG.sinks["s"], CONFIG.lanes["l"]
    rules = [parse_rule(index, rule) for index, rule in enumerate(lane.rules)]
    encoder = sink_kind("blackhole").encoder(options, [rule.to for rule in lane.rules])
    return ParcelApplier(rules, EverySliceDecoder(ZERO_DATES), encoder)


def parcel_of(*changes: Change) -> Parcel:
    writer = BinlogWriter()
    writer.format_description()
    if changes:
        writer.transaction(1, changes)
    return Parcel("l", 0, 1, 1, tuple(part for _, part in slices_of(writer.file_bytes())), 1)


def test_changes_count_whatever_the_rule_makes_of_them() -> None:
    """Every row change, by kind: also what the filter leaves out, and what a parcel coalesces. An empty parcel (a barrier
    for a shard in which nothing waits) changes nothing."""
    keeper, parcels = StateKeeper(RowCounts(), "l", 0, 1, 1_000), applier()
    keeper.open(None)
    rows = [Change(ORDERS, None, (1, 1)), Change(ORDERS, (1, 1), (1, 500)), Change(ORDERS, (1, 500), (1, 2))]
    for parcel in (parcel_of(*rows), parcel_of(), parcel_of(Change(ORDERS, (1, 2), None))):
        keeper.applied(parcels.prepare(parcel).applied)
    assert json.loads(keeper.at_barrier()) == [[0, "shop.orders", 1, 2, 1]]
    assert not keeper.figures
    assert list(keeper.shown(DurableState(1, 4, (keeper.at_barrier(),)))) == []
    assert keeper.figures == {"shop.orders.insert": 1, "shop.orders.update": 2, "shop.orders.delete": 1}


counts = st.dictionaries(
    st.tuples(st.integers(0, 2), st.sampled_from(["a.t", "a.ü"])),
    st.tuples(*(st.integers(0, 2**60) for _ in range(3))),
    max_size=4,
)


def written(found: dict[tuple[int, str], tuple[int, int, int]]) -> bytes:
    return json.dumps([[*key, *numbers] for key, numbers in found.items()]).encode()


@given(st.lists(counts, max_size=7), st.integers(1, 7))
def test_a_resize_keeps_every_part_once(states: list[dict[tuple[int, str], tuple[int, int, int]]], shards: int) -> None:
    """The contract of ``restore``: whatever the number of shards was, those of now have all of it, none of it twice."""
    kept = KeptState(RowCounts.name, tuple(map(written, states)))
    found = []
    for shard in range(shards):
        keeper = StateKeeper(RowCounts(), "l", shard, shards, 8_000_000)
        keeper.open(record_of(kept))
        found.append(keeper.at_barrier())
    assert total(found) == total(kept.shards)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (None, "state.missing"),
        (KeptState("other/1", ()), "state.of_another_form"),
        (KeptState(RowCounts.name, (b"{",)), "state.of_another_form"),
        (KeptState(RowCounts.name, (b"7",)), "state.of_another_form"),
        (KeptState(RowCounts.name, (b"[[1]]",)), "state.of_another_form"),
    ],
)
def test_a_shard_begins_with_what_it_can_read_or_not_at_all(state: KeptState | None, code: str) -> None:
    """Never silent (5)."""
    with pytest.raises(DataProblem) as caught:
        StateKeeper(RowCounts(), "l", 0, 1, 1_000).open(record_of(state))
    assert caught.value.code.name == code


def test_too_large_a_state_stops_its_lane_by_name() -> None:
    """A shard may keep its part of the bound: lane, shard, size and what to do are named."""
    keeper = StateKeeper(RowCounts(), "l", 1, 2, 2_000)
    keeper.open(record_of(KeptState(RowCounts.name, (b"[]", written({(0, "x" * 990): (0, 0, 0)})))))
    with pytest.raises(DataProblem, match="may keep") as caught:
        keeper.at_barrier()
    assert caught.value.where == {"lane": "l", "shard": "1"}
    assert "checkpoint.state_bytes" in caught.value.hint
    assert "may keep 1,000" in caught.value.what


def test_nothing_older_is_shown_again() -> None:
    """Invariant 2: a call that comes late shows nothing; versions rise with epoch and cut."""
    keeper = StateKeeper(ShownCounts(), "l", 0, 1, 1_000)
    versions = []
    for epoch, ordinal in ((1, 0), (1, 7), (1, 7), (1, 3), (2, 0), (1, 9)):
        shown = keeper.shown(DurableState(epoch, ordinal, (b"[]",)))
        versions.append(shown[0].items[0].version if shown else None)
    assert versions[3] is None and versions[5] is None
    rising = [version for version in versions if version is not None]
    assert rising == sorted(rising) and len(set(rising)) == 3


def test_what_a_sink_keeps_is_said_by_its_options() -> None:
    """``counts`` alone makes a lane one with state."""
    options = CONFIG.sinks["s"]
    assert state_name(options) == RowCounts.name
    assert sink_state(options) is not sink_state(options)
    assert state_name(options.model_copy(update={"counts": False})) == ""
