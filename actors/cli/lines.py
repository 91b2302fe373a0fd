"""A status as plain lines: for logs, pipes and programs that grep. Pure.

Each line of ``status_lines`` begins with what it is about (cluster, lane, shard, reader, host, count, problem) and goes on with
name=value pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actors.cli import figures
from actors.cli.meter import LaneReading
from ingest.status import ClusterStatus, HostStatus, LaneState, LaneStatus, ReaderStatus, ShardStatus


def progress_line(readings: Sequence[LaneReading], elapsed_s: float, phase: str) -> str:
    """All lanes in one line, for a view without a terminal."""
    lead = f"[{elapsed_s:6.1f} s]" + (f" {phase}:" if phase else "")
    return f"{lead} " + (" | ".join(_brief(reading) for reading in readings) or "nothing runs yet")


def _brief(reading: LaneReading) -> str:
    lane = reading.status
    return (
        f"{reading.cluster}/{lane.lane} {state_of(lane)} in {figures.count(reading.totals.read)}"
        f" out {figures.count(reading.totals.applied)} ({figures.rate(reading.applied_per_s)})"
        f" backlog {figures.count(reading.backlog)}"
        f" lag p50 {figures.milliseconds(reading.lag_p50_ms)} p99 {figures.milliseconds(reading.lag_p99_ms)}"
        f" frontier {figures.gtid_set(lane.frontier)}"
    )


def status_lines(statuses: Sequence[ClusterStatus]) -> Iterator[str]:
    """Everything, line by line."""
    for status in statuses:
        scrape = ",".join(status.metrics)
        yield f"cluster {status.cluster} config={status.config_version} metrics={scrape}"
        for lane in status.lanes:
            yield _lane_line(status.cluster, lane)
            for shard in lane.shards:
                yield _shard_line(status.cluster, lane, shard)
        for reader in status.readers:
            yield _reader_line(status.cluster, reader)
            for host in reader.hosts:
                yield _host_line(status.cluster, reader, host)
        yield from figures_of([status])
        for place, text in problems_of(status):
            yield f"problem {status.cluster}/{place} {' '.join(text.split())}"


def figures_of(statuses: Sequence[ClusterStatus]) -> Iterator[str]:
    """What sinks keep of their lanes (counts), as of the last durable record."""
    for status in statuses:
        for lane in status.lanes:
            for name, number in lane.figures.items():
                yield f"count {status.cluster}/{lane.lane} {name}={number}"


def problems_of(status: ClusterStatus) -> Iterator[tuple[str, str]]:
    """(lane or lane/shard, text) of what is wrong in a cluster; a shard's trouble that is its lane's is said once."""
    for lane in status.lanes:
        if lane.problem:
            yield lane.lane, lane.problem
        for shard in lane.shards:
            if shard.trouble and shard.trouble != lane.problem:
                yield f"{lane.lane}/{shard.shard}", shard.trouble
        if lane.lost:
            yield lane.lane, f"a failover lost {lane.lost}, which it had applied: ingest verify finds what differs"


def letters_of(status: ClusterStatus) -> Iterator[tuple[str, str]]:
    """(lane, text) of the dead letters that wait in a cluster."""
    for lane in status.lanes:
        if lane.open_letters:
            age = figures.milliseconds(lane.oldest_letter_age_ms)
            yield (
                lane.lane,
                f"{figures.count(lane.open_letters)} dead letters are open, the oldest for {age}: ingest dlq list",
            )


def state_of(lane: LaneStatus) -> str:
    """A lane's state in words: with how far it is, while its tables are read."""
    rows = f" {figures.count(lane.snapshot_rows)} rows" if lane.state is LaneState.RESNAPSHOTTING else ""
    return lane.state.value + rows


def _lane_line(cluster: str, lane: LaneStatus) -> str:
    lag = lane.lag
    return (
        f"lane {cluster}/{lane.lane} sink={lane.sink} state={lane.state.value} epoch={lane.epoch}"
        f" read_rows={lane.read_rows} applied={lane.applied} buffered_rows={lane.buffered_rows}"
        f" in_flight={lane.in_flight} lag_p50_ms={_number(lag.quantile_ms(0.5))}"
        f" lag_p99_ms={_number(lag.quantile_ms(0.99))} frontier_age_ms={lane.frontier_age_ms:.0f}"
        f" restarts={lane.restarts} open_dead_letters={lane.open_letters} dropped_rows={lane.dropped_rows}"
        f" frontier={lane.frontier}"
        + (f" snapshot_rows={lane.snapshot_rows}" if lane.state is LaneState.RESNAPSHOTTING else "")
    )


def _shard_line(cluster: str, lane: LaneStatus, shard: ShardStatus) -> str:
    process = shard.process
    return (
        f"shard {cluster}/{lane.lane}/{shard.shard} state={shard.state} epoch={shard.epoch} events={shard.events}"
        f" upserts={shard.upserts} deletes={shard.deletes} requests={shard.requests} bytes_sent={shard.bytes_sent}"
        f" retries={sum(shard.retries.values())} dropped={sum(shard.dropped.values())}"
        f" dead_letters={shard.dead_letters} nulled={shard.nulled}"
        + (f" node={process.node} pid={process.pid} rss_bytes={process.rss_bytes}" if process else "")
    )


def _reader_line(cluster: str, reader: ReaderStatus) -> str:
    behind = figures.NOTHING if reader.behind is None else str(reader.behind)
    return (
        f"reader {cluster} host={reader.host} lanes={','.join(reader.lanes)} file={reader.file}"
        f" position={reader.position} transactions={reader.transactions} behind={behind}"
    )


def _host_line(cluster: str, reader: ReaderStatus, host: HostStatus) -> str:
    return (
        f"host {cluster} lanes={','.join(reader.lanes)} host={host.host} reading={'yes' if host.reading else 'no'}"
        f" role={host.role or figures.NOTHING} verdict={host.verdict} why={' '.join(host.why.split())}"
    )


def _number(value: float | None) -> str:
    return figures.NOTHING if value is None else f"{value:.1f}"
