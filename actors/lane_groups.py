"""Which reader each lane has: a supervisor's groups, from their start until their readers are ended.

All lanes begin in the shared group. One that leaves it gets a group, hence a reader, of its own; once it has caught up and
has stayed away long enough it goes back (actors/joining.py). When the shared group is over, the next lane to start begins
it anew. Called under the supervisor's lock.

Invariants: a lane is in one group at most; a reader whose group is over is ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from actors.joining import NEAR_ROWS, NEAR_TRANSACTIONS
from actors.known_lane import KnownLane
from actors.lane_group import GroupOwner, LaneGroup
from actors.mailbox import CONTROL, ActorPeer
from actors.run_report import LaneReport, RunReport
from ingest.status import LaneState, LaneStatus

SHARED = "shared"
OWN = "own"
JOINING = "joining"


class LaneGroups:
    """See the module. ``stays_ms``: see ``known_lane.STAYS_MS``."""

    def __init__(
        self,
        owner: GroupOwner,
        lanes: Mapping[str, KnownLane],
        spawn_reader: Callable[[str], ActorPeer],
        stays_ms: Sequence[float],
    ) -> None:
        self._owner = owner
        self._lanes = lanes
        self._spawn_reader = spawn_reader
        self._stays_ms = stays_ms
        self._groups: dict[str, LaneGroup] = {}
        self._readers: dict[str, ActorPeer] = {}

    # --- starting and ending ------------------------------------------------------------------------------------

    def start_all(self, lanes: Sequence[str]) -> None:
        """Begin these lanes together."""
        if lanes:
            self._start(SHARED, lanes, 0.0)

    def start(self, lane: str, delay_ms: float = 0.0) -> None:
        """Begin a lane that is in no group: with a reader of its own, unless nobody uses the shared one."""
        shared = self._groups.get(SHARED)
        if shared is None or shared.is_over:
            self._start(SHARED, [lane], delay_ms)
        else:
            self._lanes[lane].stay.begin(self._owner.host.monotonic_ms())
            self._start(lane, [lane], delay_ms)

    def join(self, lane: str) -> bool:
        """A lane that is in no group goes to the shared one. False when that is over."""
        shared = self._groups.get(SHARED)
        if shared is None or not shared.adopt(lane):
            return False
        self._lanes[lane].group = SHARED
        return True

    def _start(self, name: str, lanes: Sequence[str], delay_ms: float) -> None:
        for lane in lanes:
            self._lanes[lane].group = name
        group = LaneGroup(name, lanes, self._owner, delay_ms)
        self._groups[name] = group
        group.start()

    def find(self, name: str) -> LaneGroup | None:
        """A group by name."""
        return self._groups.get(name)

    def all(self) -> list[LaneGroup]:
        """Every group."""
        return list(self._groups.values())

    def reader(self, group: str) -> ActorPeer:
        """A group's reader, made on first use."""
        if group not in self._readers:
            self._readers[group] = self._spawn_reader(group)
        return self._readers[group]

    def end_readers(self) -> None:
        """End every reader."""
        for reader in list(self._readers.values()):
            reader.end(restart=False)

    # --- from time to time --------------------------------------------------------------------------------------

    def look_after(self, statuses: Sequence[LaneStatus]) -> None:
        """End readers that nobody uses, let lanes join that have caught up, and start those anew whose shards have
        forgotten them. What crashed a group is raised."""
        for group in self.all():
            if group.crashed is not None:
                raise group.crashed
            if group.is_over and group.name != SHARED:
                self._end(group)
        self._let_join()
        for status in statuses:
            self._notice_dead_shard(status)

    def _end(self, group: LaneGroup) -> None:
        del self._groups[group.name]
        reader = self._readers.pop(group.name, None)
        if reader is not None:
            reader.end(restart=False)

    def _let_join(self) -> None:
        """One lane at a time: it shares the shared reader's process while it changes over."""
        shared = self._groups.get(SHARED)
        now_ms = self._owner.host.monotonic_ms()
        if (
            shared is None
            or shared.is_over
            or shared.is_joined_by
            or any(one.is_joining for one in self._lanes.values())
        ):
            return
        for name, lane in self._lanes.items():
            own = self._groups.get(name)
            if lane.group != name or own is None or lane.state is not LaneState.RUNNING or lane.rewinding:
                continue
            if is_near(name, own.report, shared.report) and lane.stay.is_over(now_ms, self._stays_ms):
                lane.is_joining = True
                own.abandon(name)
                return

    def _notice_dead_shard(self, status: LaneStatus) -> None:
        """A sink actor that was started anew serves no epoch; a lane without changes wouldn't notice before the next one.
        Seen twice in one epoch it is no matter of timing."""
        lane = self._lanes[status.lane]
        group = self._groups.get(lane.group)
        if group is None or lane.state is not LaneState.RUNNING or lane.epoch != status.epoch:
            return
        if all(shard.epoch >= lane.epoch for shard in status.shards):
            lane.silent_epoch = 0
        elif lane.silent_epoch != lane.epoch:
            lane.silent_epoch = lane.epoch
        elif group.reader is not None:
            group.reader.send("drop", status.lane, done=lambda _answer: None, group=CONTROL)

    # --- for people ---------------------------------------------------------------------------------------------

    def readers(self) -> list[ActorPeer]:
        """The readers that lanes use."""
        return [self._readers[name] for name in {lane.group for lane in self._lanes.values()} & set(self._readers)]

    def reader_of(self, lane: str) -> str:
        """See ``LaneStatus.reader``."""
        group = self._groups.get(self._lanes[lane].group)
        if group is None:
            return ""
        if group.name != SHARED:
            return JOINING if self._lanes[lane].is_joining else OWN
        return JOINING if lane in group.is_joined_by else SHARED

    def report_of(self, lane: str) -> LaneReport | None:
        """What the lane's reader said last; its frontier is kept for when there is no reader."""
        known = self._lanes[lane]
        group = self._groups.get(known.group)
        report = group.report.lanes.get(lane) if group is not None else None
        if report is not None and report.frontier:
            known.frontier = report.frontier
        return report


def is_near(lane: str, own: RunReport, shared: RunReport) -> bool:
    """Is a lane with a reader of its own near enough to the shared one: few transactions behind, and not deep in a large one?"""
    report = own.lanes.get(lane)
    if not shared.host or (report is not None and report.partial_rows > NEAR_ROWS):
        return False
    return shared.read.subtract(own.read).count() <= NEAR_TRANSACTIONS
