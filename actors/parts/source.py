"""What a reader actor is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from actors.host import SystemHost
from actors.parts.rules import large_policy, parsed_rules
from ingest.config.check import fingerprint
from ingest.config.model import Config, GtidStart
from ingest.lane.lane_plan import LanePlan
from ingest.mysql.endpoint import Credentials, Endpoint
from ingest.mysql.identity import ReplicaIdentity, identity_of

if TYPE_CHECKING:
    from actors.drivers.mysql.dump import DumpOptions
    from actors.drivers.mysql.session import ConnectOptions
    from actors.reader import Assignment, Opening
    from actors.run_report import LaneReport
    from actors.snapshot.gap import SnapshotEnds
    from actors.source import LaneSetting, MysqlStreamSource
    from ingest.problems import Problem
    from ingest.status import HostStatus

PARCELS_IN_FLIGHT = 2
"""Per shard: one that is being applied, and one behind it, so that the shard never waits for Ray."""

TAIL_MEMORY_BYTES = 64_000_000


class ConfiguredSource:
    """``actors.reader.StreamSource`` of one cluster and group of lanes."""

    def __init__(self, config: Config, cluster: str, group: str) -> None:
        self._config = config
        self._cluster = cluster
        self._group = group
        self._source: MysqlStreamSource | None = None

    def open(self, assignments: Sequence[Assignment]) -> Opening:
        """See ``StreamSource``."""
        if self._source is None:
            self._source = self._build()
        return self._source.open(assignments)

    def executed(self) -> str | None:
        """See ``StreamSource``."""
        return self._source.executed() if self._source is not None else None

    def elsewhere(self, lanes: Mapping[str, LaneReport], bytes_read: int) -> Problem | None:
        """See ``StreamSource``."""
        return self._source.elsewhere(lanes, bytes_read) if self._source is not None else None

    def hosts(self) -> Sequence[HostStatus]:
        """See ``StreamSource``."""
        return self._source.hosts() if self._source is not None else ()

    def _build(self) -> MysqlStreamSource:
        from actors.codec import reader_codec
        from actors.drivers.mysql.schemas import schemas_for
        from actors.drivers.spill import SpillingMap
        from actors.drivers.spill_events import SpillingEvents
        from actors.preflight import LanePreflight

        options = self._config.clusters[self._cluster]
        settings = {
            lane: self._setting(lane) for lane, one in self._config.lanes.items() if one.cluster == self._cluster
        }
        return self._make()(
            endpoints=endpoints_of(self._config, self._cluster),
            connect_options=partial(connect_options, self._config, self._cluster),
            dump_options=dump_options(self._config, self._cluster),
            identity=replica_identity(self._config, self._cluster, self._group),
            codec=reader_codec(),
            settings=settings,
            preflight=LanePreflight(self._config),
            schemas=schemas_for,
            tail_map=partial(SpillingMap, TAIL_MEMORY_BYTES),
            host=SystemHost(),
            prefer=options.prefer,
            held_events=partial(SpillingEvents, TAIL_MEMORY_BYTES),
            ends=self._ends(),
        )

    def _ends(self) -> SnapshotEnds | None:
        """What the tables' present state is read from, for lanes with a gap. None where every lane stops then: a sink's client
        isn't loaded into a reader for nothing."""
        lanes = self._config.lanes.values()
        if not any(lane.cluster == self._cluster and lane.on_gap == "resnapshot" for lane in lanes):
            return None
        from actors.snapshot.ends import ConfiguredEnds

        return ConfiguredEnds(self._config)

    def _make(self) -> Callable[..., MysqlStreamSource]:
        """What is built: the cluster's servers."""
        from actors.source import MysqlStreamSource

        return MysqlStreamSource

    def _setting(self, name: str) -> LaneSetting:
        from actors.source import LaneSetting
        from ingest.lane.statements import LaneStatements
        from ingest.rules.routes import RuleRoutes
        from ingest.sinks.registry import state_name

        lane = self._config.lanes[name]
        start = lane.start.gtid if isinstance(lane.start, GtidStart) else lane.start
        rules = parsed_rules(lane)
        statements = LaneStatements(lane.truncate)
        state = state_name(self._config.sinks[lane.sink])
        plan = partial(self._plan, name, state)
        return LaneSetting(
            start,
            fingerprint(lane),
            RuleRoutes(rules),
            statements,
            plan,
            lane.on_lost,
            lane.on_gap,
            state,
            large_policy(lane),
        )

    def _plan(self, name: str, state: str, epoch: int, source_uuid: str) -> LanePlan:
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
            state=state,
        )


def endpoints_of(config: Config, cluster: str) -> list[Endpoint]:
    """A cluster's hosts, in order."""
    return [Endpoint(host, port) for host, port in config.clusters[cluster].addresses()]


def replica_identity(config: Config, cluster: str, group: str) -> ReplicaIdentity:
    """Who reads a cluster's binlog for a group: a reader's lanes, or a command that looks at binlogs."""
    return identity_of(f"{config.name}/{cluster}/{group}", config.clusters[cluster].server_id_of(cluster, group))


def dump_options(config: Config, cluster: str) -> DumpOptions:
    """How a cluster's binlog is dumped."""
    from actors.drivers.mysql.dump import DumpOptions

    options = config.clusters[cluster]
    return DumpOptions(options.heartbeat_ms, options.read_timeout_ms)


def connect_options(config: Config, cluster: str) -> ConnectOptions:
    """How to log in to a cluster, its secret resolved here."""
    from actors.drivers.mysql.session import ConnectOptions
    from actors.secrets import resolve

    options = config.clusters[cluster]
    credentials = Credentials(options.user, resolve(options.password) or "")
    return ConnectOptions(credentials, options.tls, options.connect_timeout_ms, options.read_timeout_ms)
