"""What came of the demo: lines for people, one object for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from actors.cli.figures import count, milliseconds, size
from actors.cli.meter import Totals
from actors.demo.run import DemoResult
from actors.verify.report import verdict_lines
from ingest.status import ClusterStatus, LagHistogram, ProcessStatus

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look while it runs."""

    elasticsearch: str
    hbase: str
    mysql: str
    dashboard: str
    metrics: str
    config: str

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"  Elasticsearch  curl -s '{self.elasticsearch}/parcel-orders/_search?size=1&pretty'"
        yield f"  HBase          Thrift 1 at {self.hbase}, tables parcel_*"
        yield f"  MySQL          mysql -h {self.mysql.partition(':')[0]} -P {self.mysql.partition(':')[2]} -u root parcel"
        yield f"  Ray dashboard  {self.dashboard}"
        yield f"  metrics        curl -s '{self.metrics}'"
        yield f"  configuration  {self.config}"
        yield f"                 ingest status; ingest plan {self.config}; ingest verify {self.config}"


def result_json(result: DemoResult, places: Places) -> dict[str, object]:
    """The object that ``--json`` ends with."""
    lag = LagHistogram()
    for totals in result.writing.values():
        lag = lag.plus(totals.lag)
    return {
        "verdict": "equal" if not result.differences else "different",
        "changes": result.written.changes,
        "differences": result.differences,
        "sinks": {verdict.sink: _sink(result, verdict.lane) for verdict in result.verdicts},
        "lag_ms": _quantiles(lag),
        "actors": [_actor(process) for process in processes(result)],
        "seconds": result.seconds,
        "writer": {
            "transactions": result.written.transactions,
            "loaded_changes": result.loaded.changes,
            "cpu_us_per_change": round(1e6 * _writer_cpu_s(result) / max(result.written.changes, 1), 1),
        },
        "look": {
            "elasticsearch": places.elasticsearch,
            "hbase": places.hbase,
            "mysql": places.mysql,
            "dashboard": places.dashboard,
            "metrics": places.metrics,
            "config": places.config,
        },
    }


def result_lines(result: DemoResult) -> Iterator[str]:
    """The verdict and the figures, for people."""
    for verdict in result.verdicts:
        yield from verdict_lines(verdict)
        writing = result.writing[verdict.lane].lag
        yield (
            f"  {count(_applied(result, verdict.lane))} row changes applied; "
            f"{count(result.rates[verdict.lane])}/s while catching up; "
            f"lag p50 {milliseconds(writing.quantile_ms(0.5))}, p99 {milliseconds(writing.quantile_ms(0.99))}"
        )
    actors = ", ".join(f"{process.role} {size(process.rss_bytes)}" for process in processes(result))
    yield f"memory: {actors}"
    yield "seconds: " + ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in result.seconds.items())
    if result.differences:
        yield f"DIFFERENT: {count(result.differences)} of {count(result.written.changes)} row changes left a trace"
    else:
        yield f"EQUAL: {count(result.written.changes)} row changes, and both sinks hold exactly what MySQL holds"


def processes(result: DemoResult) -> Iterator[ProcessStatus]:
    """Every actor's process, as last seen."""
    for status in result.statuses:
        yield from _processes(status)


def _processes(status: ClusterStatus) -> Iterator[ProcessStatus]:
    found = [status.supervisor, *(reader.process for reader in status.readers)]
    for lane in status.lanes:
        found += [lane.checkpoint, *(shard.process for shard in lane.shards)]
    yield from (process for process in found if process is not None)


def _sink(result: DemoResult, lane: str) -> Mapping[str, object]:
    verdict = next(one for one in result.verdicts if one.lane == lane)
    return {
        **verdict.to_json(),
        "applied": _applied(result, lane),
        "filtered": result.filtered.get(lane, 0),
        "rows_per_s": round(result.rates.get(lane, 0.0)),
        "lag_ms": _quantiles(result.writing.get(lane, Totals()).lag),
    }


def _applied(result: DemoResult, lane: str) -> int:
    """Row changes that reached the sink: those that a rule left out don't count."""
    return result.totals[lane].applied - result.filtered.get(lane, 0)


def _quantiles(lag: LagHistogram) -> Mapping[str, float | None]:
    found = {name: lag.quantile_ms(share) for name, share in (("p50", 0.5), ("p99", 0.99))}
    return {name: None if value is None else round(value, 1) for name, value in found.items()}


def _actor(process: ProcessStatus) -> Mapping[str, object]:
    return {
        "role": process.role,
        "pid": process.pid,
        "rss_mb": round(process.rss_bytes / MEGABYTE, 1),
        "cpu_s": round(process.cpu_s, 2),
    }


def _writer_cpu_s(result: DemoResult) -> float:
    return result.loaded.cpu_s + result.written.cpu_s
