"""Every metric: its name, kind, labels, unit and meaning, and how its samples are read from a ClusterStatus.

Names follow Prometheus' practice: base units (seconds, bytes) as the last word, counters end in ``_total``. Counters
are those of the processes that count and fall to zero when one starts anew, which ``rate()`` and ``increase()`` allow
for. A mapping in the status (retries by reason) gives a sample per key that has occurred. Every metric's first label is
the ingest's name, which a status doesn't have: whoever pushes it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ingest.binlog.gtid import GtidSet
from ingest.status import ClusterStatus, LagHistogram, LaneState, LaneStatus, ProcessStatus, ReaderStatus, ShardStatus

Kind = Literal["counter", "gauge", "histogram"]
Sample = tuple[tuple[str, ...], float]
"""Values of the labels after ``ingest``, in the metric's order, and the value."""
LagSample = tuple[tuple[str, ...], LagHistogram]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as documented. ``unit``: the base unit, "" for counts, states and flags."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    unit: str
    help: str


@dataclass(frozen=True, slots=True)
class NumberMetric:
    """A counter or gauge and how it is read."""

    metric: Metric
    read: Callable[[ClusterStatus], Iterable[Sample]]


@dataclass(frozen=True, slots=True)
class LagMetric:
    """A histogram of lags and how it is read."""

    metric: Metric
    read: Callable[[ClusterStatus], Iterable[LagSample]]


_CLUSTER = ("ingest", "cluster")
_LANE = (*_CLUSTER, "lane", "sink")
_SHARD = (*_LANE, "shard")
_READER = (*_CLUSTER, "lanes")
_PROCESS = (*_CLUSTER, "role", "lane", "shard", "node")


def _lanes(name: str, kind: Kind, unit: str, text: str, value: Callable[[LaneStatus], float]) -> NumberMetric:
    def read(status: ClusterStatus) -> Iterator[Sample]:
        return (((status.cluster, lane.lane, lane.sink), float(value(lane))) for lane in status.lanes)

    return NumberMetric(Metric(name, kind, _LANE, unit, text), read)


def _every_shard(status: ClusterStatus) -> Iterator[tuple[tuple[str, str, str, str], ShardStatus]]:
    for lane in status.lanes:
        for shard in lane.shards:
            yield (status.cluster, lane.lane, lane.sink, str(shard.shard)), shard


def _shards(name: str, kind: Kind, unit: str, text: str, value: Callable[[ShardStatus], float]) -> NumberMetric:
    def read(status: ClusterStatus) -> Iterator[Sample]:
        return ((labels, float(value(shard))) for labels, shard in _every_shard(status))

    return NumberMetric(Metric(name, kind, _SHARD, unit, text), read)


def _readers(
    name: str, kind: Kind, unit: str, text: str, value: Callable[[ReaderStatus], float | None]
) -> NumberMetric:
    def read(status: ClusterStatus) -> Iterator[Sample]:
        for reader in status.readers:
            number = value(reader)
            if number is not None:
                yield (status.cluster, ",".join(reader.lanes)), float(number)

    return NumberMetric(Metric(name, kind, _READER, unit, text), read)


def _every_process(status: ClusterStatus) -> Iterator[tuple[tuple[str, ...], ProcessStatus]]:
    def known(
        process: ProcessStatus | None, lane: str = "", shard: str = ""
    ) -> Iterator[tuple[tuple[str, ...], ProcessStatus]]:
        if process is not None:
            yield (status.cluster, process.role, lane, shard, process.node), process

    yield from known(status.supervisor)
    for reader in status.readers:
        yield from known(reader.process, ",".join(reader.lanes))
    for lane in status.lanes:
        yield from known(lane.checkpoint, lane.lane)
        for shard in lane.shards:
            yield from known(shard.process, lane.lane, str(shard.shard))


def _processes(name: str, kind: Kind, unit: str, text: str, value: Callable[[ProcessStatus], float]) -> NumberMetric:
    def read(status: ClusterStatus) -> Iterator[Sample]:
        return ((labels, float(value(process))) for labels, process in _every_process(status))

    return NumberMetric(Metric(name, kind, _PROCESS, unit, text), read)


def _lane_states(status: ClusterStatus) -> Iterator[Sample]:
    for lane in status.lanes:
        for state in LaneState:
            yield (status.cluster, lane.lane, lane.sink, state.value), float(lane.state is state)


def _retries(status: ClusterStatus) -> Iterator[Sample]:
    return (((*labels, why), float(n)) for labels, shard in _every_shard(status) for why, n in shard.retries.items())


def _drops(status: ClusterStatus) -> Iterator[Sample]:
    return (((*labels, why), float(n)) for labels, shard in _every_shard(status) for why, n in shard.dropped.items())


def _reader_sources(status: ClusterStatus) -> Iterator[Sample]:
    return (((status.cluster, ",".join(one.lanes), one.host, one.file), 1.0) for one in status.readers)


def _lags(status: ClusterStatus) -> Iterator[LagSample]:
    return ((labels, shard.lag) for labels, shard in _every_shard(status))


CLUSTER_METRICS = (
    NumberMetric(
        Metric(
            "ingest_config_info", "gauge", (*_CLUSTER, "version"), "", "1; the label is the configuration's version."
        ),
        lambda status: [((status.cluster, status.config_version), 1.0)],
    ),
)

LANE_METRICS = (
    NumberMetric(
        Metric("ingest_lane_state", "gauge", (*_LANE, "state"), "", "1 for the state the lane is in, 0 for the others."),
        _lane_states,
    ),
    _lanes("ingest_lane_epoch", "gauge", "", "The lane's epoch: each start, restart or change is a new one.",
           lambda lane: lane.epoch),
    _lanes("ingest_lane_restarts_total", "counter", "", "Times the lane was started anew after a failure.",
           lambda lane: lane.restarts),
    _lanes("ingest_lane_read_rows_total", "counter", "", "Row changes read for the lane from the binlog.",
           lambda lane: lane.read_rows),
    _lanes("ingest_lane_buffered_rows", "gauge", "", "Row changes read and not yet acknowledged by a shard.",
           lambda lane: lane.buffered_rows),
    _lanes("ingest_lane_buffered_bytes", "gauge", "bytes", "Bytes of row images read and not yet acknowledged.",
           lambda lane: lane.buffered_bytes),
    _lanes("ingest_lane_in_flight", "gauge", "", "Parcels handed to shards and not yet acknowledged.",
           lambda lane: lane.in_flight),
    _lanes("ingest_lane_frontier_age_seconds", "gauge", "seconds",
           "Time since the durable frontier last held all that was read.", lambda lane: lane.frontier_age_ms / 1000),
    _lanes("ingest_lane_partial_rows", "gauge", "",
           "Row changes of the frontier's next transaction that are applied already.", lambda lane: lane.partial_rows),
    _lanes("ingest_lane_lost_transactions", "gauge", "",
           "Transactions that the lane applied, that a failover lost, and that it went on without.",
           lambda lane: GtidSet.parse(lane.lost).count()),
    _lanes("ingest_lane_dropped_transactions_total", "counter", "",
           "Large transactions of which the lane's policy applied nothing (large_transactions).",
           lambda lane: lane.dropped_transactions),
    _lanes("ingest_lane_dropped_rows_total", "counter", "",
           "Row changes of large transactions that the lane's policy dropped.", lambda lane: lane.dropped_rows),
    _lanes("ingest_lane_snapshot_rows", "gauge", "",
           "Rows read of the lane's tables so far, while it takes their present state for a gap; else 0.",
           lambda lane: lane.snapshot_rows),
    _lanes("ingest_lane_open_dead_letters", "gauge", "", "Dead letters that wait for a person.",
           lambda lane: lane.open_letters),
    _lanes("ingest_lane_oldest_dead_letter_age_seconds", "gauge", "seconds",
           "How long the oldest open dead letter has waited; 0 when there is none.",
           lambda lane: lane.oldest_letter_age_ms / 1000),
)  # fmt: skip

SHARD_METRICS = (
    _shards("ingest_shard_events_total", "counter", "", "Row changes durable in the sink, superseded or dropped.",
            lambda shard: shard.events),
    _shards("ingest_shard_upserts_total", "counter", "", "Documents written.", lambda shard: shard.upserts),
    _shards("ingest_shard_deletes_total", "counter", "", "Documents deleted.", lambda shard: shard.deletes),
    _shards("ingest_shard_sent_bytes_total", "counter", "bytes", "Bytes of request bodies sent to the sink.",
            lambda shard: shard.bytes_sent),
    _shards("ingest_shard_requests_total", "counter", "", "Requests (batches) sent to the sink.",
            lambda shard: shard.requests),
    NumberMetric(
        Metric("ingest_shard_retries_total", "counter", (*_SHARD, "reason"), "", "Items sent again, by reason."),
        _retries,
    ),
    NumberMetric(
        Metric("ingest_shard_dropped_total", "counter", (*_SHARD, "reason"), "",
               "Row changes that gave no document, by reason (filtered, coalesced, newer...)."),
        _drops,
    ),
    _shards("ingest_shard_dead_letters_total", "counter", "", "Row changes that the sink refused, put into the dead-letter store.",
            lambda shard: shard.dead_letters),
    _shards("ingest_shard_quarantined_total", "counter", "",
            "Row changes put into the dead-letter store because their document has a letter there.",
            lambda shard: shard.letters.quarantined),
    _shards("ingest_shard_dead_letters_retried_total", "counter", "", "Dead letters that a retry settled.",
            lambda shard: shard.letters.retried),
    _shards("ingest_shard_dead_letters_superseded_total", "counter", "",
            "Dead letters closed because a newer change of their document stands for them.",
            lambda shard: shard.letters.superseded),
    _shards("ingest_shard_dead_letters_dropped_total", "counter", "",
            "Dead letters that a person dropped while the shard ran.", lambda shard: shard.letters.dropped),
    _shards("ingest_shard_breaker_open", "gauge", "",
            "1 when poison was the rule and the shard stopped its lane for it, else 0.",
            lambda shard: float(shard.letters.breaker_open)),
    _shards("ingest_shard_nulled_total", "counter", "", "Values that became null by a policy such as zero_dates.",
            lambda shard: shard.nulled),
    _shards("ingest_shard_waiting", "gauge", "", "1 while the shard waits for its sink, else 0.",
            lambda shard: 1.0 if shard.trouble else 0.0),
)  # fmt: skip

LAG_METRICS = (
    LagMetric(
        Metric("ingest_shard_lag_seconds", "histogram", _SHARD, "seconds",
               "From the commit on the source to the sink's yes, per transaction."),
        _lags,
    ),
)  # fmt: skip

READER_METRICS = (
    NumberMetric(
        Metric("ingest_reader_source_info", "gauge", (*_READER, "host", "file"), "",
               "1; the labels say which server and binlog file the reader is at."),
        _reader_sources,
    ),
    _readers("ingest_reader_position_bytes", "gauge", "bytes", "The reader's position in the binlog file.",
             lambda reader: reader.position),
    _readers("ingest_reader_transactions_total", "counter", "", "Transactions read.",
             lambda reader: reader.transactions),
    _readers("ingest_reader_row_changes_total", "counter", "", "Row changes read, of all tables.",
             lambda reader: reader.row_changes),
    _readers("ingest_reader_read_bytes_total", "counter", "bytes", "Bytes of binlog read.",
             lambda reader: reader.bytes_read),
    _readers("ingest_reader_behind_transactions", "gauge", "",
             "Transactions of the server's gtid_executed not read yet; absent while the server doesn't answer.",
             lambda reader: reader.behind),
    _readers("ingest_reader_commit_timestamp_seconds", "gauge", "seconds",
             "When the transaction read last was committed on the source, in seconds since 1970.",
             lambda reader: reader.commit_us / 1e6),
)  # fmt: skip

PROCESS_METRICS = (
    _processes("ingest_process_resident_memory_bytes", "gauge", "bytes", "Resident memory of an actor's process.",
               lambda process: process.rss_bytes),
    _processes("ingest_process_cpu_seconds_total", "counter", "seconds", "CPU time of an actor's process.",
               lambda process: process.cpu_s),
)  # fmt: skip

SNAPSHOT_TIME = Metric(
    "ingest_snapshot_timestamp_seconds", "gauge", _CLUSTER, "seconds",
    "When the values of this cluster were taken, in seconds since 1970: alert when time() is far beyond.",
)  # fmt: skip

NUMBER_METRICS = (*CLUSTER_METRICS, *LANE_METRICS, *SHARD_METRICS, *READER_METRICS, *PROCESS_METRICS)

METRICS: tuple[Metric, ...] = (
    SNAPSHOT_TIME,
    *(entry.metric for entry in NUMBER_METRICS),
    *(entry.metric for entry in LAG_METRICS),
)
"""All that is documented and served."""
