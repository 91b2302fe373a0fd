"""From the configuration to what each actor is made of. Wiring only: no decision, no I/O before an actor starts.

Everything here pickles, since it is handed to actors when they are made; what can't (connections, locks, compiled
rules) is built in the actor on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from actors import logs
from actors.checkpointer import Checkpointer
from actors.clock import SystemClock
from actors.drivers import open_driver
from actors.drivers.dead_letters import SqlDeadLetters
from actors.drivers.mysql.dump import DumpOptions
from actors.drivers.mysql.schemas import schemas_for
from actors.drivers.mysql.session import ConnectOptions
from actors.drivers.spill import SpillingMap
from actors.drivers.store import SqlCheckpointStore
from actors.lane_actors import LaneActors
from actors.mailbox import RayPeer
from actors.metrics.push import start_metrics
from actors.preflight import LanePreflight
from actors.reader import Assignment, BinlogReader
from actors.secrets import resolve
from actors.shard import DeadLetters, SinkShard
from actors.source import LaneSetting, MysqlStreamSource
from actors.stream import StreamRun
from actors.tracing import FlowTracer
from actors.wiring import spawn
from ingest.binlog.codec import PureReaderCodec
from ingest.checkpoint.contract import CheckpointStore
from ingest.config.check import config_version, fingerprint
from ingest.config.model import Config, GtidStart, Lane
from ingest.lane.applier import ParcelApplier
from ingest.lane.dispatcher import LanePlan
from ingest.lane.statements import LaneStatements
from ingest.mysql.endpoint import Credentials, Endpoint
from ingest.mysql.identity import identity_of
from ingest.native.slice_decoder import CountingDecoder, new_slice_decoder
from ingest.rules.parse import ParsedRule, parse_rule
from ingest.rules.routes import RuleRoutes
from ingest.sinks.contract import Encoder, SinkDriver
from ingest.sinks.delivery import RetryPolicy
from ingest.sinks.registry import sink_kind
from ingest.status import ClusterStatus
from ingest.trace import TraceFilter

PARCELS_IN_FLIGHT = 2
"""Per shard: one that is being applied, and one behind it, so that the shard never waits for Ray."""

TAIL_MEMORY_BYTES = 64_000_000

RETRY_BOUND_MS = 300_000.0
"""How long a shard keeps trying before its lane starts anew; until then the lane just waits for its sink."""


def store_url(config: Config) -> str:
    """Where checkpoints and dead letters are kept, its secret resolved here."""
    store = config.checkpoint.store
    return store if isinstance(store, str) else resolve(store) or ""


def store_of(config: Config) -> SqlCheckpointStore:
    """The checkpoint store."""
    return SqlCheckpointStore(store_url(config), config.name)


def parsed_rules(lane: Lane) -> tuple[ParsedRule, ...]:
    """A lane's rules, parsed."""
    return tuple(parse_rule(index, options) for index, options in enumerate(lane.rules))


class ConfiguredShard:
    """``actors.shard.ShardParts`` of one lane."""

    def __init__(self, config: Config, lane: str, shard: int, trace: TraceFilter | None) -> None:
        self._config = config
        self._name = lane
        self._shard = shard
        self._trace = trace
        self._lane = config.lanes[lane]
        self._decoder: CountingDecoder | None = None
        self.clock = SystemClock()
        self.lease_ms = float(config.checkpoint.lease_ms)
        self.retry = RetryPolicy(bound_ms=RETRY_BOUND_MS)

    def store(self) -> CheckpointStore:
        """The checkpoint store."""
        return store_of(self._config)

    def driver(self) -> SinkDriver[Any]:
        """A new connection to the sink, its secrets resolved here."""
        return open_driver(self._config.sinks[self._lane.sink], [rule.to for rule in self._lane.rules], resolve)

    def applier(self, epoch: int) -> ParcelApplier[Any]:
        """Rules and encoder for an epoch."""
        self._decoder = new_slice_decoder(self._lane.zero_dates)
        options = self._config.sinks[self._lane.sink]
        encoder: Encoder[Any] = sink_kind(options.type).encoder(options, [rule.to for rule in self._lane.rules])
        return ParcelApplier(epoch, parsed_rules(self._lane), self._decoder, encoder)

    def dead_letters(self) -> DeadLetters | None:
        """The store beside the checkpoints, or None: poison stops the lane."""
        if self._lane.on_poison == "stop":
            return None
        return SqlDeadLetters(store_url(self._config), self._config.name)

    def tracer(self) -> FlowTracer | None:
        """With ``--trace-flow``: traces to this process's log."""
        if self._trace is None:
            return None
        logs.configure("info", json=True)
        return FlowTracer(self._trace, self._name, self._shard)

    def nulled(self) -> int:
        """Zero dates that became null."""
        return sum(self._decoder.nulled.values()) if self._decoder is not None else 0


class ConfiguredSource:
    """``actors.reader.StreamSource`` of one cluster and group of lanes."""

    def __init__(self, config: Config, cluster: str, group: str) -> None:
        self._config = config
        self._cluster = cluster
        self._group = group
        self._source: MysqlStreamSource | None = None

    def open(self, assignments: Sequence[Assignment]) -> StreamRun:
        """See ``StreamSource``."""
        if self._source is None:
            self._source = self._build()
        return self._source.open(assignments)

    def executed(self) -> str | None:
        """See ``StreamSource``."""
        return self._source.executed() if self._source is not None else None

    def _build(self) -> MysqlStreamSource:
        options = self._config.clusters[self._cluster]
        name = f"{self._config.name}/{self._cluster}/{self._group}"
        settings = {
            lane: self._setting(lane) for lane, one in self._config.lanes.items() if one.cluster == self._cluster
        }
        return MysqlStreamSource(
            [Endpoint(host, port) for host, port in options.addresses()],
            partial(connect_options, self._config, self._cluster),
            DumpOptions(options.heartbeat_ms, options.read_timeout_ms),
            identity_of(name, options.server_id_of(self._cluster, self._group)),
            PureReaderCodec(),
            settings,
            LanePreflight(self._config),
            schemas_for,
            partial(SpillingMap, TAIL_MEMORY_BYTES),
            SystemClock(),
        )

    def _setting(self, name: str) -> LaneSetting:
        lane = self._config.lanes[name]
        start = lane.start.gtid if isinstance(lane.start, GtidStart) else lane.start
        rules = parsed_rules(lane)
        statements = LaneStatements(lane.truncate)
        return LaneSetting(start, fingerprint(lane), RuleRoutes(rules), statements, partial(self._plan, name))

    def _plan(self, name: str, epoch: int, source_uuid: str) -> LanePlan:
        lane = self._config.lanes[name]
        checkpoint = self._config.checkpoint
        return LanePlan(
            lane=name,
            epoch=epoch,
            shards=lane.shards,
            batch_rows=lane.batch_rows,
            batch_bytes=lane.batch_bytes,
            buffer_bytes=lane.buffer_bytes,
            window=PARCELS_IN_FLIGHT,
            flush_ms=lane.flush_ms,
            reserve_rows=checkpoint.reserve_rows,
            checkpoint_ms=checkpoint.interval_ms,
            source_uuid=source_uuid,
            fingerprint=fingerprint(lane),
        )


def connect_options(config: Config, cluster: str) -> ConnectOptions:
    """How to log in to a cluster, its secret resolved here."""
    options = config.clusters[cluster]
    credentials = Credentials(options.user, resolve(options.password) or "")
    return ConnectOptions(credentials, options.tls, options.connect_timeout_ms, options.read_timeout_ms)


class ConfiguredSupervisor:
    """``actors.supervisor.SupervisorParts`` of one cluster."""

    def __init__(self, config: Config, cluster: str, trace: TraceFilter | None = None) -> None:
        self._config = config
        self._trace = trace
        self.cluster = cluster
        self.config_version = config_version(config)
        self.lanes = tuple(name for name, lane in config.lanes.items() if lane.cluster == cluster)
        self.lease_ms = float(config.checkpoint.lease_ms)
        self.clock = SystemClock()

    def store(self) -> CheckpointStore:
        """The checkpoint store."""
        return store_of(self._config)

    def sink_of(self, lane: str) -> str:
        """The name of the lane's sink."""
        return self._config.lanes[lane].sink

    def spawn_lane(self, lane: str) -> LaneActors:
        """A checkpoint actor and the sink actors."""
        options = self._config.lanes[lane]
        checkpointer = spawn(Checkpointer, f"checkpoint:{lane}", lane, store_of(self._config), SystemClock())
        shards = [
            spawn(
                SinkShard,
                f"sink:{lane}/{number}",
                lane,
                number,
                options.sink,
                ConfiguredShard(self._config, lane, number, self._trace),
                spread=True,
            )
            for number in range(options.shards)
        ]
        return LaneActors(lane, checkpointer, shards)

    def spawn_reader(self, group: str) -> RayPeer:
        """A reader of this cluster."""
        source = ConfiguredSource(self._config, self.cluster, group)
        return spawn(BinlogReader, f"reader:{self.cluster}/{group}", self.cluster, group, source, SystemClock())

    def start_metrics(self) -> Callable[[ClusterStatus], Sequence[str]]:
        """The node's exporter, and how to hand it a status."""
        return start_metrics(self._config.metrics, self._config.name, self.cluster)
