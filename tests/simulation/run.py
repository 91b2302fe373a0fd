"""One seed: a world, a plan of what breaks, chaos for a while, then rest; and whether all invariants held.

The plan is a swarm: each seed switches whole classes of faults on or off, so that rare ones meet each other as well as
a system that is otherwise quiet. A few seeds have one lane that is ill for a time, and nothing else: invariant 7; once
it is well it must come back to the shared stream, while the application goes on writing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from structlog.testing import capture_logs

from actors.mailbox import CONTROL
from ingest.binlog.gtid import GtidSet
from ingest.rewind.plan import RewindOrder
from tests.simulation.actors import NetworkFaults, SimPeer
from tests.simulation.counts import CountingServer, state_name
from tests.simulation.lanes import COUNTED, Sizes
from tests.simulation.large import some_policy
from tests.simulation.letters import Person
from tests.simulation.scheduler import StuckError, one_thread
from tests.simulation.sinks import SinkFaults, ViolationError
from tests.simulation.store import StoreFaults
from tests.simulation.world import World

CHAOS_MS = 6_000.0
REST_MS = 180_000.0
STRETCH_MS = 20.0
RETRY_MS = 3_000.0
TRANSACTIONS = 30
TRANSACTIONS_BESIDE_A_SICK_LANE = 120
BURST = 5
WRITES_BESIDE_A_GAP = 8
LAG_BESIDE_A_SICK_LANE_MS = 3_000.0

FAULTS = (
    "kill", "kill_supervisor", "pause", "network", "double_calls", "sink_network", "sink_errors", "sink_down",
    "store_errors", "store_down", "source_down", "cut", "failover", "second_supervisor", "resize", "clock", "rewind",
    "poison", "large", "policy", "gap", "loss",
)  # fmt: skip
HOST_FAULTS = ("failover", "source_down", "demote", "restore", "purge")
"""What befalls the hosts of a cluster; in one seed of four, together."""

BESIDE_NO_LOSS = {"restore", "purge", "gap"}
"""What makes servers that have no more to give: one of them would have to take the place of the one that is lost."""


@dataclass(frozen=True)
class Plan:
    """``faults``: the classes that are on."""

    seed: int
    sizes: Sizes
    faults: frozenset[str]


def plan_of(seed: int) -> Plan:
    """The seed's plan: about a third of the fault classes, and sizes."""
    chosen = random.Random(f"plan {seed}")
    share = chosen.choice((0.1, 0.3, 0.6))
    faults = frozenset(fault for fault in FAULTS if random.Random(f"plan {seed} {fault}").random() < share)
    if chosen.random() < 0.02:  # they take five times as long as others
        faults = frozenset({"sick_lane"})
    hosts = random.Random(f"hosts {seed}")
    if seed % 4 == 2:
        faults |= {fault for fault in HOST_FAULTS if hosts.random() < 0.6}
    if "loss" in faults:
        faults -= BESIDE_NO_LOSS
    sizes = Sizes(
        batch_rows=chosen.choice((1, 3, 20)),
        window=chosen.choice((1, 2, 4)),
        reserve_rows=chosen.choice((2, 8, 40)),
        checkpoint_ms=chosen.choice((10, 50, 400)),
        servers=3 if faults & {"failover", "demote", "restore", "purge", "loss"} else 1,
        nodes=chosen.choice((1, 3)),
        quarantine=chosen.random() < 0.7,
        counting=not faults & {"gap", "loss"} and random.Random(f"counting {seed}").random() < 0.4,
        on_gap="resnapshot" if "gap" in faults else "stop",
        on_lost="continue" if "loss" in faults else "stop",
    )
    return Plan(seed, sizes, faults)


class Chaos:
    """Breaks things as the plan says, until ``stop``."""

    def __init__(self, world: World, plan: Plan) -> None:
        self._world = world
        self._plan = plan
        self._random = world.scheduler.random
        self._stopped = False
        self._person = Person(world.actors, lambda: self._random.choice(world.supervisors))

    def start(self) -> None:
        """From now on."""
        world, faults = self._world, self._plan.faults
        world.actors.faults = NetworkFaults(
            late=0.03 if "network" in faults else 0.0,
            lost=0.01 if "network" in faults else 0.0,
            doubled=0.05 if "double_calls" in faults else 0.0,
        )
        for sink in world.sinks.values():
            broken = 0.03 if "sink_network" in faults else 0.0
            refused = self._random.choice((0.1, 0.5)) if "sink_errors" in faults else 0.0
            sink.faults = SinkFaults(lost=broken, unanswered=broken, again=2 * broken, refused=refused, slow=broken)
            sink.poison = "poison" in faults
        if "store_errors" in faults:
            world.store.faults = StoreFaults(before=0.02, after=0.02, slow=0.05)
        if "large" in faults:
            for watch in world.large.values():
                watch.had = [some_policy(self._random, drops=world.sizes.drops)]
        if "sick_lane" in faults:
            sick = world.sinks[world.lanes[0]]
            sick.running = False
            world.scheduler.later(self._random.random() * CHAOS_MS, lambda: setattr(sick, "running", True))
            self._again(self._burst, BURST * 40.0, TRANSACTIONS_BESIDE_A_SICK_LANE // BURST)
        else:
            self._again(self._write, 150.0, TRANSACTIONS)
        if self._plan.sizes.servers > 1:
            self._again(self._replicate, self._random.choice((50.0, 300.0)), 1_000)
        for name, act in self._acts().items():
            if name in faults:
                self._again(act, CHAOS_MS / self._random.choice((2, 6)), 20)

    def stop(self) -> None:
        """Everything is healed; nothing breaks any more."""
        self._stopped = True
        world = self._world
        world.actors.faults = NetworkFaults()
        world.store.faults, world.store.running = StoreFaults(), True
        for sink in world.sinks.values():
            sink.faults, sink.running, sink.poison = SinkFaults(), True, False
        for server in world.topology.servers:
            if not server.alive:
                server.start()
        if world.topology.gaps:  # a lane with a gap waits for what may come to have it: a person takes what won't out
            world.topology.retire()
        for server in world.topology.servers:
            while not (server.hole or server.stuck) and len(server.log) < len(world.topology.transactions):
                world.topology.replicate(server)
        for peer in world.living:
            if peer.life is not None and peer.life.home.paused:
                world.scheduler.unpause(peer.life.home)

    # --- inside -------------------------------------------------------------------------------------------------

    def _again(self, act: Callable[[], None], every_ms: float, times: int) -> None:
        """At random moments, on average every so many milliseconds."""

        def once(left: int) -> None:
            if not self._stopped and left:
                act()
                self._world.scheduler.later(self._random.random() * 2 * every_ms, lambda: once(left - 1))

        self._world.scheduler.later(self._random.random() * 2 * every_ms, lambda: once(times))

    def _acts(self) -> dict[str, Callable[[], None]]:
        return {
            "kill": self._kill,
            "kill_supervisor": lambda: self._random.choice(self._world.supervisors).kill(),
            "pause": self._pause,
            "sink_down": self._sink_down,
            "store_down": self._store_down,
            "source_down": self._source_down,
            "cut": self._cut,
            "failover": self._world.topology.fail_over,
            "demote": self._world.topology.demote,
            "loss": self._world.topology.lose_primary,
            "restore": self._world.topology.restore,
            "purge": self._purge,
            "second_supervisor": self._second_supervisor,
            "resize": self._resize,
            "clock": self._clock,
            "rewind": self._rewind,
            "poison": self._mend,
            "policy": self._change_policy,
            "gap": self._gap,
        }

    def _write(self) -> None:
        self._world.topology.write()

    def _burst(self) -> None:
        for _ in range(BURST):
            self._write()

    def _replicate(self) -> None:
        self._world.topology.replicate(self._random.choice(self._world.topology.servers))

    def _some(self) -> SimPeer | None:
        living = self._world.living
        return self._random.choice(living) if living else None

    def _kill(self) -> None:
        peer = self._some()
        if peer is not None:
            peer.kill()

    def _pause(self) -> None:
        peer = self._some()
        if peer is not None and peer.life is not None:
            home, scheduler = peer.life.home, self._world.scheduler
            scheduler.pause(home)
            scheduler.later(self._random.random() * self._random.choice((300, 5_000)), lambda: scheduler.unpause(home))

    def _sink_down(self) -> None:
        sink = self._world.sinks[self._random.choice(self._world.lanes)]
        sink.running = False
        self._world.scheduler.later(self._random.random() * 3_000, lambda: setattr(sink, "running", True))

    def _store_down(self) -> None:
        store = self._world.store
        store.running = False
        self._world.scheduler.later(self._random.random() * 2_000, lambda: setattr(store, "running", True))

    def _source_down(self) -> None:
        server = self._world.topology.primary
        if server.alive:
            server.stop()
            self._world.scheduler.later(self._random.random() * 1_000, server.start)

    def _cut(self) -> None:
        for run in self._world.runs[-2:]:
            run.strand.packets.broken = True  # type: ignore[attr-defined]

    def _second_supervisor(self) -> None:
        if len(self._world.supervisors) < 3:
            self._world.start_supervisor()

    def _resize(self) -> None:
        self._world.shards = self._random.choice((1, 2, 3))
        self._world.supervisors[-1].kill()

    def _purge(self) -> None:
        """Not before every lane has begun: one that begins at the oldest binlog begins behind what was purged."""
        lanes = self._world.store.lanes
        if all(lane in lanes and lanes[lane].record is not None for lane in self._world.lanes):
            self._world.topology.purge()

    def _gap(self) -> None:
        """Nobody has the binlog any more that a lane may still need; some lanes notice at once, while rows change."""
        lanes = self._world.store.lanes
        if all(lane in lanes and lanes[lane].record is not None for lane in self._world.lanes):
            self._world.topology.purge_all()
            if self._random.random() < 0.7:
                self._cut()
            self._again(self._write, 60.0, WRITES_BESIDE_A_GAP)

    def _rewind(self) -> None:
        """A person takes a lane back to some place in the primary's binlog."""
        world = self._world
        lane = self._random.choice(world.lanes)
        row, log = world.store.lanes.get(lane), world.topology.primary.log
        if row is not None and row.record is not None:
            cut = self._random.randrange(len(log) + 1)
            before = GtidSet.parse(",".join(one.gtid for one in log[:cut]))
            new = before.intersect(GtidSet.parse(row.record.frontier.executed))
            state = state_name(lane) if self._random.random() < 0.5 else ""
            order = RewindOrder(str(new), skip=False, self_describing=True, new_state=state or None)
            person, _ = world.actors.process("person")
            supervisor = world.supervisors[-1]
            world.large[lane].rewound = True
            world.scheduler.spawn(
                person, lambda: supervisor.send("rewind", lane, order, done=lambda _answer: None, group=CONTROL)
            )

    def _mend(self) -> None:
        """A person lets a sink take what it refused, or not, and sends the dead letters again."""
        lane = self._random.choice(self._world.lanes)
        sink = self._world.sinks[lane]
        sink.poison = self._random.random() < 0.5
        self._world.scheduler.later(self._random.random() * 1_000, lambda: setattr(sink, "poison", not self._stopped))
        self._person.retry(lane, self._world.letters[lane].places)

    def _change_policy(self) -> None:
        """A person decides otherwise of large transactions: a new configuration, so everything starts anew."""
        lane = self._random.choice(
            [one for one in self._world.lanes if one != COUNTED]
        )  # who knows what that would count
        self._world.large[lane].had.append(some_policy(self._random, drops=self._world.sizes.drops))
        self._world.supervisors[-1].kill()

    def _clock(self) -> None:
        for peer in self._world.living:
            if peer.life is not None:
                peer.life.host.wall_offset_us = int((self._random.random() - 0.5) * 1e10)


def run_seed(seed: int, plan: Plan | None = None) -> World:
    """One seed to its end. ViolationError, with the seed and its plan, when an invariant doesn't hold."""
    plan = plan or plan_of(seed)
    try:
        with one_thread(seed) as scheduler, capture_logs():
            world = World(scheduler, plan.sizes)
            _play(world, plan)
            return world
    except (ViolationError, StuckError) as error:
        raise ViolationError(f"seed {seed}: {error} (faults: {', '.join(sorted(plan.faults)) or 'none'})") from error


def _play(world: World, plan: Plan) -> None:
    world.start_supervisor()
    chaos = Chaos(world, plan)
    chaos.start()
    waits_for_source = bool(plan.faults & set(HOST_FAULTS))  # as a lane does that is well
    if "sick_lane" in plan.faults and not waits_for_source:
        _watch_healthy(world)
    else:
        _run(world, CHAOS_MS)
    chaos.stop()
    for lane in world.lanes:
        _rest(world, lane, "all is healed")
        _answer_letters(world, lane)
        world.check_equal(lane)
        _await_shown(world, lane)
    if "sick_lane" in plan.faults:
        _come_together(world)


def _watch_healthy(world: World) -> None:
    """Invariant 7: beside a lane that is ill the other one goes on."""
    sick, healthy = world.lanes
    for _ in range(int(CHAOS_MS / STRETCH_MS)):
        _run(world, STRETCH_MS)
        lag_ms = world.lag_ms(healthy)
        if lag_ms > LAG_BESIDE_A_SICK_LANE_MS:
            raise ViolationError(f"invariant 7: {healthy} is {lag_ms:.0f} ms behind because {sick} is ill")


def _come_together(world: World) -> None:
    """A lane that was ill shares a stream again."""
    for _ in range(int(REST_MS / STRETCH_MS)):
        if world.share_a_stream():
            break
        _run(world, STRETCH_MS)
    else:
        raise ViolationError(f"{world.lanes[0]} is well, and doesn't come back to the shared stream")
    for lane in world.lanes:
        _rest(world, lane, "it came back")
        world.check_equal(lane)


def _rest(world: World, lane: str, since: str) -> None:
    """Until the lane has all that was written."""
    for _ in range(int(REST_MS / STRETCH_MS)):
        if world.frontier_is_whole(lane):
            return
        _run(world, STRETCH_MS)
    row = world.store.lanes.get(lane)
    held = row.record.frontier if row and row.record else None
    raise ViolationError(f"{lane} isn't done {REST_MS / 1000:g} s after {since}; its frontier: {held}")


def _await_shown(world: World, lane: str) -> None:
    """Of a lane with state: what is durable is seen."""
    sink = world.sinks[lane]
    for _ in range(int(REST_MS / STRETCH_MS)):
        if not isinstance(sink, CountingServer) or sink.shows_all:
            return
        _run(world, STRETCH_MS)
    raise ViolationError(f"invariant 1: {lane}: what is durable isn't shown, {REST_MS / 1000:g} s after all was healed")


def _answer_letters(world: World, lane: str) -> None:
    """The sink takes everything now: every dead letter is sent again, until none is left."""
    person = Person(world.actors, lambda: world.supervisors[-1])
    letters = world.letters[lane]
    for attempt in range(int(REST_MS / RETRY_MS)):
        if not letters.places:
            return
        if attempt % 3 == 2:
            person.wake(lane)
        else:
            person.retry(lane, letters.places)
        _run(world, RETRY_MS)
    raise ViolationError(f"{lane}: these have dead letters for ever: {letters.places}")


def _run(world: World, duration_ms: float) -> None:
    world.scheduler.run(lambda: bool(world.actors.bugs), duration_ms)
    if world.actors.bugs:
        raise world.actors.bugs[0]
