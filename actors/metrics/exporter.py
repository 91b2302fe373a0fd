"""Serves /metrics from the statuses pushed to it: a plain class that becomes one Ray actor per node.

Supervisors push, so a scrape asks no actor and costs the pipeline nothing. The constructor does no I/O; ``start`` may
be called again and then says the same address.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from actors.clock import Clock, SystemClock
from actors.metrics.catalogue import LAG_METRICS, NUMBER_METRICS, SNAPSHOT_TIME, LagMetric, NumberMetric
from ingest.problems import WorldProblem, declare
from ingest.status import LAG_BOUNDS_MS, ClusterStatus, LagHistogram

CANT_LISTEN = declare(
    "metrics.cant_listen",
    "The metrics address can't be listened on.",
    "Choose another `metrics.port` (0 takes a free one) or `metrics.host`.",
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A status, whose it is, and when it was pushed, in seconds since 1970."""

    ingest: str
    status: ClusterStatus
    taken_s: float


class MetricsExporter:
    """Holds the last status of each cluster and serves it."""

    def __init__(self, host: str = "127.0.0.1", clock: Clock | None = None) -> None:
        self._host = host
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._snapshots: dict[tuple[str, str], Snapshot] = {}
        self._address = ""
        self._close: Callable[[], None] = _nothing

    def __repr__(self) -> str:
        return f"MetricsExporter({self._address or 'not started'}, {len(self._snapshots)} clusters)"

    def start(self, port: int = 0) -> str:
        """Listen on the port (0: a free one). Returns ``host:port``. WorldProblem ``metrics.cant_listen``."""
        if self._address:
            return self._address
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_StatusCollector(self.snapshots))
        try:
            server, thread = start_http_server(port, addr=self._host, registry=registry)
        except OSError as error:
            where = {"address": f"{self._host}:{port}"}
            raise WorldProblem(CANT_LISTEN, f"can't listen for scrapes: {error.strerror or error}", where) from error

        def close() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        self._close = close
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._address = f"{host}:{server.server_port}"
        return self._address

    def push(self, ingest: str, status: ClusterStatus) -> None:
        """Replace what is known of the ingest's cluster."""
        snapshot = Snapshot(ingest, status, self._clock.wall_us() / 1e6)
        with self._lock:
            self._snapshots[ingest, status.cluster] = snapshot

    def forget(self, ingest: str, cluster: str) -> bool:
        """Serve the cluster no more (it was stopped on purpose). Is there nothing left to serve?"""
        with self._lock:
            self._snapshots.pop((ingest, cluster), None)
            return not self._snapshots

    def snapshots(self) -> tuple[Snapshot, ...]:
        """What would be served now."""
        with self._lock:
            return tuple(self._snapshots.values())

    def stop(self) -> None:
        """Stop listening; may be called when it isn't."""
        close, self._close, self._address = self._close, _nothing, ""
        close()


class _StatusCollector(Collector):
    """Snapshots to Prometheus' families: every metric of the catalogue, also those without a sample yet."""

    def __init__(self, snapshots: Callable[[], tuple[Snapshot, ...]]) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterator[Family]:
        """One scrape."""
        snapshots = self._snapshots()
        taken = GaugeMetricFamily(SNAPSHOT_TIME.name, SNAPSHOT_TIME.help, labels=SNAPSHOT_TIME.labels)
        for snapshot in snapshots:
            taken.add_metric((snapshot.ingest, snapshot.status.cluster), snapshot.taken_s)
        yield taken
        for entry in NUMBER_METRICS:
            yield _numbers(entry, snapshots)
        for histogram in LAG_METRICS:
            yield _lags(histogram, snapshots)


def _numbers(entry: NumberMetric, snapshots: Sequence[Snapshot]) -> Family:
    metric = entry.metric
    family: CounterMetricFamily | GaugeMetricFamily
    if metric.kind == "counter":
        family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    else:
        family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for snapshot in snapshots:
        for labels, value in entry.read(snapshot.status):
            family.add_metric((snapshot.ingest, *labels), value)
    return family


def _lags(entry: LagMetric, snapshots: Sequence[Snapshot]) -> Family:
    metric = entry.metric
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    for snapshot in snapshots:
        for labels, lag in entry.read(snapshot.status):
            family.add_metric((snapshot.ingest, *labels), buckets=cumulative_buckets(lag), sum_value=lag.sum_ms / 1000)
    return family


def cumulative_buckets(lag: LagHistogram) -> list[tuple[str, float]]:
    """Counts per bucket in milliseconds to Prometheus' (upper bound in seconds, how many at or below)."""
    bounds = [str(bound / 1000) for bound in LAG_BOUNDS_MS] + ["+Inf"]
    below = 0
    buckets = []
    for bound, count in zip(bounds, lag.counts, strict=True):
        below += count
        buckets.append((bound, float(below)))
    return buckets


def _nothing() -> None:
    return
