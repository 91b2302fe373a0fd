"""actors.cli.live, lines, tables, status_json: how a status is shown."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from actors.cli.lines import progress_line, status_lines
from actors.cli.live import JsonView, LiveView
from actors.cli.meter import Meter
from actors.cli.status_json import shape, to_json
from actors.cli.tables import live_view, overview
from ingest.status import LAG_BOUNDS_MS, HostStatus, LaneState, LaneStatus
from tests.kit.statuses import cluster, lag, lane, shard

ROOT = Path(__file__).parents[3]


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def rendered(renderable: Any, width: int = 150) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def view(plain_every_s: float = 5.0) -> tuple[LiveView, io.StringIO, Clock]:
    stream, clock = io.StringIO(), Clock()
    return LiveView(stream, plain_every_s=plain_every_s, clock=clock), stream, clock


def test_without_a_terminal_there_is_a_plain_line_every_few_seconds() -> None:
    """One whole line at the first status and then one per interval, however often statuses come; one at the end only
    if there is something new to say."""
    live, stream, clock = view(plain_every_s=5.0)
    with live:
        for _ in range(21):
            live.update([cluster()])
            clock.now_s += 0.5
    lines = stream.getvalue().splitlines()
    assert [line.split("]")[0] for line in lines] == ["[   0.0 s", "[   5.0 s", "[  10.0 s"]
    assert "\x1b" not in stream.getvalue()
    assert "parcels/orders-search running in 230 out 221 (0/s) backlog 9" in lines[0]


def test_the_line_has_rates_and_lags_of_the_last_seconds() -> None:
    """What a person watches: in, out, speed, backlog, lag, frontier."""
    meter = Meter()
    meter.update([cluster("a", lane(read_rows=0, shards=(shard(0, 0, lag=lag()),)))], 0.0)
    readings = meter.update([cluster("a", lane(read_rows=1_500, shards=(shard(0, 1_000, lag=lag(b5=100)),)))], 2.0)
    assert progress_line(readings, 2.0, "writing") == (
        "[   2.0 s] writing: a/orders-search running in 1,500 out 1,000 (500/s) backlog 9"
        " lag p50 4.5 ms p99 5.0 ms frontier 3e11fa47…:1-5000"
    )


def test_a_phase_is_said_at_once_and_only_when_it_changes() -> None:
    """A change of phase doesn't wait for the next line."""
    live, stream, _clock = view()
    with live:
        live.phase("starting")
        live.phase("starting")
        live.update([cluster()])
        live.phase("draining")
    lines = stream.getvalue().splitlines()
    assert [("starting" in line, "draining" in line) for line in lines[:2]] == [(True, False), (False, True)]
    assert len(lines) == 2


def test_the_last_status_is_always_said() -> None:
    """Also when the interval isn't over."""
    live, stream, clock = view(plain_every_s=5.0)
    with live:
        live.update([cluster()])
        clock.now_s += 0.5
        live.update([cluster()])
    assert len(stream.getvalue().splitlines()) == 2


def test_a_problem_is_said_once_when_it_appears() -> None:
    """Also between two lines; said again only when it has gone and come back; a shard's and its lane's are one."""
    live, stream, _clock = view()
    trouble = lane(state=LaneState.BACKOFF, problem="refused", shards=(shard(0, trouble="refused"),))
    with live:
        for status in (lane(), trouble, trouble, lane(), trouble):
            live.update([cluster("a", status)])
    said = [line for line in stream.getvalue().splitlines() if line.startswith("problem")]
    assert said == ["problem in a/orders-search: refused"] * 2


def test_square_brackets_in_a_problem_are_text() -> None:
    """What a server says is never taken for markup."""
    live, stream, _clock = view()
    with live:
        live.update([cluster("a", lane(problem="[bold]odd[/bold] [x"))])
    assert "[bold]odd[/bold] [x" in stream.getvalue()
    status = cluster("a", lane(problem="[bold]odd[/bold] [x", sink="[i]s"))
    text = rendered(live_view([status], Meter().update([status], 0.0), "", 150))
    assert "[bold]odd[/bold] [x" in text
    assert "[i]s" in text


def test_the_tables_show_every_lane_shard_reader_and_problem() -> None:
    """The overview leaves nothing out; the live view leaves out the shards."""
    stopped = lane("archive", "hbase", state=LaneState.STOPPED, problem="no family d", shards=())
    status = cluster("parcels", lane(), stopped)
    readings = Meter().update([status], 0.0)
    full, live = rendered(overview([status], readings, 150)), rendered(live_view([status], readings, "12 s", 150))
    for text in (full, live):
        for shown in (
            "parcels/orders-search",
            "parcels/archive",
            "stopped",
            "no family d",
            "binlog.000007:123456",
            "7 behind",
            "6 dead letters are open, the oldest for 90.0 s",
        ):
            assert shown in text
    assert "parcels/orders-search/1" in full
    assert "http://127.0.0.1:9100/metrics" in full
    assert "parcels/orders-search/1" not in live
    assert live.startswith("12 s")


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (60, "lane state rows out speed"),
        (80, "lane state rows out speed backlog lag p50 p99"),
        (120, "lane state rows in rows out speed backlog lag p50 p99 dead frontier"),
        (150, "lane sink state rows in rows out speed backlog lag p50 p99 dead restarts frontier"),
    ],
)
def test_a_narrow_terminal_gets_the_columns_that_matter(width: int, columns: str) -> None:
    """Columns go, the least telling first; what is left is whole as far as possible, and never wraps."""
    status = cluster()
    table = rendered(live_view([status], Meter().update([status], 0.0), "", width), width).splitlines()
    assert " ".join(table[0].split()) == columns
    assert len(table[1]) <= width
    assert table[1].startswith("parcels/")
    assert table[2].startswith("parcels: reads")


def test_the_hosts_and_what_was_lost_are_shown() -> None:
    """Which host is read from, what keeps the others from it, and what a failover cost."""
    hosts = (
        HostStatus("a:3306", "writable", "fit", "has all that is needed", reading=True),
        HostStatus("b:3306", "read_only", "hole", "has a hole"),
        HostStatus("c:3306", "", "unreachable", "no answer"),
    )
    status = cluster("parcels", lane(lost="3e11fa47-71ca-11e1-9e33-c80aa9429562:7"))
    status = dataclasses.replace(status, readers=(dataclasses.replace(status.readers[0], hosts=hosts),))
    lines = [line for line in status_lines([status]) if line.startswith(("host", "problem"))]
    assert [line.split(" lanes=orders-search ")[-1] for line in lines[:3]] == [
        "host=a:3306 reading=yes role=writable verdict=fit why=has all that is needed",
        "host=b:3306 reading=no role=read_only verdict=hole why=has a hole",
        "host=c:3306 reading=no role=- verdict=unreachable why=no answer",
    ]
    assert "a failover lost 3e11fa47-71ca-11e1-9e33-c80aa9429562:7" in lines[3]
    text = rendered(overview([status], Meter().update([status], 0.0), 150))
    assert "b:3306 (read_only): hole: has a hole" in text
    assert "a:3306 (writable)" not in text
    assert json.loads(to_json([status]))["clusters"][0]["readers"][0]["hosts"][1]["verdict"] == "hole"


def test_plain_status_has_a_line_for_each_thing() -> None:
    """Lines begin with what they are about; values are name=value, problems on one line."""
    status = cluster("parcels", lane(problem="two\n  lines", frontier_age_ms=12.4))
    lines = list(status_lines([status]))
    assert [line.split()[0] for line in lines] == ["cluster", "lane", "shard", "shard", "reader", "problem"]
    assert "state=running" in lines[1]
    assert "frontier_age_ms=12 " in lines[1]
    assert "shard parcels/orders-search/1 state=running epoch=3 events=121 upserts=90" in lines[3]
    assert lines[-1] == "problem parcels/orders-search two lines"


def assert_same(value: object, found: object, path: str) -> None:
    """The JSON value holds every field of the dataclass with its value."""
    if dataclasses.is_dataclass(value):
        assert isinstance(found, dict), path
        names = {field.name for field in dataclasses.fields(value)}
        extra = {"applied", "open_letters", "figures", "lag_ms"} if isinstance(value, LaneStatus) else set()
        assert found.keys() == names | extra, path
        for name in names:
            assert_same(getattr(value, name), found[name], f"{path}.{name}")
    elif isinstance(value, Mapping):
        assert found == value, path
    elif isinstance(value, Sequence) and not isinstance(value, str):
        assert isinstance(found, list), path
        for index, inner in enumerate(value):
            assert_same(inner, found[index], f"{path}[{index}]")
    else:
        assert found == getattr(value, "value", value), path


def test_what_a_sink_counts_is_shown() -> None:
    """Once a lane, by the shard that shows it, in every form."""
    counting = lane("totals", "nothing", shards=(shard(0, figures={"shop.t.insert": 12_345}), shard(1)))
    status = cluster("parcels", counting, lane())
    assert [line for line in status_lines([status]) if line.startswith("count")] == [
        "count parcels/totals shop.t.insert=12345"
    ]
    assert "count parcels/totals shop.t.insert=12345" in rendered(overview([status], [], 150))
    first, second = json.loads(to_json([status]))["clusters"][0]["lanes"]
    assert (first["figures"], second["figures"]) == ({"shop.t.insert": 12_345}, {})


def test_json_is_the_whole_status() -> None:
    """Every field with its value, the lags worked out, and the bounds to read the histograms with."""
    status = cluster()
    document = json.loads(to_json([status]))
    assert document["lag_bounds_ms"] == list(LAG_BOUNDS_MS)
    (found,) = document["clusters"]
    assert_same(status, found, "status")
    assert found["lanes"][0]["applied"] == 221
    assert found["lanes"][0]["lag_ms"]["p50"] == status.lanes[0].lag.quantile_ms(0.5)
    empty = json.loads(to_json([cluster("a", lane(shards=()))]))
    assert empty["clusters"][0]["lanes"][0]["lag_ms"] == {"p50": None, "p99": None}


def test_the_documented_shape_is_that_of_the_json() -> None:
    """Every class and field of the reference page is in the JSON, and the other way round."""
    documented = {name: {field for field, _type in fields} for name, fields in shape()}
    status = cluster()
    parts = [
        status,
        status.lanes[0],
        status.lanes[0].shards[0],
        status.lanes[0].shards[0].letters,
        status.readers[0],
        HostStatus("a:3306", "writable", "fit", ""),
        status.supervisor,
        status.lanes[0].lag,
    ]
    assert documented == {type(part).__name__: {f.name for f in dataclasses.fields(part)} for part in parts}  # type: ignore[arg-type]


def test_the_json_view_writes_one_object_a_line_at_its_pace() -> None:
    """For programs: parseable lines only, the last status included."""
    stream, clock = io.StringIO(), Clock()
    with JsonView(stream, every_s=1.0, clock=clock) as shown:
        for epoch in range(4):
            shown.phase("draining")
            shown.say("hello")
            shown.update([cluster("a", lane(epoch=epoch))])
            clock.now_s += 0.6
    epochs = [json.loads(line)["clusters"][0]["lanes"][0]["epoch"] for line in stream.getvalue().splitlines()]
    assert epochs == [0, 2, 3]


TERMINAL_PROGRAM = """
import sys
from actors.cli.live import LiveView
from tests.kit.statuses import cluster, lane
with LiveView(sys.stdout) as view:
    view.phase("writing")
    for epoch in range(3):
        view.update([cluster("a", lane(problem="it is down" if epoch == 1 else ""))])
    print("a line of a log", file=sys.stderr)
"""


def in_terminal(program: str, **environment: str) -> str:
    """What a program writes to a terminal of 100 columns that is its stdout and stderr."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment}
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    text = b""
    while chunk := _read(master):
        text += chunk
    assert process.wait(60) == 0, text
    os.close(master)
    return text.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux: the other side is closed
        return b""


def test_on_a_terminal_the_table_is_drawn_in_place() -> None:
    """The table is redrawn over itself, log lines stand above it, the last state stays."""
    text = in_terminal(TERMINAL_PROGRAM)
    assert "\x1b[" in text
    assert text.count("parcels") == 0
    assert text.count("a/orders-search") >= 4
    assert "it is down" in text
    last = text.rpartition("a line of a log")[2]
    assert "a/orders-search" in last
    assert "writing" in last
    assert "it is down" not in last


def test_a_terminal_that_cannot_draw_gets_plain_lines() -> None:
    """TERM=dumb: no escape sequence, the same lines as without a terminal."""
    text = in_terminal(TERMINAL_PROGRAM, TERM="dumb")
    assert "\x1b" not in text
    assert "writing: a/orders-search running in 230" in text
