"""One run of a binlog stream: the loop that moves bytes to events to parcels, and acks back to records.

Waits for two things at once: the socket, when every lane accepts changes, and answers of actors, which arrive on other
threads and wake the loop. While one lane is full the stream waits for it a moment; a lane that stays full while others
could go on is taken out (``lane.fell_behind``) and gets a reader of its own.

Invariant: one thread touches dispatchers and router; other threads only put answers and requests into the inbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from actors.host import Empty, Event, Host, Inbox, Readable
from actors.mailbox import Answer, Peer
from ingest.binlog.framing import DAMAGED_IN_TRANSIT
from ingest.binlog.gtid import GtidSet
from ingest.codec import EventPackets, Progress, StreamDecoder
from ingest.lane.dispatcher import LaneDispatcher, Phase
from ingest.lane.router import StreamRouter
from ingest.problems import Problem, WorldProblem, declare

FELL_BEHIND = declare(
    "lane.fell_behind",
    "A lane couldn't keep up with the others that share its reader.",
    "Nothing to do: it goes on with a reader of its own. If it stays behind, look at its sink or add shards.",
)

STALL_MS = 1_000.0
"""How long a full lane may hold up the lanes that share its stream."""

EVENTS_AT_ONCE = 256
"""How many events are taken before parcels and answers are looked after."""

REPORT_MS = 100.0
IDLE_WAIT_MS = 50.0

BUSY_WAIT_MS = 3.0
"""While every shard is busy, what is read can't leave before an answer comes: the socket is looked at this often only,
and when one comes. (A process that is woken for each single-row transaction costs a fifth of a core at 1,000 a second.)"""


class PacketSource(Readable, Protocol):
    """A dump (actors/drivers/mysql/dump.py)."""

    def read_available(self) -> EventPackets:
        """Events that are there, without waiting. Problems are final."""

    def close(self) -> None:
        """Let it go."""


@dataclass(frozen=True, slots=True)
class LaneReport:
    """Where a lane is, as its reader sees it. ``ended``: it has left the run, with ``problem``, drained, or dropped.
    ``seen``: the transactions of which changes may have gone out; ``lost``: those that the lane has given up."""

    lane: str
    epoch: int
    phase: str = "starting"
    frontier: str = ""
    partial_rows: int = 0
    frontier_age_ms: float = 0.0
    read_rows: int = 0
    buffered_rows: int = 0
    buffered_bytes: int = 0
    in_flight: int = 0
    drained: bool = False
    ended: bool = False
    problem: Problem | None = None
    seen: GtidSet = field(default_factory=GtidSet)
    lost: str = ""


@dataclass(frozen=True, slots=True)
class RunReport:
    """Where a run is. ``read``: the transactions read to their end, and those held before."""

    lanes: Mapping[str, LaneReport] = field(default_factory=dict)
    host: str = ""
    file: str = ""
    position: int = 0
    transactions: int = 0
    row_changes: int = 0
    bytes_read: int = 0
    commit_us: int = 0
    read: GtidSet = field(default_factory=lambda: GtidSet.parse(""))


@dataclass(slots=True)
class LaneRun:
    """A lane in a run: its dispatcher, its actors, and how it is doing."""

    dispatcher: LaneDispatcher
    shards: Sequence[Peer]
    checkpointer: Peer
    full_since_ms: float | None = None
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
        self.packets = packets
        self._decoder = decoder
        self._router = router
        self.lanes = {lane.name: lane for lane in lanes}
        self._host = host
        self._inbox: Inbox[Callable[[], None]] = host.inbox()
        self._poller = host.poller()
        self._draining: set[str] = set()
        self._outcomes: dict[str, Problem | None] = {}
        self._reports: dict[str, LaneReport] = {}
        self._bytes_read = 0
        self._reported_at_ms = float("-inf")

    # --- other threads ------------------------------------------------------------------------------------------

    def drain(self, lanes: Sequence[str]) -> None:
        """Hand these lanes no further changes, and end them when all they have is applied."""
        self._post(lambda: self._start_draining(lanes))

    def drop(self, lane: str) -> None:
        """End a lane at once."""
        self._post(lambda: self._end_lane(lane, None))

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
                dry = self._advance_stream()
                self._move_lanes(dry=dry)
                self._publish(publish)
        except Problem as problem:
            for name in list(self.lanes):
                self._end_lane(name, _of_the_world(problem))
        for name in list(self.lanes):
            self._end_lane(name, None)
        self._publish(publish, now=True)
        return dict(self._outcomes)

    def close(self) -> None:
        """Let the dump and the pipe go."""
        self.packets.close()
        self._poller.close()

    def _handle_inbox(self) -> None:
        while True:
            try:
                self._inbox.get_nowait()()
            except Empty:
                return

    def _advance_stream(self) -> bool:
        """Take some events, or wait. True when the stream has nothing more for the moment."""
        if not self._may_read():
            self._wait(with_socket=False)
            return True
        for _ in range(EVENTS_AT_ONCE):
            event = self._decoder.next_event()
            if event is None:
                packets = self.packets.read_available()
                if not len(packets):
                    self._wait(with_socket=True)
                    return True
                self._bytes_read += packets.size_bytes
                self._decoder.push(packets)
                continue
            self._router.take(event)
            self._reap_failed()
            if isinstance(event, Progress) or not self._may_read():
                return False
        return False

    def _may_read(self) -> bool:
        """Is a lane left that takes changes, and do all that take them have room?"""
        taking = [lane for name, lane in self.lanes.items() if name not in self._draining]
        return bool(taking) and all(lane.dispatcher.accepts_changes for lane in taking)

    def _wait(self, *, with_socket: bool) -> None:
        """Until an answer comes, the socket is readable, or a moment has passed."""
        self._move_lanes(dry=True)
        sources: list[Readable] = []
        wait_ms = IDLE_WAIT_MS
        if with_socket and all(lane.dispatcher.is_busy for lane in self.lanes.values()):
            wait_ms = BUSY_WAIT_MS
        elif with_socket:
            sources.append(self.packets)
        self._poller.wait(sources, wait_ms)

    # --- lanes --------------------------------------------------------------------------------------------------

    def _move_lanes(self, *, dry: bool) -> None:
        now_ms = self._host.monotonic_ms()
        for lane in list(self.lanes.values()):
            dispatcher = lane.dispatcher
            dispatcher.pump_tail()
            while (parcel := dispatcher.next_parcel(now_ms, dry=dry)) is not None:
                done = self._on_answer(lane, partial(dispatcher.acked, parcel.shard, parcel.sequence))
                lane.shards[parcel.shard].send("put", parcel, done=done)
            record = dispatcher.checkpoint_due(now_ms)
            if record is not None:
                lane.checkpointer.send("commit", record, done=self._on_answer(lane, partial(self._durable, lane)))
            if lane.name in self._draining and (dispatcher.idle or dispatcher.phase is Phase.TAIL):
                lane.drained = True
                self._end_lane(lane.name, None)
        self._cut_off_stalled(now_ms)

    def _start_draining(self, lanes: Sequence[str]) -> None:
        for name in set(lanes) & set(self.lanes):
            self._draining.add(name)
            self._router.remove(name)

    def _on_answer(self, lane: LaneRun, then: Callable[[], None]) -> Callable[[Answer], None]:
        """A callback for an actor's answer: a problem ends the lane, a value goes on with ``then``, in the loop."""

        def settle(answer: Answer) -> None:
            if self.lanes.get(lane.name) is not lane:
                return
            if answer.problem is not None:
                self._end_lane(lane.name, answer.problem)
            else:
                then()

        return lambda answer: self._post(lambda: settle(answer))

    def _durable(self, lane: LaneRun) -> None:
        lane.dispatcher.durable()
        lane.moved_at_ms = self._host.monotonic_ms()

    def _cut_off_stalled(self, now_ms: float) -> None:
        """A lane that stays full while another could go on leaves the stream."""
        for lane in list(self.lanes.values()):
            if lane.dispatcher.accepts_changes:
                lane.full_since_ms = None
                continue
            lane.full_since_ms = now_ms if lane.full_since_ms is None else lane.full_since_ms
            others = any(other.dispatcher.accepts_changes for other in self.lanes.values())
            if others and now_ms - lane.full_since_ms > STALL_MS:
                what = f"its buffer has been full for {STALL_MS / 1000:g} s"
                self._end_lane(lane.name, WorldProblem(FELL_BEHIND, what, {"lane": lane.name}))

    def _reap_failed(self) -> None:
        for name, routed in list(self._router.lanes.items()):
            if routed.failed is not None:
                self._end_lane(name, routed.failed)

    def _end_lane(self, name: str, problem: Problem | None) -> None:
        lane = self.lanes.pop(name, None)
        if lane is None:
            return
        self._reports[name] = replace(self._report_lane(lane), ended=True, problem=problem)
        self._router.remove(name)
        self._outcomes[name] = problem

    # --- reports ------------------------------------------------------------------------------------------------

    def _publish(self, publish: Callable[[RunReport], None], *, now: bool = False) -> None:
        now_ms = self._host.monotonic_ms()
        if not now and now_ms - self._reported_at_ms < REPORT_MS:
            return
        self._reported_at_ms = now_ms
        reports = {name: self._report_lane(lane) for name, lane in self.lanes.items()}
        router = self._router
        publish(
            RunReport(
                {**self._reports, **reports},
                self._server,
                router.file,
                router.position,
                router.transactions,
                router.row_changes,
                self._bytes_read,
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
            drained=lane.drained,
            seen=self._seen() if dispatcher.phase is not Phase.TAIL else GtidSet(),
            lost=dispatcher.lost,
        )

    def _seen(self) -> GtidSet:
        """All that was read, and the transaction that is being read."""
        return self._router.read_gtids().union(GtidSet.parse(self._router.gtid))


def _of_the_world(problem: Problem) -> Problem:
    """An event that was damaged on its way is read again, from the frontier."""
    if problem.code in DAMAGED_IN_TRANSIT:
        return WorldProblem(problem.code, problem.what, problem.where, problem.hint)
    return problem
