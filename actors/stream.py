"""One run of a binlog stream: the loop that moves bytes to events to parcels, and acks back to records.

Waits for two things at once: the socket, when every lane accepts changes, and answers of actors, which arrive on other
threads and wake the loop. While one lane is full the stream waits for it a moment; a lane that stays full while others
could go on is taken out (``lane.fell_behind``) and gets a reader of its own. A lane that has caught up joins again
(actors/joining.py): it comes with a strand of its own and changes over to the shared one.

Invariant: one thread touches dispatchers and routers; other threads only put answers and requests into the inbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from actors.host import Empty, Event, Host, Inbox, Readable
from actors.joining import Joining
from actors.mailbox import Answer, Peer
from actors.run_report import LaneReport, RunReport
from actors.strand import Pace, PacketSource, Strand
from ingest.binlog.framing import DAMAGED_IN_TRANSIT
from ingest.binlog.gtid import GtidSet
from ingest.codec import StreamDecoder
from ingest.lane.dispatcher import LaneDispatcher, Phase
from ingest.lane.router import StreamRouter
from ingest.mysql.replies import PURGED
from ingest.problems import Problem, WorldProblem, declare

FELL_BEHIND = declare(
    "lane.fell_behind",
    "A lane couldn't keep up with the others that share its reader.",
    "Nothing to do: it goes on with a reader of its own. If it stays behind, look at its sink or add shards.",
)
NOT_JOINED = declare(
    "lane.not_joined",
    "A lane that had caught up couldn't join the shared reader.",
    "Nothing to do: it goes on with a reader of its own and tries again.",
)

STALL_MS = 1_000.0
"""How long a full lane may hold up the lanes that share its stream."""

REPORT_MS = 100.0
IDLE_WAIT_MS = 50.0
BUSY_WAIT_MS = 3.0
"""While every shard is busy, what is read can't leave before an answer comes: the socket is looked at this often only,
and when one comes. (A process that is woken for each single-row transaction costs a fifth of a core at 1,000 a second.)"""


@dataclass(slots=True, eq=False)
class LaneRun:
    """A lane in a run: its dispatcher, its actors, and how it is doing. ``holds_since_ms``: others wait for it."""

    dispatcher: LaneDispatcher
    shards: Sequence[Peer]
    checkpointer: Peer
    holds_since_ms: float | None = None
    moved_at_ms: float = 0.0
    drained: bool = False

    @property
    def name(self) -> str:
        """The lane's name."""
        return self.dispatcher.plan.lane


class StreamRun:
    """See the module. Built with a dump that is already running."""

    def __init__(
        self,
        server: str,
        packets: PacketSource,
        decoder: StreamDecoder,
        router: StreamRouter,
        lanes: Sequence[LaneRun],
        host: Host,
    ) -> None:
        self._server = server
        self.strand = Strand(packets, decoder, router)
        self.lanes = {lane.name: lane for lane in lanes}
        self._host = host
        self._inbox: Inbox[Callable[[], None]] = host.inbox()
        self._poller = host.poller()
        self._draining: set[str] = set()
        self._outcomes: dict[str, Problem | None] = {}
        self._reports: dict[str, LaneReport] = {}
        self._joining: Joining | None = None
        self._over = False
        self._reported_at_ms = float("-inf")

    # --- other threads ------------------------------------------------------------------------------------------

    def drain(self, lanes: Sequence[str]) -> None:
        """Hand these lanes no further changes, and end them when all they have is applied."""
        self._post(lambda: self._start_draining(lanes))

    def drop(self, lane: str) -> None:
        """End a lane at once."""
        self._post(lambda: self._end_lane(lane, None))

    def join(self, other: StreamRun) -> None:
        """Take in the one lane of a run that was opened for it and never looped. What becomes of it, the reports say."""
        self._post(lambda: self._take_in(other))

    def fail(self, problem: Problem) -> None:
        """End every lane with a problem of the stream."""

        def end() -> None:
            raise problem

        self._post(end)

    def _post(self, action: Callable[[], None]) -> None:
        self._inbox.put(action)
        self._poller.wake()

    # --- the loop -----------------------------------------------------------------------------------------------

    def loop(self, stopping: Event, publish: Callable[[RunReport], None]) -> Mapping[str, Problem | None]:
        """Run until every lane has ended. Returns how: a problem, or None when it was drained, dropped or stopped."""
        try:
            while self.lanes and not stopping.is_set():
                self._handle_inbox()
                self._advance()
                self._move_lanes()
                self._publish(publish)
                self._wait()
        except Problem as problem:
            for name in list(self.lanes):
                self._end_lane(name, _of_the_world(problem))
        for name in list(self.lanes):
            self._end_lane(name, None)
        self._publish(publish, now=True)
        return dict(self._outcomes)

    def close(self) -> None:
        """Let the dump and the pipe go, and who came to join too late."""
        self._over = True
        self._handle_inbox()
        self.strand.packets.close()
        self._poller.close()

    def _handle_inbox(self) -> None:
        while True:
            try:
                self._inbox.get_nowait()()
            except Empty:
                return

    def _advance(self) -> None:
        """Take what the strands have: some events."""
        joining, now_ms = self._joining, self._host.monotonic_ms()
        if joining is not None and joining.holds_up(self.strand, now_ms):
            self.strand.pace = Pace.FULL
        else:
            self.strand.advance(partial(self._may_read, self.strand), self._reap_failed)
        if joining is None or self._joining is not joining:
            return
        try:
            joining.strand.advance(partial(self._may_read, joining.strand), self._reap_failed)
        except Problem as problem:
            self._end_lane(joining.lane, _of_the_world(problem))
        else:
            self._let_join(joining, now_ms)

    def _may_read(self, strand: Strand) -> bool:
        """Is a lane left that takes changes, and do all that take them have room?"""
        taking = self._lanes_of(strand)
        return bool(taking) and all(lane.dispatcher.accepts_changes for lane in taking)

    def _lanes_of(self, strand: Strand) -> list[LaneRun]:
        """The lanes that take this strand's changes (one that is drained doesn't)."""
        return [self.lanes[name] for name in strand.router.lanes]

    def _wait(self) -> None:
        """Until an answer comes, a socket is readable, or a moment has passed; not at all while there is more to read."""
        if any(strand.pace is Pace.MORE for strand in self._strands()):
            return
        dry = [strand for strand in self._strands() if strand.pace is Pace.DRY]
        wait_ms = IDLE_WAIT_MS
        sources: list[Readable] = []
        if dry and all(lane.dispatcher.is_busy for lane in self.lanes.values()):
            wait_ms = BUSY_WAIT_MS
        else:
            sources += [strand.packets for strand in dry]
        self._poller.wait(sources, wait_ms)

    # --- joining ------------------------------------------------------------------------------------------------

    def _take_in(self, other: StreamRun) -> None:
        ((name, lane),) = other.lanes.items()
        if name in self.lanes:  # of an older epoch: it hasn't noticed yet
            self._end_lane(name, None)
        if self._over or self._joining is not None or lane.dispatcher.plan.source_uuid not in self._sources():
            self._outcomes[name] = problem = WorldProblem(NOT_JOINED, "its stream isn't this one", {"lane": name})
            self._reports[name] = replace(other._report_lane(lane), ended=True, problem=problem)
            other.close()
            return
        self._outcomes.pop(name, None)
        self._reports.pop(name, None)
        self.lanes[name] = lane
        self._joining = Joining(name, other.strand, self._host.monotonic_ms())
        other._poller.close()

    def _sources(self) -> set[str]:
        """The server whose order is counted here."""
        return {lane.dispatcher.plan.source_uuid for lane in self.lanes.values()}

    def _let_join(self, joining: Joining, now_ms: float) -> None:
        lane = self.lanes.get(joining.lane)
        if lane is None:
            return
        if joining.may_change_over(self.strand, lane.dispatcher):
            joining.change_over(self.strand)
            joining.strand.packets.close()
            self._joining = None
        elif joining.is_late(now_ms):
            self._end_lane(joining.lane, WorldProblem(FELL_BEHIND, "it didn't catch up", {"lane": joining.lane}))

    # --- lanes --------------------------------------------------------------------------------------------------

    def _move_lanes(self) -> None:
        now_ms = self._host.monotonic_ms()
        for lane in list(self.lanes.values()):
            dispatcher = lane.dispatcher
            dry = self._strand_of(lane.name).pace is not Pace.MORE
            dispatcher.pump_tail()
            while (parcel := dispatcher.next_parcel(now_ms, dry=dry)) is not None:
                done = self._on_answer(lane, partial(dispatcher.acked, parcel.shard, parcel.sequence))
                lane.shards[parcel.shard].send("put", parcel, done=done)
            record = dispatcher.checkpoint_due(now_ms)
            if record is not None:
                done = self._on_answer(lane, partial(self._durable, lane))
                lane.checkpointer.send("commit", record, dispatcher.records, done=done)
            if lane.name in self._draining and (dispatcher.idle or dispatcher.phase is Phase.TAIL):
                lane.drained = True
                self._end_lane(lane.name, None)
        self._cut_off_stalled(now_ms)

    def _start_draining(self, lanes: Sequence[str]) -> None:
        for name in set(lanes) & set(self.lanes):
            self._draining.add(name)
            self._strand_of(name).router.remove(name)

    def _strands(self) -> tuple[Strand, ...]:
        return (self.strand,) if self._joining is None else (self.strand, self._joining.strand)

    def _strand_of(self, lane: str) -> Strand:
        joining = self._joining
        return joining.strand if joining is not None and joining.lane == lane else self.strand

    def _on_answer(self, lane: LaneRun, then: Callable[[Any], None]) -> Callable[[Answer], None]:
        """A callback for an actor's answer: a problem ends the lane, a value goes to ``then``, in the loop."""

        def settle(answer: Answer) -> None:
            if self.lanes.get(lane.name) is not lane:
                return
            if answer.problem is not None:
                self._end_lane(lane.name, answer.problem)
            else:
                then(answer.value)

        return lambda answer: self._post(lambda: settle(answer))

    def _durable(self, lane: LaneRun, _answer: None) -> None:
        state = lane.dispatcher.durable()
        if (
            state is not None
        ):  # the next barrier is behind it in the shard's queue: it isn't asked for more than it can show
            lane.shards[0].send("show", state, done=self._on_answer(lane, lambda _answer: None))
        lane.moved_at_ms = self._host.monotonic_ms()

    def _cut_off_stalled(self, now_ms: float) -> None:
        """A lane that stays full while another could go on leaves the stream. One at a time: where processors are busy many
        are slow at once, and a reader for each of them would make them slower."""
        lanes = self._lanes_of(self.strand)
        full = [lane for lane in lanes if not lane.dispatcher.accepts_changes]
        held_up = len(full) < len(lanes)
        for lane in lanes:
            if lane not in full or not held_up:
                lane.holds_since_ms = None
            elif lane.holds_since_ms is None:
                lane.holds_since_ms = now_ms
        slowest = min(full, key=lambda lane: lane.holds_since_ms or now_ms, default=None)
        if slowest is None or slowest.holds_since_ms is None or now_ms - slowest.holds_since_ms <= STALL_MS:
            return
        what = f"its buffer has been full for {STALL_MS / 1000:g} s"
        self._end_lane(slowest.name, WorldProblem(FELL_BEHIND, what, {"lane": slowest.name}))
        for lane in full:
            lane.holds_since_ms = None

    def _reap_failed(self) -> None:
        for strand in self._strands():
            for name, routed in list(strand.router.lanes.items()):
                if routed.failed is not None:
                    self._end_lane(name, routed.failed)

    def _end_lane(self, name: str, problem: Problem | None) -> None:
        lane = self.lanes.pop(name, None)
        if lane is None:
            return
        self._reports[name] = replace(self._report_lane(lane), ended=True, problem=problem)
        self._draining.discard(name)
        self._outcomes[name] = problem
        self._strand_of(name).router.remove(name)
        if self._joining is not None and self._joining.lane == name:
            self._joining.strand.packets.close()
            self._joining = None

    # --- reports ------------------------------------------------------------------------------------------------

    def _publish(self, publish: Callable[[RunReport], None], *, now: bool = False) -> None:
        now_ms = self._host.monotonic_ms()
        if not now and now_ms - self._reported_at_ms < REPORT_MS:
            return
        self._reported_at_ms = now_ms
        reports = {name: self._report_lane(lane) for name, lane in self.lanes.items()}
        router = self.strand.router
        publish(
            RunReport(
                {**self._reports, **reports},
                self._server,
                router.file,
                router.position,
                router.transactions,
                router.row_changes,
                self.strand.bytes_read,
                router.commit_us,
                router.read_gtids(),
            )
        )

    def _report_lane(self, lane: LaneRun) -> LaneReport:
        dispatcher = lane.dispatcher
        frontier = dispatcher.durable_frontier
        behind = not dispatcher.idle
        return LaneReport(
            lane=lane.name,
            epoch=dispatcher.plan.epoch,
            phase=dispatcher.phase.value,
            frontier=frontier.executed if frontier else "",
            partial_rows=frontier.partial_rows if frontier else 0,
            frontier_age_ms=self._host.monotonic_ms() - lane.moved_at_ms if behind else 0.0,
            read_rows=dispatcher.last_ordinal,
            buffered_rows=dispatcher.buffered_rows,
            buffered_bytes=dispatcher.buffered_bytes,
            in_flight=dispatcher.in_flight,
            joining=self._joining is not None and self._joining.lane == lane.name,
            drained=lane.drained,
            seen=self._strand_of(lane.name).router.seen(lane.name) if dispatcher.phase is not Phase.TAIL else GtidSet(),
            lost=dispatcher.lost,
            dropped_transactions=dispatcher.large.dropped_transactions if dispatcher.large is not None else 0,
            dropped_rows=dispatcher.large.dropped_rows if dispatcher.large is not None else 0,
        )


def _of_the_world(problem: Problem) -> Problem:
    """An event that was damaged on its way is read again, from the frontier; what is purged is judged where that begins."""
    if problem.code in DAMAGED_IN_TRANSIT or problem.code is PURGED:
        return WorldProblem(problem.code, problem.what, problem.where, problem.hint)
    return problem
