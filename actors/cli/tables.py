"""A status as tables for a terminal: pure, from values to rich renderables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from actors.cli import figures
from actors.cli.lines import figures_of, letters_of, problems_of, state_of
from actors.cli.meter import LaneReading
from ingest.status import ClusterStatus, HostStatus, LaneState, ReaderStatus, ShardStatus

_STATE_STYLE = {
    LaneState.RUNNING: "green",
    LaneState.STOPPED: "bold red",
    LaneState.BACKOFF: "yellow",
    LaneState.RESNAPSHOTTING: "cyan",
    LaneState.PAUSED: "magenta",
    LaneState.DRAINED: "blue",
}


_GAP = 2
_LEAST = {"rows in": 10, "rows out": 10, "speed": 8, "backlog": 7, "lag p50": 7, "p99": 7}
"""Least widths, so that the table stands still while numbers grow."""

_DROP_FIRST = ("sent", "requests", "memory", "retries", "restarts", "sink", "rows in", "dead", "dropped", "frontier",
               "lag p50", "deleted", "process", "backlog", "written", "p99")  # fmt: skip
"""Columns that a narrow terminal does without, in this order."""


def live_view(
    statuses: Sequence[ClusterStatus], readings: Sequence[LaneReading], heading: str, width: int
) -> RenderableType:
    """What moves: a line per lane, where each reader is, what is wrong."""
    parts: list[RenderableType] = [Text(heading, style="bold")] if heading else []
    parts.append(_lanes(readings, width))
    parts += [_reader_text(status) for status in statuses]
    parts += _problems(statuses)
    return Group(*parts)


def overview(statuses: Sequence[ClusterStatus], readings: Sequence[LaneReading], width: int) -> RenderableType:
    """Everything: what the live view has, and the shards."""
    parts: list[RenderableType] = [_lanes(readings, width), Text(), _shards(statuses, width), Text()]
    for status in statuses:
        parts.append(_reader_text(status))
        scrape = ", ".join(f"http://{address}/metrics" for address in status.metrics) or "not served"
        parts.append(Text(f"{status.cluster}: configuration {status.config_version}, metrics {scrape}", style="dim"))
    parts += (Text(line) for line in figures_of(statuses))
    parts += _problems(statuses)
    return Group(*parts)


def _table(left: Sequence[str], rows: Sequence[Mapping[str, Text]], names: Sequence[str], width: int) -> Table:
    """The columns ``names`` as far as they fit; those not in ``left`` are numbers."""
    needed = {
        name: max([len(name), _LEAST.get(name, 0), *(row[name].cell_len for row in rows)]) + _GAP for name in names
    }
    shown = list(names)
    for name in _DROP_FIRST:
        if sum(needed[kept] for kept in shown) <= width + _GAP:
            break
        shown = [kept for kept in shown if kept != name]
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold dim")
    for name in shown:
        justify: JustifyMethod = "left" if name in left else "right"
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis", min_width=_LEAST.get(name))
    for row in rows:
        table.add_row(*(row[name] for name in shown))
    return table


def _lanes(readings: Sequence[LaneReading], width: int) -> Table:
    rows = []
    for reading in readings:
        lane, totals = reading.status, reading.totals
        state = Text(state_of(lane), style=_STATE_STYLE.get(lane.state, "cyan"))
        rows.append({
            "lane": Text(f"{reading.cluster}/{lane.lane}"),
            "sink": Text(lane.sink),
            "state": state,
            "rows in": Text(figures.count(totals.read)),
            "rows out": Text(figures.count(totals.applied)),
            "speed": Text(figures.rate(reading.applied_per_s)),
            "backlog": Text(figures.count(reading.backlog)),
            "lag p50": Text(figures.milliseconds(reading.lag_p50_ms)),
            "p99": Text(figures.milliseconds(reading.lag_p99_ms)),
            "dead": Text(figures.count(totals.dead_letters)),
            "restarts": Text(figures.count(lane.restarts)),
            "frontier": Text(figures.gtid_set(lane.frontier)),
        })  # fmt: skip
    names = ("lane", "sink", "state", "rows in", "rows out", "speed", "backlog", "lag p50", "p99", "dead", "restarts",
             "frontier")  # fmt: skip
    return _table(("lane", "sink", "state", "frontier"), rows, names, width)


def _shards(statuses: Sequence[ClusterStatus], width: int) -> Table:
    rows = [
        _shard_row(f"{status.cluster}/{lane.lane}/{shard.shard}", shard)
        for status in statuses
        for lane in status.lanes
        for shard in lane.shards
    ]
    names = ("shard", "state", "events", "written", "deleted", "dropped", "retries", "dead", "requests", "sent",
             "memory", "process")  # fmt: skip
    return _table(("shard", "state", "process"), rows, names, width)


def _shard_row(name: str, shard: ShardStatus) -> dict[str, Text]:
    process = shard.process
    return {
        "shard": Text(name),
        "state": Text(shard.state),
        "events": Text(figures.count(shard.events)),
        "written": Text(figures.count(shard.upserts)),
        "deleted": Text(figures.count(shard.deletes)),
        "dropped": Text(figures.count(sum(shard.dropped.values()))),
        "retries": Text(figures.count(sum(shard.retries.values()))),
        "dead": Text(figures.count(shard.dead_letters)),
        "requests": Text(figures.count(shard.requests)),
        "sent": Text(figures.size(shard.bytes_sent)),
        "memory": Text(figures.size(process.rss_bytes) if process else figures.NOTHING),
        "process": Text(f"{process.node} {process.pid}" if process else figures.NOTHING),
    }


def _reader_text(status: ClusterStatus) -> Text:
    lines = []
    for reader in status.readers:
        behind = "the server doesn't answer" if reader.behind is None else f"{figures.count(reader.behind)} behind"
        whose = f" for {', '.join(reader.lanes)}" if len(status.readers) > 1 else ""
        lines.append(
            f"{status.cluster}: reads {reader.host} at {reader.file}:{reader.position},"
            f" {figures.count(reader.transactions)} transactions, {behind}{whose}"
        )
        lines += [f"  {lane}: {text}" for lane, text in _dropped(status, reader)]
        lines += [f"  {host.host} ({host.role or 'silent'}): {host.verdict}: {host.why}" for host in _others(reader)]
    return Text("\n".join(lines) or f"{status.cluster}: no reader yet", style="dim")


def _dropped(status: ClusterStatus, reader: ReaderStatus) -> Iterator[tuple[str, str]]:
    """(lane, text) of the large transactions that a reader's lanes dropped, as their policy says."""
    for lane in status.lanes:
        if lane.dropped_transactions and lane.lane in reader.lanes:
            dropped, of_rows = figures.count(lane.dropped_transactions), figures.count(lane.dropped_rows)
            yield (
                lane.lane,
                f"{dropped} large transactions dropped by policy, of {of_rows} row changes; the log names them",
            )


def _others(reader: ReaderStatus) -> Iterator[HostStatus]:
    """The hosts that it could read from and doesn't; of a cluster of one host none, unless it can't be read."""
    return (host for host in reader.hosts if not host.reading)


def _problems(statuses: Sequence[ClusterStatus]) -> Iterator[Text]:
    for status in statuses:
        for lane, text in problems_of(status):
            yield Text(f"{status.cluster}/{lane}: {text}", style="red")
        for lane, text in letters_of(status):
            yield Text(f"{status.cluster}/{lane}: {text}", style="yellow")
