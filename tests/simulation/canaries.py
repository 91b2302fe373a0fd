"""Bugs that the simulation must find: one rule of the protocol broken in the production code, each.

``breaking(name)`` switches one on for a while. A canary that no seed finds means that a check has gone blind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from actors import lane_actors, source
from actors.checkpointer import Checkpointer
from actors.dead_letter_desk import DeadLetterDesk
from actors.joining import Joining
from actors.lease import Lease
from actors.rewind import carry_out
from actors.shard import SinkShard
from actors.snapshot import filling, gap
from actors.stream import StreamRun
from ingest.binlog.gtid import GtidSet
from ingest.dead_letters.letter import DeadLetter
from ingest.failover import verdict
from ingest.failover.facts import LaneNeed, OnGap, OnLost
from ingest.lane import applier, tail
from ingest.lane.cuts import Cuts
from ingest.lane.dispatcher import LaneDispatcher
from ingest.lane.flow import PureFlow
from ingest.lane.large import NO_EXEMPTION, Judgement, LargeTransactions
from ingest.lane.resume import ResumePoint
from ingest.native.flow import NativeFlow
from ingest.problems import Problem
from ingest.slices import Kind
from ingest.snapshot.surplus import SurplusRows
from ingest.version import version_bases, version_of
from tests.simulation.counts import ShownCounts
from tests.simulation.store import SimStore


@dataclass(frozen=True)
class Canary:
    """``invariant``: the one that falls first. ``patches``: (owner, attribute, what takes its place). ``needs``: faults
    without which nothing can show."""

    invariant: int
    what: str
    patches: tuple[tuple[Any, str, Callable[..., Any]], ...]
    needs: frozenset[str] = frozenset()


def _resume_without_tail(*arguments: Any) -> ResumePoint:
    point = _RESUME(*arguments)
    return replace(point, tail_rows=0)


def _resume_by_reserve(record: Any, *arguments: Any) -> ResumePoint:
    """As if every source had the same order."""
    point = _RESUME(record, *arguments)
    return point if record is None else replace(point, tail_rows=record.reserve_rows)


def _resume_without_exemption(*arguments: Any) -> ResumePoint:
    return replace(_RESUME(*arguments), exemption=NO_EXEMPTION)


def _resume_in_silence(*arguments: Any) -> ResumePoint:
    return replace(_RESUME(*arguments), lost="")


def _lag_is_loss(*arguments: Any) -> verdict.Verdict:
    found = _JUDGE_HOST(*arguments)
    return replace(found, standing=verdict.Standing.LOST) if found.standing is verdict.Standing.BEHIND else found


def _hold_nothing(self: LargeTransactions, *arguments: Any) -> Judgement:
    found = _JUDGE(self, *arguments)
    return Judgement.APPLY if found is Judgement.HOLD else found


def _drop_silently(self: LargeTransactions) -> Any:
    dropped = _LARGE_END(self)
    self.dropped_transactions = self.dropped_rows = 0
    return dropped


_JUDGE = LargeTransactions.judge
_JUDGE_HOST = verdict._judge
_LARGE_END = LargeTransactions.end


def _rewound_without_reach(record: Any, *arguments: Any) -> Any:
    taken = _REWOUND(record, *arguments)
    return replace(taken, reach="", source_uuid=record.source_uuid)


def _keep_all(self: tail.TailCoalescer, identity: str, row: tail.TailRow) -> None:
    _ADD(self, f"{identity}/{row.ordinal}", row)


def _acknowledge_at_once(self: SinkShard, parcel: Any) -> None:
    self._parts.host.start("late", lambda: _late(self, parcel))


def _late(shard: SinkShard, parcel: Any) -> None:
    shard._parts.host.sleep_ms(30)
    with contextlib.suppress(Problem):  # nobody waits for it any more
        _PUT(shard, parcel)


def _everything_read(self: LaneDispatcher) -> int:
    _WATERMARK(self)
    return self.flow.ordinal


def _no_reserve(self: LaneDispatcher, *arguments: Any) -> None:
    _INIT(self, *arguments)
    self._durable_reserve = 1 << 39


def _change_over_behind(self: Joining, shared: Any, dispatcher: LaneDispatcher) -> bool:
    """As if what the shared strand has read beyond the lane's own didn't matter."""
    return not shared.router.is_within and not self.strand.router.is_within and dispatcher.is_flowing


def _file_nothing(self: DeadLetterDesk) -> None:
    self._forget_parcel()


def _resend_as_new(self: SinkShard, letter: DeadLetter) -> Any:
    return _RESEND(
        self, replace(letter, version=version_of(self._epoch, 1 << 30, delete=letter.row.kind is Kind.DELETE))
    )


_RESEND = SinkShard._resend


def _marked_late(*arguments: Any) -> Any:
    filled = _FILL(*arguments)
    return replace(filled, before=filled.after)


def _executed_at_once(server: Any, *_: Any) -> GtidSet:
    executed: GtidSet = server.executed()
    return executed


def _snapshot_forgotten(*arguments: Any) -> ResumePoint:
    """Records say at once that the gap is filled."""
    return replace(_SNAPSHOT(*arguments), stands=None)


def _snapshot_without_tail(*arguments: Any) -> ResumePoint:
    """The rows go out before the stream has come to where their reading ended."""
    point = _SNAPSHOT(*arguments)
    return replace(point, end=point.frontier.executed)


def _frontier_only(lane: str, record: Any, start: str, memory: Any, on_lost: OnLost, on_gap: OnGap) -> LaneNeed:
    held = GtidSet.parse(record.frontier.executed) if record else None
    return LaneNeed(lane, held, held or GtidSet(), on_lost, on_gap)


def _no_gtids(*_: Any) -> GtidSet:
    return GtidSet()


def _barrier_at_once(self: Cuts, shard: int, _waiting: int | None) -> int | None:
    """On the first parcel that leaves, whatever still waits behind it."""
    return _DEPARTS(self, shard, None)


def _resume_with_tail(*arguments: Any) -> ResumePoint:
    """As if what a sink with state had applied beyond the frontier were still there."""
    point, record = _RESUME(*arguments), arguments[0]
    return replace(point, tail_rows=None) if record is not None and record.state is not None else point


def _state_in_a_second_write(self: SimStore, record: Any) -> None:
    last = self._server.lanes[record.lane].record
    if record.state is not None and record.state.shards and last is not None:
        _COMMIT(self, replace(record, state=last.state))
    _COMMIT(self, record)


def _show_what_is_known(self: ShownCounts, states: Sequence[bytes], version: int) -> Any:
    return _SHOW(self, (self.snapshot(), *states[1:]), version)


def _go_on_with_what_is_there(self: SinkShard, epoch: int) -> None:
    if self._keeper is None:
        _RESTORE(self, epoch)


def _commit_again(self: Checkpointer, record: Any, number: int) -> None:
    self._epoch, self._number = record.epoch, 0
    _TAKE(self, record, number)


_TAKE = Checkpointer.commit
_DEPARTS = Cuts.departs
_COMMIT = SimStore.commit
_SHOW = ShownCounts.show
_RESTORE = SinkShard._restore
_RESUME = source.resume_point
_SNAPSHOT = source.snapshot_point
_FILL = gap.fill_tail
_REWOUND = carry_out.rewound
_ADD = tail.TailCoalescer.add
_PUT = SinkShard.put
_WATERMARK = LaneDispatcher.watermark
_INIT = LaneDispatcher.__init__


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _canary(invariant: int, what: str, owner: Any, attribute: str, new: Callable[..., Any], *needs: str) -> Canary:
    return Canary(invariant, what, ((owner, attribute, new),), frozenset(needs))


def _versions_of_one_epoch(_epoch: int, ordinals: Sequence[int]) -> Sequence[int]:
    return version_bases(1, ordinals)


def _any_epoch(self: SimStore, lane: str, _epoch: int) -> Any:
    return self._server.lanes[lane]


CANARIES = {
    "ack_before_apply": _canary(1, "a shard acknowledges before it sends", SinkShard, "put", _acknowledge_at_once),
    "letters_not_filed": _canary(
        1, "a shard acknowledges before its dead letters are durable", DeadLetterDesk, "file", _file_nothing, "poison"
    ),
    "letters_of_now": _canary(
        2, "a dead letter is sent again as if it had just happened", SinkShard, "_resend", _resend_as_new, "poison"
    ),
    "frontier_ahead": _canary(1, "the frontier is what was read", LaneDispatcher, "watermark", _everything_read),
    "no_tail": _canary(
        2,
        "a new epoch applies the older one's changes one by one",
        source,
        "resume_point",
        _resume_without_tail,
        "kill",
    ),
    "tail_not_coalesced": _canary(2, "a tail keeps every change", tail.TailCoalescer, "add", _keep_all, "kill"),
    "tail_of_another_source": _canary(
        2, "after a failover the tail is the reserve", source, "resume_point", _resume_by_reserve, "failover", "kill"
    ),
    "hole_not_seen": _canary(
        1, "a host with a hole is as good as another", verdict, "older_than_newest", _no_gtids, "restore"
    ),
    "nothing_remembered": _canary(
        2,
        "a host needs the frontier only, not what was read",
        source,
        "need_of",
        _frontier_only,
        "source_down",
        "failover",
    ),
    "snapshot_marked_late": _canary(
        1, "a snapshot's stream begins where its reading ended", gap, "fill_tail", _marked_late, "gap"
    ),
    "commit_not_awaited": _canary(
        2, "a snapshot may show what its stream takes for later", filling, "_settled", _executed_at_once, "gap"
    ),
    "snapshot_not_awaited": _canary(
        2, "a snapshot is applied before its stream was read", source, "snapshot_point", _snapshot_without_tail, "gap"
    ),
    "snapshot_forgotten": _canary(
        1,
        "a record says that a gap is filled before it is",
        source,
        "snapshot_point",
        _snapshot_forgotten,
        "gap",
        "kill",
    ),
    "lag_is_loss": _canary(2, "a lagging replica has lost what it will get", verdict, "_judge", _lag_is_loss, "loss"),
    "lost_in_silence": _canary(
        1, "a record doesn't name what was given up", source, "resume_point", _resume_in_silence, "loss"
    ),
    "surplus_kept": _canary(1, "what no row asks for stays", SurplusRows, "add", _nothing, "gap"),
    "no_reach": _canary(
        2, "a rewound lane's tail is its old reserve", carry_out, "rewound", _rewound_without_reach, "rewind"
    ),
    "dropped_after_applied": _canary(
        2,
        "a new policy drops what an earlier epoch has applied",
        source,
        "resume_point",
        _resume_without_exemption,
        "policy",
    ),
    "exemption_forgotten": _canary(
        2,
        "records don't say what was applied under another policy",
        LargeTransactions,
        "exempt",
        property(lambda _: ""),
        "policy",
        "rewind",
    ),
    "dropped_in_part": _canary(
        2, "a large transaction's first rows are applied", LargeTransactions, "judge", _hold_nothing, "large"
    ),
    "dropped_silently": _canary(5, "what is dropped isn't counted", LargeTransactions, "end", _drop_silently, "large"),
    "no_reserve": _canary(
        2, "changes go out past the durable reserve", LaneDispatcher, "__init__", _no_reserve, "kill", "store_down"
    ),
    "no_epoch_in_versions": _canary(
        3, "versions don't say their epoch", applier, "version_bases", _versions_of_one_epoch, "kill"
    ),
    "no_fence": _canary(
        4, "a new epoch doesn't wait for the older ones", lane_actors, "fence", _nothing, "kill_supervisor"
    ),
    "no_lease": _canary(4, "a shard writes without a lease", Lease, "check", _nothing, "pause", "second_supervisor"),
    "no_compare_and_set": _canary(
        4, "the store takes older epochs' records", SimStore, "_held", _any_epoch, "second_supervisor", "pause"
    ),
    "no_bound": _canary(
        6, "a full lane takes more", LaneDispatcher, "accepts_changes", property(lambda _: True), "sick_lane"
    ),
    "joins_behind": _canary(
        1, "a lane joins a stream that is ahead of it", Joining, "may_change_over", _change_over_behind, "kill"
    ),
    "record_taken_again": _canary(
        1,
        "a record that comes once more is written again",
        Checkpointer,
        "commit",
        _commit_again,
        "double_calls",
        "network",
        "kill",
    ),
    "no_cut": Canary(
        1, "batches hold rows of both sides of a cut", ((PureFlow, "cut", _nothing), (NativeFlow, "cut", _nothing))
    ),
    "barrier_at_once": _canary(1, "a shard's state is of before the cut", Cuts, "departs", _barrier_at_once),
    "state_has_a_tail": _canary(
        1, "what follows a state's frontier is coalesced", source, "resume_point", _resume_with_tail, "kill"
    ),
    "state_written_later": _canary(
        1, "state and frontier are two writes", SimStore, "commit", _state_in_a_second_write
    ),
    "state_not_restored": _canary(
        1, "a shard's new epoch goes on with what it has", SinkShard, "_restore", _go_on_with_what_is_there, "kill"
    ),
    "shown_too_early": _canary(2, "what is shown isn't what a record holds", ShownCounts, "show", _show_what_is_known),
    "no_cut_off": _canary(7, "a full lane stays in the stream", StreamRun, "_cut_off_stalled", _nothing, "sick_lane"),
}


@contextmanager
def breaking(name: str) -> Iterator[Canary]:
    """With this bug, for as long as the block runs."""
    canary = CANARIES[name]
    patches = [patch.object(owner, attribute, new) for owner, attribute, new in canary.patches]
    for one in patches:
        one.start()
    try:
        yield canary
    finally:
        for one in patches:
            one.stop()
