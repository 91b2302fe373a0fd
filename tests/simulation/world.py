"""One lane's epoch protocol in one thread from one seed: the production dispatcher, ledger, tail, resume and shard rules,
with a fake source, sink, network and store, and faults chosen at random.

Keys with rising values stand for rows. Requests are delayed, doubled and reordered; epochs crash or hang and go on as
zombies; a failover replays independent transactions in another order; a person rewinds the lane. Checked at every step:
no key is seen going back (invariant 2), a durable frontier holds only what the sink has (1), buffers stay within their
bound (6), an older epoch's record is refused (4); at the end sink and source are equal (1).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from ingest.binlog.gtid import GtidSet
from ingest.checkpoint.record import CheckpointRecord
from ingest.lane.buffers import SliceShape
from ingest.lane.dispatcher import LaneDispatcher, LanePlan
from ingest.lane.flow import PureFlow
from ingest.lane.frontier import Frontier
from ingest.lane.resume import SourceFacts, resume_point
from ingest.lane.tail import TailCoalescer
from ingest.rewind.plan import RewindOrder, rewound
from ingest.slices import Kind, Parcel, TransactionStamp
from ingest.version import version_base, version_of

UUID = "11111111-1111-1111-1111-111111111111"
TABLES = [SliceShape(0, b"map", b"", b"\x01", b"\x01", place) for place in ("t", "u")]
"""Two tables of one rule: key 2n is document n of the first, key 2n + 1 document n of the second."""
KEYS = 5
REWIND_SHARE = 0.2
"""Of the starts: how many go back first."""
SHARDS = 2


class ViolationError(AssertionError):
    """An invariant was broken."""


@dataclass(frozen=True)
class Rules:
    """The protocol's rules; each can be broken on purpose, and the simulation must then find a violation."""

    wait_for_older: bool = True
    fence_store: bool = True
    ask_end_after_wait: bool = True
    coalesce_tail: bool = True
    hold_reserve: bool = True
    ack_after_apply: bool = True
    tables_apart: bool = True
    reach_after_rewind: bool = True


@dataclass
class Store:
    """A store with compare-and-set."""

    epoch: int = 0
    record: CheckpointRecord | None = None


@dataclass
class Transaction:
    """A committed transaction: row changes as (key, value)."""

    gtid: str
    changes: list[tuple[int, int]]


@dataclass
class Message:
    """A request in the network."""

    epoch: Epoch
    parcel: Parcel
    items: list[tuple[int, int, int]]


@dataclass
class World:
    """Everything outside the lane's processes."""

    seed: int
    rules: Rules
    failovers: bool
    one_version_per_request: bool
    random: random.Random = field(init=False)
    log: list[Transaction] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    source_uuid: int = 0
    store: Store = field(default_factory=Store)
    sink: dict[int, tuple[int, int]] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)
    written: dict[int, int] = field(default_factory=dict)
    network: list[Message] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    rewinds: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def commit_transaction(self) -> None:
        """The application writes."""
        changes = []
        for _ in range(self.random.choice((1, 1, 2, 3, 9))):
            key = self.random.randrange(KEYS)
            self.written[key] = self.written.get(key, 0) + 1
            changes.append((key, self.written[key]))
        self.log.append(Transaction(f"{UUID}:{len(self.log) + 1}", changes))
        self.order.append(len(self.log) - 1)

    def executed(self) -> str:
        """The source's gtid_executed."""
        return f"{UUID}:1-{len(self.log)}" if self.log else ""

    def fail_over(self) -> None:
        """Another source: independent transactions in another order, those that share a key in theirs."""
        self.source_uuid += 1
        rest = list(range(len(self.log)))
        order: list[int] = []
        while rest:
            ready = [
                number
                for place, number in enumerate(rest)
                if not any(self._share_key(number, earlier) for earlier in rest[:place])
            ]
            chosen = self.random.choice(ready)
            rest.remove(chosen)
            order.append(chosen)
        self.order = order

    def rewind(self) -> None:
        """A person takes the lane back to a place in the source's binlog, between two epochs."""
        if self.store.record is None:
            return
        record = self.store.record
        cut = self.random.randrange(len(self.order) + 1)
        before = GtidSet.parse(",".join(self.log[number].gtid for number in self.order[:cut]))
        new = before.intersect(GtidSet.parse(record.frontier.executed))
        self.store.epoch += 1
        taken = rewound(record, self.store.epoch, RewindOrder(str(new), skip=False, self_describing=True), ())
        if not self.rules.reach_after_rewind:
            taken = replace(taken, reach="", source_uuid=record.source_uuid)
        self.store.record = taken
        self.rewinds += 1

    def _share_key(self, one: int, other: int) -> bool:
        keys = {key for key, _ in self.log[one].changes}
        return any(key in keys for key, _ in self.log[other].changes)

    def apply(self, items: list[tuple[int, int, int]]) -> None:
        """The sink takes a request: a higher version wins."""
        for key, version, value in items:
            if version > self.sink.get(key, (-1, 0))[0]:
                self.sink[key] = (version, value)
                if value < self.seen.get(key, 0):
                    raise ViolationError(f"seed {self.seed}: key {key} went back from {self.seen[key]} to {value}")
                self.seen[key] = value

    def check_frontier(self, frontier: Frontier) -> None:
        """What a durable frontier holds is in the sink."""
        held = GtidSet.parse(frontier.executed)
        for transaction in self.log:
            if transaction.gtid in held:
                changes = transaction.changes
            elif transaction.gtid == frontier.partial_gtid:
                changes = transaction.changes[: frontier.partial_rows]
            else:
                continue
            for key, value in changes:
                if self.sink.get(key, (-1, 0))[1] < value:
                    raise ViolationError(f"seed {self.seed}: {transaction.gtid} is in the frontier, key {key} isn't")


class Epoch:
    """One epoch's processes: reader, shards and checkpoint actor, as far as the protocol goes."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.store.epoch += 1
        self.number = world.store.epoch
        self.record = world.store.record
        self.lease = True
        self.dispatcher: LaneDispatcher | None = None
        self.early_end = world.executed()
        self.position = 0
        self.inside: int | None = None
        self.change = 0
        self.time_ms = 0.0
        self.committing: CheckpointRecord | None = None

    def step(self) -> None:
        """One thing that one of the processes does."""
        if not self.lease:
            return
        if self.dispatcher is None:
            self._begin()
            return
        self.time_ms += self.world.random.random() * 20
        action = self.world.random.random()
        self.dispatcher.pump_tail()
        if action < 0.5:
            self._read()
        elif action < 0.85:
            self._send()
        else:
            self._checkpoint()

    def _begin(self) -> None:
        world = self.world
        if world.rules.wait_for_older and any(other.lease for other in world.epochs if other.number < self.number):
            return
        end = world.executed() if world.rules.ask_end_after_wait else self.early_end
        source = SourceFacts(str(world.source_uuid), end, "")
        point = resume_point(self.record, Frontier(""), "rules", source, "lane")
        if not world.rules.coalesce_tail:
            point = type(point)(point.frontier, 0, point.end, "", point.applied_rows)
        self.order = list(world.order)
        plan = LanePlan(
            lane="lane", epoch=self.number, shards=SHARDS, batch_rows=3, batch_bytes=10_000, buffer_bytes=2_000,
            window=2, flush_ms=5, reserve_rows=8, checkpoint_ms=1, source_uuid=str(world.source_uuid),
            fingerprint="rules",
        )  # fmt: skip
        self.dispatcher = LaneDispatcher(plan, point, TailCoalescer({}), PureFlow)
        if not world.rules.hold_reserve:
            self.dispatcher._durable_reserve = 10**9
        self.source_uuid = world.source_uuid

    def _read(self) -> None:
        """The stream gives the next event, if the lane has room."""
        assert self.dispatcher is not None
        if not self.dispatcher.accepts_changes:
            return
        order = self.world.order if self.world.source_uuid == self.source_uuid else self.order
        if self.inside is None:
            if self.position >= len(order):
                return
            self.inside = order[self.position]
            transaction = self.world.log[self.inside]
            self.dispatcher.begin(TransactionStamp(transaction.gtid, 0, "f", 1))
            self.change = 0
            return
        transaction = self.world.log[self.inside]
        if self.change < len(transaction.changes):
            key, value = transaction.changes[self.change]
            image = b"%d=%d" % (key, value)
            shape, document = TABLES[key % 2 if self.world.rules.tables_apart else 0], str(key // 2)
            self.dispatcher.change([(document, document, shape, Kind.UPDATE, b"", image)])
            self.change += 1
            if self.dispatcher.buffered_bytes > self.dispatcher.plan.buffer_bytes + 200:
                raise ViolationError(f"seed {self.world.seed}: {self.dispatcher.buffered_bytes} bytes buffered")
            return
        self.dispatcher.end(transaction.gtid)
        self.inside = None
        self.position += 1

    def _send(self) -> None:
        assert self.dispatcher is not None
        parcel = self.dispatcher.next_parcel(self.time_ms, dry=self.world.random.random() < 0.5)
        if parcel is not None:
            message = Message(self, parcel, self._items(parcel))
            self.world.network.append(message)
            if not self.world.rules.ack_after_apply:
                self.acknowledge(parcel)

    def _items(self, parcel: Parcel) -> list[tuple[int, int, int]]:
        """What a shard makes of a parcel: one operation per key, the newest."""
        newest: dict[int, tuple[int, int]] = {}
        for part in parcel.slices:
            ordinals = memoryview(part.ordinals).cast("Q")
            ends = memoryview(part.ends).cast("I")
            for row in range(part.rows):
                key, value = map(int, part.images[ends[2 * row] : ends[2 * row + 1]].split(b"="))
                newest[key] = max(newest.get(key, (0, 0)), (ordinals[row], value))
        if self.world.one_version_per_request:
            version = version_of(self.number, max(ordinal for ordinal, _ in newest.values()), delete=False)
            return [(key, version, value) for key, (_, value) in newest.items()]
        return [(key, version_base(self.number, ordinal) | 1, value) for key, (ordinal, value) in newest.items()]

    def acknowledge(self, parcel: Parcel) -> None:
        """The shard's answer reaches the reader; answers of a shard keep their order."""
        assert self.dispatcher is not None
        flights = self.dispatcher._shards[parcel.shard].flights
        if flights and flights[0].sequence == parcel.sequence:
            self.dispatcher.acked(parcel.shard, parcel.sequence)

    def _checkpoint(self) -> None:
        assert self.dispatcher is not None
        if self.committing is None:
            self.committing = self.dispatcher.checkpoint_due(self.time_ms)
            return
        world = self.world
        if world.rules.fence_store and world.store.epoch != self.number:
            self.lease = False
            return
        world.check_frontier(self.committing.frontier)
        world.store.record = self.committing
        self.committing = None
        self.dispatcher.durable()


def run(seed: int, rules: Rules, *, failovers: bool = False, one_version: bool = False, steps: int = 3_000) -> World:
    """One seed to its end. Raises ViolationError."""
    world = World(seed, rules, failovers, one_version)
    world.epochs.append(Epoch(world))
    for _ in range(steps):
        _step(world)
    for epoch in world.epochs:
        epoch.lease = False
    world.epochs.append(Epoch(world))
    for _ in range(20_000):
        world.epochs[-1].step()
        if world.network:
            _deliver(world, world.network.pop(0))
        elif _settled(world):
            break
    wrong = {key: (world.sink.get(key, (0, 0))[1], value) for key, value in world.written.items()}
    wrong = {key: pair for key, pair in wrong.items() if pair[0] != pair[1]}
    if wrong:
        raise ViolationError(f"seed {seed}: not equal at the end: {wrong}")
    return world


def _settled(world: World) -> bool:
    dispatcher = world.epochs[-1].dispatcher
    done = dispatcher is not None and dispatcher.idle and world.epochs[-1].position == len(world.order)
    return done and world.epochs[-1].inside is None


def _step(world: World) -> None:
    action = world.random.random()
    if action < 0.10 and len(world.log) < 80:
        world.commit_transaction()
    elif action < 0.75:
        world.random.choice(world.epochs[-3:]).step()
    elif action < 0.97:
        if world.network:
            message = world.random.choice(world.network)
            _deliver(world, message)
            if world.random.random() < 0.8:
                world.network.remove(message)
    elif action < 0.982:
        current = world.epochs[-1]
        if world.random.random() < 0.5:
            current.lease = False
        if world.failovers and world.random.random() < 0.3:
            world.fail_over()
        if world.random.random() < REWIND_SHARE:
            world.rewind()
        world.epochs.append(Epoch(world))
    else:
        for epoch in world.epochs[:-1]:
            epoch.lease = epoch.lease and world.random.random() < 0.5


def _deliver(world: World, message: Message) -> None:
    world.apply(message.items)
    if message.epoch.lease and (world.random.random() < 0.97 or message not in world.network):
        message.epoch.acknowledge(message.parcel)
