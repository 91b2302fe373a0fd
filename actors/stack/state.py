"""What ``stack up`` started and left running: one small file per server, below the cache.

Invariants: a file is written whole (renamed into place) while the server still belongs to the command that starts it,
so there is never a detached server without a file; processes are told apart by pid *and* start time.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from actors.stack.cache import Cache
from actors.stack.leftovers import remove_stale
from actors.stack.process import ProcessId
from actors.stack.server import Server

END_S = 30.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Running:
    """A server that outlives the command that started it."""

    name: str
    address: str
    endpoint: Mapping[str, str]
    reaper: ProcessId
    processes: Mapping[str, ProcessId]
    directory: str

    @property
    def is_alive(self) -> bool:
        """Whether all its processes run."""
        return self.reaper.is_alive() and all(process.is_alive() for process in self.processes.values())

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Running:
        """Read the file's text."""
        fields = json.loads(text)
        return cls(
            fields["name"],
            fields["address"],
            fields["endpoint"],
            ProcessId(**fields["reaper"]),
            {name: ProcessId(**process) for name, process in fields["processes"].items()},
            fields["directory"],
        )


def describe(server: Server) -> Running:
    """The record of a started server."""
    reaper = ProcessId.of(server.reaper_pid or 0)
    assert reaper is not None
    processes = {name: identity for name, pid in server.pids.items() if (identity := ProcessId.of(pid)) is not None}
    return Running(server.name, server.address, server.endpoint(), reaper, processes, str(server.directory))


def _file(cache: Cache, name: str) -> Path:
    return cache.directory("state") / f"{name}.json"


def write(cache: Cache, running: Running) -> None:
    """Record a server."""
    file = _file(cache, running.name)
    partial = file.with_suffix(".partial")
    partial.write_text(running.to_json(), encoding="utf-8")
    partial.replace(file)


def forget(cache: Cache, name: str) -> None:
    """Remove a record; nothing to do when there is none."""
    _file(cache, name).unlink(missing_ok=True)


def read_all(cache: Cache) -> dict[str, Running]:
    """Every recorded server by name, alive or not."""
    files = sorted(cache.directory("state").glob("*.json"))
    return {file.stem: Running.from_json(file.read_text(encoding="utf-8")) for file in files}


def _await_end(process: ProcessId) -> None:
    deadline = time.monotonic() + END_S
    while process.is_alive() and time.monotonic() < deadline:
        time.sleep(POLL_S)


def end(cache: Cache, running: Running) -> None:
    """End a recorded server with its data, whatever is left of it, and remove the record."""
    if running.reaper.send(signal.SIGTERM):
        _await_end(running.reaper)
        running.reaper.send(signal.SIGKILL)
    for process in running.processes.values():  # without effect, unless the reaper was killed
        process.send(signal.SIGKILL)
    for process in running.processes.values():
        _await_end(process)
    remove_stale(Path(running.directory))
    forget(cache, running.name)
