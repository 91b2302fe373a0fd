"""What a supervisor actor is made of, and of what it makes the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from actors.host import SystemHost
from actors.known_lane import STAYS_MS
from actors.lane_actors import LaneActors
from actors.mailbox import ActorPeer
from actors.parts.sink import ConfiguredShard
from actors.parts.source import ConfiguredSource
from actors.parts.store import store_of
from actors.wiring import spawn
from ingest.config.check import config_version
from ingest.config.model import Config

if TYPE_CHECKING:
    from actors.rewind.carry_out import RewindStore
    from ingest.status import ClusterStatus
    from ingest.trace import TraceFilter


class ConfiguredSupervisor:
    """``actors.supervisor.SupervisorParts`` of one cluster."""

    def __init__(self, config: Config, cluster: str, trace: TraceFilter | None = None) -> None:
        self._config = config
        self._trace = trace
        self.cluster = cluster
        self.config_version = config_version(config)
        self.lanes = tuple(name for name, lane in config.lanes.items() if lane.cluster == cluster)
        self.lease_ms = float(config.checkpoint.lease_ms)
        self.stays_ms = STAYS_MS
        self.host = SystemHost()

    def store(self) -> RewindStore:
        """The checkpoint store."""
        return store_of(self._config)

    def sink_of(self, lane: str) -> str:
        """The name of the lane's sink."""
        return self._config.lanes[lane].sink

    def spawn_lane(self, lane: str) -> LaneActors:
        """A checkpoint actor and the sink actors."""
        from actors.checkpointer import Checkpointer
        from actors.shard import SinkShard

        options = self._config.lanes[lane]
        checkpointer = spawn(Checkpointer, f"checkpoint:{lane}", lane, store_of(self._config), SystemHost())
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

    def spawn_reader(self, group: str) -> ActorPeer:
        """A reader of this cluster."""
        from actors.reader import BinlogReader

        source = ConfiguredSource(self._config, self.cluster, group)
        joining = partial(ConfiguredSource, self._config, self.cluster)
        name = f"reader:{self.cluster}/{group}"
        return spawn(BinlogReader, name, self.cluster, group, source, joining, SystemHost())

    def start_metrics(self) -> Callable[[ClusterStatus], Sequence[str]]:
        """The node's exporter, and how to hand it a status."""
        from actors.metrics.push import start_metrics

        return start_metrics(self._config.metrics, self._config.name, self.cluster)
