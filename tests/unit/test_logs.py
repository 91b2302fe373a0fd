"""actors.logs: what a process writes to stderr."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import logging
from actors import logs
from ingest.problems import WorldProblem, declare
from ingest.schema import TableName
from ingest.slices import Kind, TransactionStamp
from ingest.trace import ChangeTrace

CODE = declare("test.code", "summary", "do this")
logs.configure({level!r}, json={json})
log = logs.logger("actors.shard", lane="search", shard=1)
log.info("started", password="hunter2", api_key="k-1", store="mysql://app:hunter3@db:3306/x", rows=3)
log.debug("detail")
problem = WorldProblem(CODE, "it broke", {{"host": "db:3306"}})
log.warning("failed", problem=problem)
try:
    raise problem
except WorldProblem as error:
    log.error("raised", exc_info=error)
logging.getLogger("ray").warning("ray says %s", "so")
logging.getLogger("elastic_transport.transport").info("POST /_bulk")
stamp = TransactionStamp("u:1", 5, "binlog.1", 4)
change = ChangeTrace("search", 1, stamp, TableName("shop", "orders"), Kind.DELETE, "42", 7, "b", "", "t", "delete", "", "", "done")
logs.log_change(log, change)
"""


def run(level: str = "info", as_json: bool | None = None) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(level=level, json=as_json)
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_without_a_terminal_each_line_is_a_json_event_on_stderr() -> None:
    """Own and foreign logs come out in one form, with time, level, event and logger first; stdout stays clean."""
    result = run()
    assert result.stdout == ""
    found = events(result.stderr)
    assert [one["event"] for one in found] == ["started", "failed", "raised", "ray says so", "change"]
    assert list(found[0])[:4] == ["time", "level", "event", "logger"]
    assert found[0]["lane"] == "search"
    assert found[0]["shard"] == 1
    assert found[3]["logger"] == "ray"


def test_secrets_are_masked() -> None:
    """Values under telling names and passwords inside URLs don't appear, in either form."""
    for as_json in (True, False):
        text = run(as_json=as_json).stderr
        assert "hunter" not in text
        assert "k-1" not in text
        assert "app:***@db:3306" in text


def test_a_problem_is_logged_with_code_place_and_hint() -> None:
    """Given as a value or as the exception: the same fields, and no traceback."""
    found = events(run().stderr)
    for event in found[1:3]:
        assert event["problem"] == "test.code"
        assert event["what"] == "it broke"
        assert event["host"] == "db:3306"
        assert event["hint"] == "do this"
        assert "exception" not in event


def test_a_traced_change_is_one_event() -> None:
    """The fields of the trace, beside the logger's own."""
    event = events(run().stderr)[-1]
    assert event["event"] == "change"
    assert (event["gtid"], event["key"], event["kind"], event["answer"]) == ("u:1", "42", "delete", "done")


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("error", ["raised"]),
        ("warning", ["failed", "raised", "ray says so"]),
        ("debug", ["started", "detail", "failed", "raised", "ray says so", "POST /_bulk", "change"]),
    ],
)
def test_the_level_holds_for_own_and_foreign_logs(level: str, shown: list[str]) -> None:
    """Less than the level isn't written; chatty libraries are heard at debug only."""
    assert [event["event"] for event in events(run(level).stderr)] == shown


def test_on_a_terminal_lines_are_for_people() -> None:
    """With a terminal as stderr: key=value text, not JSON."""
    master, slave = pty.openpty()
    subprocess.run([sys.executable, "-c", PROGRAM.format(level="info", json=None)], cwd=ROOT, stderr=slave, check=True)
    os.close(slave)
    text = os.read(master, 65536).decode()
    os.close(master)
    assert "started" in text
    assert "{" not in text.splitlines()[0]
