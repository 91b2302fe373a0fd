"""The demo's phases, one after the other: start, launch, catch up, write, settle, compare.

Every phase is timed and shown. A supervisor that doesn't answer for a moment (Ray may be restarting it) is asked
again: the demo outlives whatever is killed in it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from actors.cli.live import View
from actors.cli.meter import Meter, Totals
from actors.control import Pipeline, launch
from actors.demo.configuration import demo_config, demo_text
from actors.demo.servers import DemoServers
from actors.demo.writer import Report
from actors.runtime import Run, forget_run, join, leave, record_run
from actors.verify.lanes import VerifyOptions
from actors.verify.processes import verify_lanes
from actors.verify.report import far
from ingest.binlog.gtid import GtidSet
from ingest.config.model import Config
from ingest.problems import DataProblem, WorldProblem, declare
from ingest.status import ClusterStatus, LaneState, LaneStatus
from ingest.verify.verdict import LaneVerdict

NOT_SETTLED = declare(
    "demo.not_settled",
    "The lanes didn't apply in time what MySQL has.",
    "Look at the lanes' states above and at the actors' logs on the Ray dashboard (--keep leaves it running).",
)
LANE_STOPPED = declare(
    "demo.lane_stopped", "A lane of the demo stopped by itself.", "The lane's own problem, above, says what to do."
)

LOOK_EVERY_S = 0.5
STANDSTILL_S = 120.0
"""How long no lane may move before the demo gives up."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """``seconds`` of writing at ``rate`` row changes a second, after ``load_orders`` orders with all that belongs to
    them are there; one transaction of ``big_rows`` in the middle."""

    seconds: float = 12.0
    rate: float = 2_500.0
    seed: int = 0
    big_rows: int = 45_000
    load_orders: int = 8_000
    shards: int = 1


@dataclass(slots=True)
class DemoResult:
    """All that is known when the demo is over. ``totals`` by lane, of everything; ``writing`` of the paced part."""

    loaded: Report
    written: Report
    statuses: Sequence[ClusterStatus] = ()
    totals: dict[str, Totals] = field(default_factory=dict)
    writing: dict[str, Totals] = field(default_factory=dict)
    filtered: dict[str, int] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    verdicts: Sequence[LaneVerdict] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def differences(self) -> int:
        """Over all lanes."""
        return sum(verdict.differences for verdict in self.verdicts)


class Demo:
    """One run of the demo on started servers. ``close`` ends the pipeline; the servers are somebody else's."""

    def __init__(self, servers: DemoServers, options: DemoOptions, view: View) -> None:
        self._servers = servers
        self._options = options
        self._view = view
        self._meter = Meter()
        self._pipeline: Pipeline | None = None
        self._joined = False
        self.result = DemoResult(Report("loading"), Report("loading"))
        self.config: Config | None = None
        self.config_file = ""

    # --- phases -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Servers, Ray, data."""
        options = self._options
        with self._phase("start"):
            self._servers.start(options.seed, options.load_orders, options.rate, options.seconds, options.big_rows)
            self.result.loaded = self._servers.loaded

    def launch(self, take_signals: Callable[[], None]) -> None:
        """The pipeline's actors. ``take_signals``: called when Ray has put its own handlers in place."""
        servers = self._servers
        with self._phase("launch"):
            home = servers.mysql.directory / "demo"  # goes when the server goes, however that is
            home.mkdir()
            hbase = (servers.hbase.host, servers.hbase.thrift_port)
            text = demo_text(
                servers.mysql.address, servers.elasticsearch.url, hbase, home / "checkpoints.db", self._options.shards
            )
            file = home / "demo.toml"
            file.write_text(text, encoding="utf-8")
            self.config_file = str(file)
            self.config = demo_config(text, str(file))
            join(servers.ray_address)
            self._joined = True
            take_signals()
            self._pipeline = launch(self.config)
            record_run(Run(self.config.name, servers.ray_address, tuple(self.config.clusters), os.getpid()))

    def catch_up(self) -> None:
        """Until the sinks have all that was there at the start."""
        with self._phase("catch up"):
            began_s = time.monotonic()
            totals = self._settle()
            elapsed_s = time.monotonic() - began_s
            self.result.rates = {lane: one.applied / elapsed_s for lane, one in totals.items()}

    def write(self) -> None:
        """The paced writing, and until all of it is applied."""
        before = dict(self.result.totals)
        writer = self._servers.writer
        with self._phase("write"):
            writer.go()
            while (report := writer.latest).phase not in ("done", "failed"):
                self._view.phase(f"writing: {report.changes:,} row changes so far")
                self._look()
                time.sleep(LOOK_EVERY_S)
            self.result.written = writer.write()
        with self._phase("settle"):
            totals = self._settle()
        self.result.writing = {lane: one.since(before.get(lane, Totals())) for lane, one in totals.items()}

    def compare(self) -> None:
        """Every row of MySQL with both sinks."""
        assert self.config is not None
        lanes: dict[str, str] = {}

        def tell(name: str, what: str, done: int, about: int) -> None:
            lanes[name] = far(name, what, done, about)
            self._view.phase("comparing " + ", ".join(lanes.values()))

        with self._phase("compare"):
            names = list(self.config.lanes)
            self.result.verdicts = list(verify_lanes(self.config, names, VerifyOptions(), tell))

    def watch(self) -> None:
        """Show the pipeline until Ctrl-C."""
        self._view.phase("running until Ctrl-C")
        while True:
            self._look()
            time.sleep(LOOK_EVERY_S)

    def close(self) -> None:
        """End the pipeline and leave Ray. Can be called twice."""
        if self._pipeline is not None:
            pipeline, self._pipeline = self._pipeline, None
            forget_run(pipeline.name)
            try:
                pipeline.stop()
            except WorldProblem as problem:
                self._view.say(f"the supervisor didn't end by itself: {problem.what}")
        if self._joined:
            self._joined = False
            leave()

    # --- inside -------------------------------------------------------------------------------------------------

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        self._view.phase(name)
        began_s = time.monotonic()
        yield
        self.result.seconds[name.replace(" ", "_")] = round(time.monotonic() - began_s, 2)

    def _settle(self) -> dict[str, Totals]:
        """Wait until every lane's frontier holds what MySQL has executed. WorldProblem ``demo.not_settled``."""
        executed = GtidSet.parse(self._executed())
        moved_s, seen = time.monotonic(), self._position()
        while time.monotonic() - moved_s < STANDSTILL_S:
            if self._look() and all(executed.issubset(GtidSet.parse(lane.frontier)) for lane in self._lanes()):
                return self.result.totals
            if self._position() != seen:
                moved_s, seen = time.monotonic(), self._position()
            time.sleep(LOOK_EVERY_S / 2)
        states = "; ".join(
            f"{lane.lane} is {lane.state.value}: {lane.problem or 'no problem'}" for lane in self._lanes()
        )
        raise WorldProblem(NOT_SETTLED, f"nothing has moved for {STANDSTILL_S:.0f} s: {states}")

    def _lanes(self) -> list[LaneStatus]:
        return [lane for status in self.result.statuses for lane in status.lanes]

    def _position(self) -> Sequence[object]:
        """Changes when a lane gets on."""
        return [(lane.frontier, lane.partial_rows, lane.applied, lane.state, lane.epoch) for lane in self._lanes()]

    def _executed(self) -> str:
        with self._servers.mysql.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT @@GLOBAL.gtid_executed")
            ((text,),) = cursor.fetchall()
        return str(text)

    def _look(self) -> bool:
        """Show the newest status; False when there is none to be had. DataProblem when a lane has stopped."""
        assert self._pipeline is not None
        try:
            statuses = self._pipeline.status()
        except WorldProblem as problem:
            self._view.say(f"no status: {problem.what}")
            return False
        self._view.update(statuses)
        self.result.statuses = statuses
        for reading in self._meter.update(statuses, time.monotonic()):
            lane = reading.status
            self.result.totals[lane.lane] = reading.totals
            self.result.filtered[lane.lane] = sum(shard.dropped.get("filtered", 0) for shard in lane.shards)
            if lane.state is LaneState.STOPPED:
                raise DataProblem(LANE_STOPPED, lane.problem, {"lane": lane.lane})
        return True
