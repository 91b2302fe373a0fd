"""The product as a user runs it: ``ingest run CONFIG`` in a process of its own, started again whenever it ends, as a
service manager would. Its statuses are read from what it prints; commands are given on the command line.

Invariants: the product shares no process and no Ray with the tests, so anything in it may be killed; when the tests end
in whatever way, it ends too (a reaper owns it).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from actors.stack.process import Launch, Reaper

ROOT = Path(__file__).parents[2]
RESTART_AFTER_S = 0.2
LOOK_S = 0.1
STATUS_EVERY_S = "0.5"
COMMAND_TIMEOUT_S = 180.0
FRESH_S = 5.0

Status = Mapping[str, Any]
"""One cluster's status, as ``ingest run --json`` prints it."""


class NotFound(Exception):
    """A process that was looked for isn't there."""


class Product:
    """See the module. ``start`` begins; ``close`` ends it for good, and removes ``directory``."""

    def __init__(self, config_file: Path, name: str, directory: Path) -> None:
        self.name = name
        self.config_file = config_file
        self.log = directory / "product.log"
        self.starts = 0
        self._directory = directory
        self._reaper = Reaper()
        self._reaper.own(directory)
        self._group = 0
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._status: Status | None = None
        self._status_s = 0.0
        self._read = 0
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    @property
    def environment(self) -> dict[str, str]:
        """Of the product and of every command that is given to it."""
        mine = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        return {**mine, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(self._directory / "state")}

    def start(self) -> None:
        """Begin; returns at once."""
        self._spawn()
        self._keeper.start()

    def close(self) -> None:
        """End it and everything below it. Can be called twice."""
        self._ending.set()
        with self._lock:
            below = self._below()
            self._reaper.close()
        psutil.wait_procs(below, timeout=10)  # its own reaper ends Ray as soon as it is gone

    # --- what it is made of

    @property
    def driver(self) -> int:
        """The pid of ``ingest run``."""
        return self._group

    def _below(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self._group).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def ray_process(self, name: str) -> int:
        """The pid of a process of Ray's: ``raylet`` or ``gcs_server``."""
        for process in self._below():
            try:
                if process.name() == name:
                    return int(process.pid)
            except psutil.NoSuchProcess:
                continue
        raise NotFound(name)

    # --- what it says

    def status(self, fresh_s: float = FRESH_S) -> Status | None:
        """The newest status; None when the last one is older than that."""
        with self._lock:
            return self._status if time.monotonic() - self._status_s < fresh_s else None

    def lane(self, name: str) -> Mapping[str, Any] | None:
        """A lane of the newest status, however old that is."""
        status = self._status
        return None if status is None else next(lane for lane in status["lanes"] if lane["lane"] == name)

    @property
    def mark(self) -> int:
        """The end of what it has said so far, for ``said``."""
        return self.log.stat().st_size

    def said(self, words: str, mark: int) -> bool:
        """Has it said so since the mark, in a status or on its way out?"""
        with self.log.open("rb") as file:
            file.seek(mark)
            return words.encode() in file.read()

    def command(self, *words: str, may_fail: bool = False) -> subprocess.CompletedProcess[str]:
        """What a person would type: ``ingest WORDS``."""
        done = subprocess.run(
            self.argv(words),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
            start_new_session=True,
        )
        if done.returncode != 0 and not may_fail:
            raise AssertionError(f"ingest {' '.join(words)}: exit {done.returncode}: {done.stderr[-1500:]}")
        return done

    # --- inside

    def _spawn(self) -> None:
        words = ["run", str(self.config_file), "--json", "--every", STATUS_EVERY_S, "--log-level", "warning"]
        launch = Launch(self.argv(words), self._directory, self.log, self.environment)
        self._group = self._reaper.spawn(launch)
        self.starts += 1

    @staticmethod
    def argv(words: Sequence[str]) -> list[str]:
        """A command line of the product's."""
        return [sys.executable, "-m", "actors.cli.main", *words]

    def _keep(self) -> None:
        while not self._ending.wait(LOOK_S):
            self._read_log()
            with self._lock:
                if self._ending.is_set():
                    return
                if not self._reaper.is_alive(self._group):
                    self._ending.wait(RESTART_AFTER_S)
                    self._spawn()

    def _read_log(self) -> None:
        if not self.log.exists():
            return
        with self.log.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text.rfind(b"\n") + 1
        self._read += whole
        for line in reversed(text[:whole].splitlines()):
            if line.startswith(b'{"clusters"'):
                with self._lock:
                    self._status, self._status_s = json.loads(line)["clusters"][0], time.monotonic()
                return
