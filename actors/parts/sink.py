"""What a sink actor is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.host import SystemHost
from actors.parts.rules import parsed_rules
from actors.parts.store import store_of, store_url
from ingest.config.model import Config
from ingest.sinks.delivery import RetryPolicy

if TYPE_CHECKING:
    from actors.shard import DeadLetters
    from actors.tracing import FlowTracer
    from ingest.checkpoint.contract import CheckpointStore
    from ingest.lane.applier import ParcelApplier
    from ingest.native.slice_decoder import CountingDecoder
    from ingest.sinks.contract import Encoder, SinkDriver
    from ingest.trace import TraceFilter

RETRY_BOUND_MS = 300_000.0
"""How long a shard keeps trying before its lane starts anew; until then the lane just waits for its sink."""


class ConfiguredShard:
    """``actors.shard.ShardParts`` of one lane."""

    def __init__(self, config: Config, lane: str, shard: int, trace: TraceFilter | None) -> None:
        self._config = config
        self._name = lane
        self._shard = shard
        self._trace = trace
        self._lane = config.lanes[lane]
        self._decoder: CountingDecoder | None = None
        self.host = SystemHost()
        self.lease_ms = float(config.checkpoint.lease_ms)
        self.retry = RetryPolicy(bound_ms=RETRY_BOUND_MS)

    def store(self) -> CheckpointStore:
        """The checkpoint store."""
        return store_of(self._config)

    def driver(self) -> SinkDriver[Any]:
        """A new connection to the sink, its secrets resolved here."""
        from actors.drivers.sinks import open_driver
        from actors.secrets import resolve

        return open_driver(self._config.sinks[self._lane.sink], [rule.to for rule in self._lane.rules], resolve)

    def applier(self, epoch: int) -> ParcelApplier[Any]:
        """Rules and encoder for an epoch."""
        from actors.codec import settle_codec
        from ingest.lane.applier import ParcelApplier
        from ingest.native.slice_decoder import new_slice_decoder
        from ingest.sinks.registry import sink_kind

        settle_codec()
        self._decoder = new_slice_decoder(self._lane.zero_dates)
        options = self._config.sinks[self._lane.sink]
        encoder: Encoder[Any] = sink_kind(options.type).encoder(options, [rule.to for rule in self._lane.rules])
        rules = parsed_rules(self._lane)
        return ParcelApplier(epoch, rules, self._decoder, encoder, whole_images=self._trace is not None)

    def dead_letters(self) -> DeadLetters | None:
        """The store beside the checkpoints, or None: poison stops the lane."""
        if self._lane.on_poison == "stop":
            return None
        from actors.drivers.dead_letters import SqlDeadLetters

        return SqlDeadLetters(store_url(self._config), self._config.name)

    def tracer(self) -> FlowTracer | None:
        """With ``--trace-flow``: traces to this process's log."""
        if self._trace is None:
            return None
        from actors import logs
        from actors.tracing import FlowTracer

        logs.configure("info", json=True)
        return FlowTracer(self._trace, self._name, self._shard)

    def nulled(self) -> int:
        """Zero dates that became null."""
        return sum(self._decoder.nulled.values()) if self._decoder is not None else 0
