"""The writer: a process of its own that runs the workload against MySQL at a rate and counts the row changes.

Its standard input carries one JSON line (``WriterOptions``), then ``go`` when the paced writing shall begin and
``stop`` when it shall end early; the end of input ends the process at once, so it can't outlive its parent. Its
standard output carries one JSON line per ``Report``.

What is counted is what MySQL says was changed by statements that were committed: exactly the row changes of the
binlog (an UPDATE that leaves a row as it was changes none; the client flag FOUND_ROWS is off).
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal, TextIO

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CLIENT
from pymysql.cursors import Cursor

from actors.demo.schema import STATEMENTS
from actors.demo.workload import Transaction, Workload

REPORT_S = 0.5
PATIENCE = 3
"""A slow machine may take this many times the writing time."""


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """``seconds`` at ``rate`` row changes a second after ``load_orders`` orders (100 or more) are there, and one
    transaction of ``big_rows`` in the middle."""

    host: str
    port: int
    seed: int
    load_orders: int
    rate: float
    seconds: float
    big_rows: int
    user: str = "root"
    password: str = ""

    def __repr__(self) -> str:
        return f"WriterOptions({self.user}@{self.host}:{self.port}, seed {self.seed})"


@dataclass(frozen=True, slots=True)
class Report:
    """How far the writer is. ``changes``: row changes committed so far, the load included; ``cpu_s``: this process's
    CPU time of the phase; ``problem``: why it failed."""

    phase: Literal["loading", "loaded", "writing", "done", "failed"]
    changes: int = 0
    transactions: int = 0
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    problem: str = ""


class Writer:
    """Runs transactions on one connection."""

    def __init__(self, options: WriterOptions, report: Callable[[Report], None]) -> None:
        self._options = options
        self._report = report
        self._workload = Workload(options.seed)
        self._changes = 0
        self._transactions = 0
        self._began = self._reported = time.monotonic()
        self._cpu_began = 0.0
        self._connection: Connection[Cursor] = pymysql.connect(
            host=options.host,
            port=options.port,
            user=options.user,
            password=options.password,
            charset="utf8mb4",
            client_flag=CLIENT.MULTI_STATEMENTS,
            autocommit=True,
        )
        self._cursor = self._connection.cursor()

    def load(self) -> None:
        """Create the schema and the data of the start."""
        self._begin_phase()
        self._cursor.execute("SET time_zone = '+00:00'")
        for statement in STATEMENTS:
            self._cursor.execute(statement)
        for transaction in self._workload.load(self._options.load_orders):
            self._run(transaction)
            self._say("loading")
        self._say("loaded", now=True)

    def write(self, ended: threading.Event) -> None:
        """The paced part."""
        self._begin_phase()
        options = self._options
        base, total = self._changes, int(options.rate * options.seconds)
        big_at = base + total // 2 if options.big_rows else None
        deadline = self._began + options.seconds * PATIENCE
        paused_s = 0.0
        while self._changes - base < total and time.monotonic() < deadline and not ended.is_set():
            self._run(self._workload.next())
            if big_at is not None and self._changes >= big_at:
                before, began = self._changes, time.monotonic()
                self._run(self._workload.big(options.big_rows))
                base += self._changes - before
                paused_s += time.monotonic() - began
                big_at = None
            self._say("writing")
            due = self._began + paused_s + (self._changes - base) / options.rate
            ended.wait(max(0.0, due - time.monotonic()))
        self._say("done", now=True)

    def _run(self, transaction: Transaction) -> None:
        cursor = self._cursor
        cursor.execute(transaction.sql)
        changed = cursor.rowcount
        while cursor.nextset():
            changed += cursor.rowcount
        if transaction.commit:
            self._changes += changed
            self._transactions += 1

    def _begin_phase(self) -> None:
        self._began, self._cpu_began = time.monotonic(), time.process_time()

    def _say(self, phase: Literal["loading", "loaded", "writing", "done"], *, now: bool = False) -> None:
        moment = time.monotonic()
        if now or moment - self._reported >= REPORT_S:
            self._reported = moment
            cpu_s = time.process_time() - self._cpu_began
            self._report(Report(phase, self._changes, self._transactions, moment - self._began, cpu_s))


def _listen(lines: TextIO, go: threading.Event, ended: threading.Event) -> None:
    """Follow the parent's words; its end is ours."""
    for line in lines:
        (go if line.strip() == "go" else ended).set()
    os._exit(1)


def main() -> None:
    """Read the options, load, wait for ``go``, write, wait for the end of input."""

    def report(state: Report) -> None:
        sys.stdout.write(json.dumps(asdict(state)) + "\n")
        sys.stdout.flush()

    options = WriterOptions(**json.loads(sys.stdin.readline()))
    go, ended = threading.Event(), threading.Event()
    threading.Thread(target=_listen, args=(sys.stdin, go, ended), daemon=True).start()
    try:
        writer = Writer(options, report)
        writer.load()
        go.wait()
        writer.write(ended)
    except pymysql.MySQLError as error:
        report(Report("failed", problem=str(error)))
        raise SystemExit(1) from error
    threading.Event().wait()


if __name__ == "__main__":
    main()
