"""The lanes of a configuration, each compared with its sink: wiring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from actors.clock import Clock
from actors.drivers.sinks import open_driver
from actors.parts.rules import parsed_rules
from actors.parts.source import connect_options, endpoints_of
from actors.parts.store import store_of
from actors.secrets import resolve
from actors.snapshot.rows import SelectedRows
from actors.verify.comparison import look_exactly
from actors.verify.ends import CHUNK_ROWS, LaneEnds, Progress
from actors.verify.frontier import CatchUp
from actors.verify.parts import PartsReader
from actors.verify.reading import find_surplus, read_documents, read_rows
from actors.verify.settling import Settling, count_doubts, count_surplus
from actors.verify.sources import SourcelessReader
from ingest.config.model import Config, Lane
from ingest.problems import DataProblem, declare
from ingest.schema import TableSchema
from ingest.sinks.registry import SinkTarget
from ingest.verify.documents import TablePlan, table_plan
from ingest.verify.verdict import LaneVerdict, Tally

LaneProgress = Callable[[str, str, int, int], None]
"""Lane, what is being read, how much of it was read, how much there is (about; 0: unknown)."""

UNKNOWN_LANE = declare(
    "cli.unknown_lane", "The configuration has no lane of this name.", "Name one of the lanes that it has."
)


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """``wait_ms``: how long a lane may stand still while MySQL is ahead of it; ``chunk_rows``: rows per SELECT."""

    wait_ms: float = 10_000.0
    chunk_rows: int = CHUNK_ROWS


def chosen_lanes(config: Config, names: Sequence[str]) -> list[str]:
    """The lanes named, or all that have something to compare with. DataProblem ``cli.unknown_lane``."""
    for name in names:
        if name not in config.lanes:
            raise DataProblem(UNKNOWN_LANE, f"no lane {name!r}; there are {', '.join(sorted(config.lanes))}")
    keeping = [name for name, lane in config.lanes.items() if config.sinks[lane.sink].type != "blackhole"]
    return list(dict.fromkeys(names)) or keeping


def selected_rows(config: Config, cluster: str) -> SelectedRows:
    """A source of rows of a cluster. Raises Problem."""
    return SelectedRows(endpoints_of(config, cluster), connect_options(config, cluster))


def lane_tables(lane: Lane, rows: SelectedRows) -> list[TablePlan]:
    """The lane's tables with its rules compiled for them. Raises Problem."""
    rules = parsed_rules(lane)
    schemas: list[TableSchema] = rows.schemas([pattern for rule in rules for pattern in rule.patterns])
    targets = [rule.to for rule in lane.rules]
    plans = (table_plan(schema, rules, targets, lane.zero_dates) for schema in schemas)
    return [plan for plan in plans if plan is not None]


def verify_lane(config: Config, name: str, options: VerifyOptions, progress: LaneProgress, clock: Clock) -> LaneVerdict:
    """Compare one lane. Raises Problem when one of the ends fails."""
    lane = config.lanes[name]
    store = store_of(config)
    targets = [rule.to for rule in lane.rules]
    driver = open_driver(config.sinks[lane.sink], targets, resolve)

    def tell(what: str, done: int, about: int) -> None:
        progress(name, what, done, about)

    try:
        driver.open()
        with selected_rows(config, lane.cluster) as rows:
            catch_up = CatchUp(
                store,
                name,
                clock,
                options.wait_ms,
                lambda missing: tell("transactions to wait for", 0, missing),
            )
            reader = PartsReader(SourcelessReader(driver, targets), targets, _targets_of_others(config, name))
            ends = LaneEnds(name, lane.sink, lane_tables(lane, rows), rows, reader, catch_up)
            return compare_lane(ends, tell, clock, options.chunk_rows)
    finally:
        driver.close()
        store.close()


def _targets_of_others(config: Config, name: str) -> list[SinkTarget]:
    """Where the other lanes of a lane's sink write."""
    sink = config.lanes[name].sink
    others = (lane for other, lane in config.lanes.items() if other != name and lane.sink == sink)
    return [rule.to for lane in others for rule in lane.rules]


def compare_lane(ends: LaneEnds, progress: Progress, clock: Clock, chunk_rows: int = CHUNK_ROWS) -> LaneVerdict:
    """Every row against its document, and the other way round. Raises Problem when one of the ends fails."""
    tally, agreed = Tally(), 0
    began_ms = clock.monotonic_ms()
    executed = ends.rows.executed()
    behind = ends.catch_up.wait(executed)
    read = read_rows(ends, progress, chunk_rows)
    mismatches, found = read_documents(ends, read, progress)
    surplus = find_surplus(ends, mismatches)
    doubtful = {target: mismatch.doubtful for target, mismatch in mismatches.items()}
    look = look_exactly(ends, doubtful, progress, chunk_rows)
    for differences in look.keyless:
        tally.add(differences)
    if not behind and ends.rows.executed() == executed:
        count_doubts(look.doubts, tally)
        count_surplus(surplus, tally)
    else:
        settling = Settling(ends, tally, progress)
        agreed = settling.settle_rows(look.doubts)
        settling.settle_surplus(surplus)
    return LaneVerdict(
        lane=ends.lane,
        sink=ends.sink,
        rows=read.rows,
        documents=read.documents,
        found=found,
        agreed_later=agreed,
        behind=behind,
        dropped=dict(read.dropped),
        kinds=dict(tally.kinds),
        details=tuple(tally.details),
        seconds=(clock.monotonic_ms() - began_ms) / 1000,
    )
