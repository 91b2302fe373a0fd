"""The whole system in one thread from one seed: the production supervisor, reader, shards and checkpoint actors on a
simulated MySQL, sinks, store, network, processes and clock.

    Topology (binlog bytes) -> BinlogReader -> SinkShard -> SinkServer      checkpoints -> StoreServer
    Supervisor starts, watches and restarts all of it; ``faults.Plan`` breaks it

Checked at every step: 1 (``_check_record``), 2 and 3 (``SinkServer``), 4 (``SimDriver.send``: no request leaves once a
newer epoch has begun to read), 6 (``check_memory``); in the end: sinks equal the source (1), and the system came to rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from actors.checkpointer import Checkpointer
from actors.dead_letter_desk import DeadLetterDesk
from actors.lane_actors import LaneActors
from actors.mailbox import ActorPeer
from actors.reader import BinlogReader
from actors.shard import SinkShard
from actors.stream import StreamRun
from actors.supervisor import Supervisor
from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord
from ingest.dead_letters.breaker import BreakerLimits
from ingest.dead_letters.contract import LetterPolicy
from ingest.lane.applier import ParcelApplier
from ingest.lane.kept_state import StateKeeper
from ingest.native.slice_decoder import new_slice_decoder
from ingest.sinks.delivery import RetryPolicy
from ingest.sinks.registry import sink_kind
from ingest.status import ClusterStatus
from tests.simulation.actors import Actors, SimPeer
from tests.simulation.counts import CountingServer, ShownCounts
from tests.simulation.lanes import COUNTED, LEASE_MS, Sizes, configuration, rules
from tests.simulation.large import LargeWatch
from tests.simulation.letters import LaneLetters, SimLetters
from tests.simulation.machine import SimHost
from tests.simulation.mysql import Topology
from tests.simulation.scheduler import Home, Scheduler
from tests.simulation.sinks import SimDriver, SinkServer, ViolationError
from tests.simulation.source import Source
from tests.simulation.store import SimStore, StoreServer


@dataclass(eq=False)
class World:
    """See the module."""

    scheduler: Scheduler
    sizes: Sizes
    topology: Topology = field(init=False)
    store: StoreServer = field(init=False)
    sinks: dict[str, SinkServer] = field(init=False)
    actors: Actors = field(init=False)
    peers: list[SimPeer] = field(default_factory=list)
    runs: list[StreamRun] = field(default_factory=list)
    supervisors: list[SimPeer] = field(default_factory=list)
    checked: dict[str, set[str]] = field(default_factory=dict)
    letters: dict[str, LaneLetters] = field(init=False)
    large: dict[str, LargeWatch] = field(init=False)
    shards: int = 2
    gaps: int = 0

    def __post_init__(self) -> None:
        self.topology = Topology(self.scheduler, self.sizes.servers)
        self.store = StoreServer(self.scheduler, self._check_record)
        self.sinks = {lane: self._sink(lane) for lane in self.lanes}
        self.large = {lane: LargeWatch(lane, self.topology) for lane in self.lanes}
        for lane, sink in self.sinks.items():
            sink.is_never_shown = self.large[lane].is_never_shown
        self.actors = Actors(self.scheduler, self.sizes.nodes)
        self.checked = {lane: set() for lane in self.lanes}
        self.letters = {lane: LaneLetters() for lane in self.lanes}

    @property
    def lanes(self) -> tuple[str, str]:
        """The lanes of this world."""
        return self.sizes.lanes

    def _sink(self, lane: str) -> SinkServer:
        kind = CountingServer if lane == COUNTED else SinkServer
        return kind(lane, self.scheduler, self.topology.history, lane == "stamped")

    # --- the product's processes --------------------------------------------------------------------------------

    def start_supervisor(self) -> SimPeer:
        """A supervisor, as Ray or a person starts one."""
        peer = SimPeer(self.actors, "supervisor", lambda host: Supervisor(SupervisorParts(self, host)), None)
        self.supervisors.append(peer)
        return peer

    def spawn(self, name: str, factory: Callable[[SimHost], Any], owner: Home) -> SimPeer:
        """An actor of a supervisor."""
        peer = SimPeer(self.actors, name, factory, owner)
        self.peers.append(peer)
        return peer

    @property
    def living(self) -> list[SimPeer]:
        """Every actor that has a process now."""
        return [peer for peer in [*self.supervisors, *self.peers] if peer.life is not None]

    # --- the checks ---------------------------------------------------------------------------------------------

    def _check_record(self, record: CheckpointRecord) -> None:
        """Invariant 1: what a frontier holds that is about to be durable is in the sink, or is a dead letter; of a lane with
        state: in the state, once, and nothing else is."""
        last = self.store.lanes[record.lane].record
        if last is not None and last.epoch == record.epoch and last.applied_rows > record.applied_rows:
            raise ViolationError(f"invariant 1: {record.lane}: {record.frontier} is written over {last.frontier}")
        counting = self.sinks[record.lane]
        if isinstance(counting, CountingServer):
            watch = self.large[record.lane]
            counting.becomes_durable(record, [one for one in self.topology.transactions if not watch.must_drop(one)])
            return
        held, checked, sink = (
            GtidSet.parse(record.frontier.executed),
            self.checked[record.lane],
            self.sinks[record.lane],
        )
        for transaction in self.topology.transactions:
            if transaction.gtid in checked or self.large[record.lane].may_drop(transaction):
                continue
            steps = transaction.steps
            if transaction.gtid in held:
                checked.add(transaction.gtid)
            elif transaction.gtid == record.frontier.partial_gtid:
                steps = steps[: record.frontier.partial_rows]
            else:
                continue
            letters, history = self.letters[record.lane], self.topology.history
            for document, place in (pair for step in steps for pair in step):
                if not letters.holds(document, place, history[document]) and not sink.has_reached(document, place):
                    what = f"{transaction.gtid} is in the frontier, {document} is at {sink.stored.get(document)}"
                    raise ViolationError(f"invariant 1: {record.lane}: {what}")

    def frontier_is_whole(self, lane: str) -> bool:
        """Does the durable frontier hold everything that was written and not lost, and nothing that was?"""
        row = self.store.lanes.get(lane)
        if row is None or row.record is None:
            return not self.topology.transactions
        held = GtidSet.parse(row.record.frontier.executed)
        has_all = all(one.gtid in held for one in self.topology.transactions)
        return has_all and not any(one.gtid in held for one in self.topology.lost)

    def share_a_stream(self) -> bool:
        """Do all lanes read from one strand? (A run that is over has no lanes.)"""
        return any(set(self.lanes) <= set(run.strand.router.lanes) for run in self.runs)

    def lag_ms(self, lane: str) -> float:
        """How long ago the oldest transaction was written that the durable frontier doesn't hold."""
        row = self.store.lanes.get(lane)
        held = GtidSet.parse(row.record.frontier.executed if row and row.record else "")
        missing = (one.at_ms for one in self.topology.transactions if one.gtid not in held)
        return self.scheduler.now_ms - next(missing, self.scheduler.now_ms)

    def check_equal(self, lane: str) -> None:
        """Invariant 1, in the end: the sink shows what the source does, but for what the lane's policy drops."""
        sink = self.sinks[lane]
        if not isinstance(sink, CountingServer):  # of that each record was compared
            self.large[lane].check_equal(sink)
            self._check_losses_named(lane)

    def _check_losses_named(self, lane: str) -> None:
        """Invariant 1: what was durable in the frontier and is lost stands in the record, and nothing else does."""
        row = self.store.lanes.get(lane)
        named = GtidSet.parse(row.record.lost if row and row.record else "")
        lost = [one.gtid for one in self.topology.lost]
        silent = [gtid for gtid in lost if gtid in self.checked[lane] and gtid not in named]
        if silent:
            raise ViolationError(f"invariant 1: {lane}: lost in silence: {silent}")
        given_up = named.subtract(GtidSet.parse(",".join(lost)))
        if given_up:
            raise ViolationError(f"invariant 1: {lane}: {given_up} was given up, and isn't lost")


class SupervisorParts:
    """``actors.supervisor.SupervisorParts``."""

    cluster = "c"
    config_version = "1"
    lease_ms = LEASE_MS
    stays_ms = (200.0, 1_000.0)

    def __init__(self, world: World, host: SimHost) -> None:
        self.host = host
        self._world = world
        self._shards = world.shards
        self.lanes = world.lanes

    def store(self) -> SimStore:
        """See ``SupervisorParts``."""
        return SimStore(self._world.store)

    def sink_of(self, lane: str) -> str:
        """See ``SupervisorParts``."""
        return lane

    def spawn_lane(self, lane: str) -> LaneActors:
        """See ``SupervisorParts``."""
        world, owner, shards = self._world, self.host.home, self._shards
        checkpointer = world.spawn(
            f"checkpoint:{lane}", lambda host: Checkpointer(lane, SimStore(world.store), host), owner
        )
        sinks = [
            world.spawn(
                f"sink:{lane}/{number}",
                lambda host, number=number: SinkShard(
                    lane, number, lane, ShardParts(world, lane, number, shards, host)
                ),  # type: ignore[misc]
                owner,
            )
            for number in range(shards)
        ]
        return LaneActors(lane, checkpointer, sinks)

    def spawn_reader(self, group: str) -> ActorPeer:
        """See ``SupervisorParts``."""
        world, shards = self._world, self._shards
        return world.spawn(
            f"reader:{group}",
            lambda host: BinlogReader(
                "c", group, Source(world, host, shards), lambda _lane: Source(world, host, shards), host
            ),
            self.host.home,
        )

    def start_metrics(self) -> Callable[[ClusterStatus], Sequence[str]]:
        """See ``SupervisorParts``."""
        return lambda _status: ()


class ShardParts:
    """``actors.shard.ShardParts``."""

    lease_ms = LEASE_MS
    retry = RetryPolicy(first_ms=20, most_ms=500, bound_ms=5_000)

    def __init__(self, world: World, lane: str, shard: int, shards: int, host: SimHost) -> None:
        self.host = host
        self._world = world
        self._lane = lane
        self._shard = shard
        self._shards = shards

    def store(self) -> SimStore:
        """See ``ShardParts``."""
        return SimStore(self._world.store)

    def driver(self) -> SimDriver:
        """See ``ShardParts``."""
        world, lane = self._world, self._lane
        return SimDriver(world.sinks[lane], world.scheduler, self.host.home, world.letters[lane].is_letter)

    def applier(self) -> ParcelApplier[bytes]:
        """See ``ShardParts``."""
        config = configuration()
        targets = [rule.to for rule in config.lanes[self._lane].rules]
        encoder = sink_kind("elasticsearch").encoder(config.sinks["s"], targets)
        return ParcelApplier(rules(self._lane), new_slice_decoder(), encoder)

    def dead_letters(self) -> DeadLetterDesk:
        """See ``ShardParts``."""
        world, lane = self._world, self._lane
        limits = BreakerLimits(1_000, 1.0, 1_000)
        policy = LetterPolicy(stops=False, holds=world.sizes.quarantine, limits=limits, whole=[True])
        letters = SimLetters(world.store, world.letters[lane])
        return DeadLetterDesk(lane, lane, self._shard, self._shards, policy, letters, self.host)

    def state(self) -> StateKeeper | None:
        """See ``ShardParts``."""
        if self._lane != COUNTED:
            return None
        return StateKeeper(ShownCounts(), self._lane, self._shard, self._shards, 100_000)

    def nulled(self) -> int:
        """No dates."""
        return 0

    def tracer(self) -> None:
        """No traces."""
