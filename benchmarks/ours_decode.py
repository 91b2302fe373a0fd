"""Measured process: our reader, from COM_BINLOG_DUMP_GTID to slices, Arrow record batches or NDJSON request bodies.

    socket -> BinlogDump -> StreamDecoder -> StreamRouter -> LaneDispatcher's flow -> batches, dropped
                                                                                   -> ``--to arrow`` / ``ndjson``

The codec is INGEST_CODEC's, as in the product. The parts are the product's own; only Ray and the acks are missing.
"""

from __future__ import annotations

import argparse
import select
from collections.abc import Callable

from actors.codec import reader_codec
from actors.drivers.mysql.dump import BinlogDump, start_dump
from actors.drivers.mysql.session import ConnectOptions, connect
from actors.parts.rules import parsed_rules
from actors.parts.sink import ConfiguredShard
from benchmarks.measured import Reading, Stopwatch, print_reading
from ingest.binlog.gtid import GtidSet
from ingest.codec import ReaderCodec, StreamDecoder
from ingest.config.fields import TlsOptions
from ingest.config.load import load
from ingest.config.model import Config
from ingest.lane.dispatcher import LaneDispatcher
from ingest.lane.flow import FlowBatch
from ingest.lane.frontier import Frontier
from ingest.lane.lane_plan import LanePlan
from ingest.lane.resume import ResumePoint
from ingest.lane.router import StreamRouter
from ingest.lane.routing import RoutedLane
from ingest.lane.statements import LaneStatements
from ingest.lane.tail import TailCoalescer
from ingest.mysql.endpoint import Credentials, Endpoint
from ingest.mysql.identity import identity_of
from ingest.rules.routes import RuleRoutes
from ingest.schema_history.tracker import SchemaTracker
from ingest.sinks.contract import body_of
from ingest.slices import Parcel

LANE = "bench"
SHARDS = 2
SERVER_ID = 7001

Take = Callable[[FlowBatch], None]


def configuration(arguments: argparse.Namespace) -> Config:
    """A lane that sends every table of the database to Elasticsearch, as a user would write it."""
    text = f"""
[clusters.main]
hosts = ["{arguments.host}:{arguments.port}"]
user = "{arguments.user}"
[sinks.target]
type = "elasticsearch"
urls = ["http://127.0.0.1:9"]
[lanes.{LANE}]
cluster = "main"
sink = "target"
[[lanes.{LANE}.rules]]
tables = ["{arguments.database}.*"]
to = {{ index = "{{table}}" }}
"""
    return load(text, syntax="toml", origin="benchmark")


def open_dump(arguments: argparse.Namespace) -> BinlogDump:
    """Everything that the server's binlogs hold, without TLS (as every peer reads)."""
    credentials = Credentials(arguments.user, arguments.password)
    options = ConnectOptions(credentials, TlsOptions(mode="disabled"))
    session = connect(Endpoint(arguments.host, arguments.port), options)
    return start_dump(session, identity_of("benchmarks", SERVER_ID), GtidSet(), framer=reader_codec().framer)


class Pump:
    """The reader's loop without Ray: batches are taken as soon as they are full, or when the socket runs dry."""

    def __init__(self, codec: ReaderCodec, config: Config, take: Take) -> None:
        lane = config.lanes[LANE]
        plan = LanePlan(
            lane=LANE, epoch=1, shards=SHARDS, batch_rows=lane.batch_rows, batch_bytes=lane.batch_bytes,
            buffer_bytes=lane.buffer_bytes, window=2, flush_ms=200, reserve_rows=1 << 40, checkpoint_ms=100,
            source_uuid="", fingerprint="",
        )  # fmt: skip
        self._dispatcher = LaneDispatcher(plan, ResumePoint(Frontier(""), 0, ""), TailCoalescer({}), codec.flow)
        self.decoder: StreamDecoder = codec.stream(checksum=True)
        routed = RoutedLane(self._dispatcher, RuleRoutes(parsed_rules(lane)), LaneStatements(lane.truncate))
        self.router = StreamRouter(codec, SchemaTracker(None), {LANE: routed}, GtidSet(), self.decoder.short_way)
        self._routed = routed
        self._take = take

    def run(self, dump: BinlogDump, stopwatch: Stopwatch) -> int:
        """Until the stopwatch has seen enough row changes; how many they were."""
        while True:
            while (event := self.decoder.next_event()) is not None:
                self.router.take(event)
                if self._routed.failed is not None:
                    raise self._routed.failed
                self._drain(partial=False)
            if stopwatch.seen(self.router.row_changes):
                self._drain(partial=True)
                return self.router.row_changes
            payloads = dump.read_available()
            if payloads:
                stopwatch.start()
                self.decoder.push(payloads)
            else:
                self._drain(partial=True)
                select.select([dump], [], [], 1.0)

    def _drain(self, *, partial: bool) -> None:
        flow = self._dispatcher.flow
        for shard in range(SHARDS):
            while flow.next_last_ordinal(shard, partial=partial) is not None:
                self._take(flow.take(shard))
        flow.advance(flow.ordinal)


def taker(to: str, config: Config) -> Take:
    """What becomes of a batch."""
    if to == "slices":
        return lambda _batch: None
    if to == "arrow":
        shard = ConfiguredShard(config, LANE, 0, None)
        shard.applier()
        decoder = shard._decoder  # the one that the product takes
        assert decoder is not None

        def columns(batch: FlowBatch) -> None:
            for part in batch.slices:
                decoder.decode(part, range(len(decoder.schema_of(part).columns)))

        return columns
    applier = ConfiguredShard(config, LANE, 0, None).applier()

    def bodies(batch: FlowBatch) -> None:
        for request in applier.prepare(Parcel(LANE, 0, 1, 1, tuple(batch.slices), batch.last_ordinal)).requests:
            body_of(request)

    return bodies


def measure(arguments: argparse.Namespace) -> Reading:
    """Read so many row changes."""
    config = configuration(arguments)
    pump = Pump(reader_codec(), config, taker(arguments.to, config))
    dump = open_dump(arguments)
    stopwatch = Stopwatch(arguments.rows)
    try:
        return stopwatch.reading(pump.run(dump, stopwatch))
    finally:
        dump.close()


def parser() -> argparse.ArgumentParser:
    """The command line of a measured program."""
    made = argparse.ArgumentParser()
    for name in ("host", "user", "password", "database", "uuid"):
        made.add_argument(f"--{name}", required=True)
    made.add_argument("--port", type=int, required=True)
    made.add_argument("--rows", type=int, required=True)
    made.add_argument("--to", choices=("slices", "arrow", "ndjson"), default="slices")
    return made


if __name__ == "__main__":
    print_reading(measure(parser().parse_args()))
