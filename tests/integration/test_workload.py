"""The demo's writer on a real MySQL 9: what it counts is what the binlog holds."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent

from actors.demo.schema import DATABASE, TABLES
from actors.demo.writer import Report, WriterOptions
from actors.demo.writer_process import WriterProcess
from actors.stack import Mysql
from actors.stack.process import ProcessId
from ingest.problems import WorldProblem

pytestmark = pytest.mark.integration


@pytest.fixture
def mysql() -> Iterator[Mysql]:
    """A server of this test's own: the writer creates the database."""
    with Mysql() as server:
        yield server


def _options(mysql: Mysql, **changed: float) -> WriterOptions:
    values = {"rate": 4000, "seconds": 1, **changed}
    return WriterOptions(mysql.host, mysql.port, seed=0, load_orders=600, big_rows=500, **values)  # type: ignore[arg-type]


def _binlog_rows(mysql: Mysql) -> int:
    """How many row changes of the schema the binlog holds, by mysql-replication."""
    stream = BinLogStreamReader(
        connection_settings={"host": mysql.host, "port": mysql.port, "user": "root"},
        server_id=77,
        log_file="binlog.000001",
        log_pos=4,
        resume_stream=True,
        only_events=[WriteRowsEvent, UpdateRowsEvent, DeleteRowsEvent],
        only_schemas=[DATABASE],
    )
    try:
        return sum(len(event.rows) for event in stream)
    finally:
        stream.close()


def _binlog_text(mysql: Mysql) -> str:
    """All binlogs as mysqlbinlog prints them, rows decoded (but for tables with a GEOMETRY, which it doesn't know)."""
    files = sorted(str(path) for path in mysql.data.glob("binlog.0*"))
    argv = [*mysql.program.argv("mysqlbinlog"), "-v", "--base64-output=DECODE-ROWS", *files]
    run = subprocess.run(argv, env=dict(mysql.program.environment()), capture_output=True, check=True)
    return run.stdout.decode("utf-8", "replace")


def test_counts_the_row_changes_of_the_binlog(mysql: Mysql) -> None:
    """The writer's count equals the row changes that mysql-replication reads: nothing more (a roll-back, a row left as it
    was) and nothing less; the kinds of changes that the demo promises are among them."""
    reports: list[Report] = []
    with WriterProcess(_options(mysql)) as writer:
        loaded = writer.load()
        writer.go()
        done = writer.write(reports.append)
    text = _binlog_text(mysql)
    assert _binlog_rows(mysql) == done.changes
    assert done.changes - loaded.changes >= 4000
    assert reports[-1] == done
    for table in TABLES:
        assert f"### INSERT INTO `parcel`.`{table}`" in text
    moved = re.findall(
        r"^### UPDATE `parcel`\.`orders`\n### WHERE\n###   @1=(\d+).*?^### SET\n###   @1=(\d+)", text, re.M | re.S
    )
    assert any(before != after for before, after in moved)
    per_transaction = [part.count("\n### UPDATE `parcel`.`items`") for part in text.split("\nCOMMIT")]
    assert max(per_transaction) >= 160, "no big transaction"
    assert "never seen" not in text


def test_stop_ends_the_writing_early(mysql: Mysql) -> None:
    """``stop`` ends the paced part, and what was committed is counted."""
    with WriterProcess(_options(mysql, seconds=600)) as writer:
        loaded = writer.load()
        writer.go()
        while writer.latest.phase != "writing":
            time.sleep(0.05)
        writer.stop()
        done = writer.write()
    assert loaded.changes < done.changes < 600 * 4000
    assert _binlog_rows(mysql) == done.changes


def test_a_mysql_that_goes_away_is_a_problem_with_its_words(mysql: Mysql) -> None:
    """When MySQL is killed, the parent gets MySQL's error as a WorldProblem, and no hang."""
    with WriterProcess(_options(mysql, seconds=600)) as writer:
        writer.load()
        writer.go()
        mysql.kill()
        with pytest.raises(WorldProblem, match=r"Lost connection|gone away|reset|refused"):
            writer.write()


def test_writer_ends_with_its_parent(mysql: Mysql) -> None:
    """``kill -9`` of the parent leaves no writer behind."""
    script = (
        "import sys, time\n"
        "from actors.demo.writer import WriterOptions\n"
        "from actors.demo.writer_process import WriterProcess\n"
        f"writer = WriterProcess(WriterOptions({mysql.host!r}, {mysql.port}, 0, 200, 2500.0, 600.0, 0))\n"
        "writer.load(); writer.go(); print(writer.pid, flush=True); time.sleep(600)\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        writer = ProcessId.of(int(parent.stdout.readline()))
        assert writer is not None
        assert writer.is_alive()
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while writer.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not writer.is_alive()
