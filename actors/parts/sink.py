"""What a sink actor is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.host import SystemHost
from actors.parts.rules import parsed_rules
from actors.parts.store import store_of, store_url
from ingest.config.model import Config, Lane
from ingest.dead_letters.breaker import BreakerLimits
from ingest.dead_letters.contract import LetterPolicy
from ingest.sinks.delivery import RetryPolicy
from ingest.sinks.elasticsearch.options import ElasticsearchTarget

if TYPE_CHECKING:
    from actors.dead_letter_desk import DeadLetterDesk
    from actors.tracing import FlowTracer
    from ingest.checkpoint.contract import CheckpointStore
    from ingest.lane.applier import ParcelApplier
    from ingest.lane.kept_state import StateKeeper
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

        targets = [rule.to for rule in self._lane.rules]
        return open_driver(self._config.sinks[self._lane.sink], targets, resolve, self.lease_ms)

    def applier(self) -> ParcelApplier[Any]:
        """Rules and encoder."""
        from actors.codec import settle_codec
        from ingest.lane.applier import ParcelApplier
        from ingest.native.slice_decoder import new_slice_decoder
        from ingest.sinks.registry import sink_kind

        settle_codec()
        self._decoder = new_slice_decoder(self._lane.zero_dates)
        options = self._config.sinks[self._lane.sink]
        encoder: Encoder[Any] = sink_kind(options.type).encoder(options, [rule.to for rule in self._lane.rules])
        rules = parsed_rules(self._lane)
        return ParcelApplier(rules, self._decoder, encoder, whole_images=self._trace is not None)

    def dead_letters(self) -> DeadLetterDesk:
        """A desk on the store beside the checkpoints."""
        from actors.dead_letter_desk import DeadLetterDesk
        from actors.drivers.dead_letters import SqlDeadLetters

        store = SqlDeadLetters(store_url(self._config), self._config.name)
        lane = self._lane
        return DeadLetterDesk(self._name, lane.sink, self._shard, lane.shards, letter_policy(lane), store, self.host)

    def state(self) -> StateKeeper | None:
        """What the sink's options say that it keeps."""
        from ingest.lane.kept_state import StateKeeper
        from ingest.sinks.registry import sink_state

        state = sink_state(self._config.sinks[self._lane.sink])
        if state is None:
            return None
        bytes_max = self._config.checkpoint.state_bytes
        return StateKeeper(state, self._name, self._shard, self._lane.shards, bytes_max)

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


def letter_policy(lane: Lane) -> LetterPolicy:
    """What a lane's options say of its dead letters."""
    return LetterPolicy(
        stops=lane.on_poison == "stop",
        holds=lane.quarantine,
        limits=BreakerLimits(lane.poison_items, lane.poison_share, lane.dead_letters_max),
        whole=[not isinstance(rule.to, ElasticsearchTarget) or rule.to.write == "document" for rule in lane.rules],
    )
