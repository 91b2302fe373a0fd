"""The whole system in one thread from one seed: the production supervisor, reader, shards and checkpoint actors on a
simulated MySQL, sinks, store, network, processes and clock.

    Topology (binlog bytes) -> BinlogReader -> SinkShard -> SinkServer      checkpoints -> StoreServer
    Supervisor starts, watches and restarts all of it; ``faults.Plan`` breaks it

Checked at every step: 1 (``_check_record``), 2 and 3 (``SinkServer``), 4 (``SimDriver.send``: no request leaves once a
newer epoch has begun to read), 6 (``check_memory``); in the end: sinks equal the source (1), and the system came to rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from actors.checkpointer import Checkpointer
from actors.codec import reader_codec
from actors.dead_letter_desk import DeadLetterDesk
from actors.lane_actors import LaneActors
from actors.mailbox import ActorPeer
from actors.reader import Assignment, BinlogReader, Opening
from actors.shard import SinkShard
from actors.source import (
    LaneSetting,
    all_live,
    assemble_run,
    common_set,
    need_for,
    resume_all,
    resume_of,
    running_need,
)
from actors.stream import LaneReport, StreamRun
from actors.supervisor import Supervisor
from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord
from ingest.config.load import load
from ingest.config.model import Config
from ingest.dead_letters.breaker import BreakerLimits
from ingest.dead_letters.contract import LetterPolicy
from ingest.failover.choice import MOVED, better_host, choose
from ingest.failover.facts import HostFacts
from ingest.lane.applier import ParcelApplier
from ingest.lane.dispatcher import LanePlan
from ingest.lane.resume import SourceFacts
from ingest.lane.statements import LaneStatements
from ingest.mysql.replies import CONNECTION_LOST
from ingest.native.slice_decoder import new_slice_decoder
from ingest.problems import DataProblem, Problem, WorldProblem
from ingest.rules.parse import ParsedRule, parse_rule
from ingest.rules.routes import RuleRoutes
from ingest.sinks.delivery import RetryPolicy
from ingest.sinks.registry import sink_kind
from ingest.status import ClusterStatus, HostStatus
from tests.kit.letter_world import MemoryLetters
from tests.simulation.actors import Actors, SimPeer
from tests.simulation.machine import SimHost
from tests.simulation.mysql import DATABASE, Dump, Server, Topology
from tests.simulation.scheduler import Home, Scheduler
from tests.simulation.sinks import SimDriver, SinkServer, ViolationError
from tests.simulation.store import SimStore, StoreServer

LANES = ("plain", "stamped")
"""``stamped``: its sink has one version per request."""
BUFFER_BYTES = 3_000
SLACK_BYTES = 1_500
LEASE_MS = 1_000.0

CONFIG = """
[clusters.c]
hosts = ["127.0.0.1"]
user = "u"
[sinks.s]
type = "elasticsearch"
urls = ["http://127.0.0.1:1"]
bulk_items = 4
""" + "".join(
    f"""
[lanes.{lane}]
cluster = "c"
sink = "s"
rules = [{{ tables = ["{DATABASE}.*"], to = {{ index = "{{table}}" }} }}]
"""
    for lane in LANES
)


@cache
def configuration() -> Config:
    """What the rules, encoder and decoder are made from."""
    return load(CONFIG, syntax="toml", origin="simulation")


@cache
def rules(lane: str) -> tuple[ParsedRule, ...]:
    """A lane's rules, parsed once for all seeds."""
    return tuple(parse_rule(index, options) for index, options in enumerate(configuration().lanes[lane].rules))


@dataclass(frozen=True)
class Sizes:
    """How small everything is, so that every bound is met often."""

    batch_rows: int = 3
    window: int = 2
    reserve_rows: int = 8
    checkpoint_ms: int = 20
    servers: int = 1
    nodes: int = 1


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
    shards: int = 2

    def __post_init__(self) -> None:
        self.topology = Topology(self.scheduler, self.sizes.servers)
        self.store = StoreServer(self.scheduler, self._check_record)
        self.sinks = {
            lane: SinkServer(lane, self.scheduler, self.topology.history, lane == "stamped") for lane in LANES
        }
        self.actors = Actors(self.scheduler, self.sizes.nodes)
        self.checked = {lane: set() for lane in LANES}

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
        """Invariant 1: what a frontier holds that is about to be durable is in the sink."""
        held, checked, sink = (
            GtidSet.parse(record.frontier.executed),
            self.checked[record.lane],
            self.sinks[record.lane],
        )
        for transaction in self.topology.transactions:
            if transaction.gtid in checked:
                continue
            steps = transaction.steps
            if transaction.gtid in held:
                checked.add(transaction.gtid)
            elif transaction.gtid == record.frontier.partial_gtid:
                steps = steps[: record.frontier.partial_rows]
            else:
                continue
            for document, place in (pair for step in steps for pair in step):
                if not sink.has_reached(document, place):
                    what = f"{transaction.gtid} is in the frontier, {document} is at {sink.stored.get(document)}"
                    raise ViolationError(f"invariant 1: {record.lane}: {what}")

    def frontier_is_whole(self, lane: str) -> bool:
        """Does the durable frontier hold everything that was written?"""
        row = self.store.lanes.get(lane)
        if row is None or row.record is None:
            return not self.topology.transactions
        held = GtidSet.parse(row.record.frontier.executed)
        return all(one.gtid in held for one in self.topology.transactions)

    def lag_ms(self, lane: str) -> float:
        """How long ago the oldest transaction was written that the durable frontier doesn't hold."""
        row = self.store.lanes.get(lane)
        held = GtidSet.parse(row.record.frontier.executed if row and row.record else "")
        missing = (one.at_ms for one in self.topology.transactions if one.gtid not in held)
        return self.scheduler.now_ms - next(missing, self.scheduler.now_ms)

    def check_equal(self, lane: str) -> None:
        """Invariant 1, in the end: the sink shows what the source does."""
        sink = self.sinks[lane]
        for document in self.topology.history:
            found, wanted = sink.stored.get(document, (0, None))[1], self.topology.state(document)
            if found != wanted:
                raise ViolationError(f"invariant 1: {lane}: {document} is {found}, at the source {wanted}")


def check_memory(run: StreamRun) -> None:
    """Invariant 6: what waits for the shards stays within the bound, but for what came with the last packets."""
    for lane in run.lanes.values():
        waiting = lane.dispatcher.buffered_bytes
        if waiting > BUFFER_BYTES + SLACK_BYTES:
            raise ViolationError(f"invariant 6: {lane.name}: {waiting} bytes wait")


class SupervisorParts:
    """``actors.supervisor.SupervisorParts``."""

    cluster = "c"
    config_version = "1"
    lanes = LANES
    lease_ms = LEASE_MS

    def __init__(self, world: World, host: SimHost) -> None:
        self.host = host
        self._world = world
        self._shards = world.shards

    def store(self) -> SimStore:
        """See ``SupervisorParts``."""
        return SimStore(self._world.store)

    def sink_of(self, lane: str) -> str:
        """See ``SupervisorParts``."""
        return lane

    def spawn_lane(self, lane: str) -> LaneActors:
        """See ``SupervisorParts``."""
        world, owner = self._world, self.host.home
        checkpointer = world.spawn(
            f"checkpoint:{lane}", lambda host: Checkpointer(lane, SimStore(world.store), host), owner
        )
        shards = [
            world.spawn(
                f"sink:{lane}/{number}",
                lambda host, number=number: SinkShard(lane, number, lane, ShardParts(world, lane, host)),  # type: ignore[misc]
                owner,
            )
            for number in range(self._shards)
        ]
        return LaneActors(lane, checkpointer, shards)

    def spawn_reader(self, group: str) -> ActorPeer:
        """See ``SupervisorParts``."""
        world, shards = self._world, self._shards
        return world.spawn(
            f"reader:{group}", lambda host: BinlogReader("c", group, Source(world, host, shards), host), self.host.home
        )

    def start_metrics(self) -> Callable[[ClusterStatus], Sequence[str]]:
        """See ``SupervisorParts``."""
        return lambda _status: ()


class ShardParts:
    """``actors.shard.ShardParts``."""

    lease_ms = LEASE_MS
    retry = RetryPolicy(first_ms=20, most_ms=500, bound_ms=5_000)

    def __init__(self, world: World, lane: str, host: SimHost) -> None:
        self.host = host
        self._world = world
        self._lane = lane

    def store(self) -> SimStore:
        """See ``ShardParts``."""
        return SimStore(self._world.store)

    def driver(self) -> SimDriver:
        """See ``ShardParts``."""
        return SimDriver(self._world.sinks[self._lane], self._world.scheduler, self.host.home)

    def applier(self) -> ParcelApplier[bytes]:
        """See ``ShardParts``."""
        config = configuration()
        encoder = sink_kind("elasticsearch").encoder(
            config.sinks["s"], [rule.to for rule in config.lanes[self._lane].rules]
        )
        return ParcelApplier(rules(self._lane), new_slice_decoder(), encoder)

    def dead_letters(self) -> DeadLetterDesk:
        """Nothing is poison here."""
        policy = LetterPolicy(stops=True, holds=True, limits=BreakerLimits(1_000, 1.0, 1_000), whole=[True])
        return DeadLetterDesk(self._lane, self._lane, 0, 1, policy, MemoryLetters(), self.host)

    def nulled(self) -> int:
        """No dates."""
        return 0

    def tracer(self) -> None:
        """No traces."""


class NoHistory:
    """``ingest.lane.router.SchemaSource`` of a server with full metadata."""

    encoded = ""

    def on_statement(self, gtid: str, database: str, sql: str) -> str | None:
        """See ``SchemaSource``."""
        return None

    def supplement_for(self, gtid: str, body: bytes) -> bytes:
        """See ``SchemaSource``."""
        return b""


class Source:
    """``actors.reader.StreamSource`` on the simulated topology; chooses as the real one does."""

    def __init__(self, world: World, host: SimHost, shards: int) -> None:
        self._world = world
        self._host = host
        self._shards = shards
        self._reads: Server | None = None
        self._starts: dict[str, int] = {}

    def open(self, assignments: Sequence[Assignment]) -> Opening:
        """See ``StreamSource``."""
        world = self._world
        self._pause()
        settings = {lane: self._setting(lane) for lane in LANES}
        hosts = self._facts()
        for one in assignments:
            sink = world.sinks[one.lane]
            sink.newest_epoch = max(sink.newest_epoch, one.epoch)
        self._pause()
        needs = [need_for(one, settings[one.lane]) for one in assignments]
        current = (
            self._reads.uuid if self._reads else next((one.record.source_uuid for one in assignments if one.record), "")
        )
        choice = choose(hosts, needs, "primary", current)
        stops = [one for one in choice.refused.values() if isinstance(one, DataProblem)]
        if stops:
            raise ViolationError(f"a lane stops although nothing is lost: {stops[0]}")
        if choice.host is None:
            return Opening(None, choice.refused)
        server = self._server(choice.host)
        served = [one for one in assignments if one.lane in choice.lanes]
        facts = next(host for host in hosts if host.host == choice.host)
        source = SourceFacts(facts.uuid, str(facts.executed), str(facts.purged))
        points, _ = resume_all(
            served, choice, source, lambda one, source, lost: resume_of(one, settings[one.lane], source, lost)
        )
        if not server.alive or server.starts != self._starts[server.uuid]:
            raise WorldProblem(CONNECTION_LOST, "the simulated server has gone, or was started anew, meanwhile")
        dump = Dump(world.scheduler, server, common_set(points.values()))
        run = assemble_run(
            server.uuid, dump, NoHistory(), served, points, server.uuid, settings, reader_codec(), dict, self._host
        )
        world.runs.append(run)
        dump.on_read = lambda: check_memory(run)
        self._reads = server
        return Opening(run, choice.refused)

    def executed(self) -> str | None:
        """See ``StreamSource``."""
        if self._reads is None or not self._reads.alive:
            raise WorldProblem(CONNECTION_LOST, "the simulated server doesn't answer")
        return str(self._reads.executed.freeze())

    def elsewhere(self, lanes: Mapping[str, LaneReport], bytes_read: int) -> Problem | None:
        """See ``StreamSource``: every look is at all hosts."""
        if self._reads is None or len(self._world.topology.servers) == 1 or not all_live(lanes):
            return None
        hosts = self._facts()
        self._pause()
        better = better_host(hosts, [running_need(*one) for one in lanes.items()], "primary", self._reads.uuid)
        return WorldProblem(MOVED, f"the stream goes to {better}") if better is not None else None

    def hosts(self) -> Sequence[HostStatus]:
        """See ``StreamSource``."""
        return ()

    def _facts(self) -> list[HostFacts]:
        """What the servers say, each at a moment of its own."""
        topology = self._world.topology
        found: dict[str, HostFacts] = {}
        for server in self._world.scheduler.random.sample(topology.servers, len(topology.servers)):
            found[server.uuid] = server.facts(topology.primary)
            self._starts[server.uuid] = server.starts
            if len(topology.servers) > 1:
                self._pause()
        return [found[server.uuid] for server in topology.servers]

    def _pause(self) -> None:
        self._host.sleep_ms(self._world.scheduler.random.random() * 5)

    def _server(self, uuid: str) -> Server:
        return next(server for server in self._world.topology.servers if server.uuid == uuid)

    def _setting(self, lane: str) -> LaneSetting:
        return LaneSetting(
            "oldest", "rules", RuleRoutes(rules(lane)), LaneStatements("stop"), partial(self._plan, lane)
        )

    def _plan(self, lane: str, epoch: int, uuid: str) -> LanePlan:
        sizes = self._world.sizes
        return LanePlan(
            lane=lane, epoch=epoch, shards=self._shards, batch_rows=sizes.batch_rows, batch_bytes=100_000,
            buffer_bytes=BUFFER_BYTES, window=sizes.window, flush_ms=50, reserve_rows=sizes.reserve_rows,
            checkpoint_ms=sizes.checkpoint_ms, source_uuid=uuid, fingerprint="rules",
        )  # fmt: skip
