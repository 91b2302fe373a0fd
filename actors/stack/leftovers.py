"""What a server leaves when even its reaper was killed, or the machine went down: found by the next start, removed.

A server's directory holds a note of its processes, the reaper first (``owner.json``). While that reaper lives the
directory is in use. Invariants: only a process with the noted pid *and* start time is signalled; a directory whose
reaper lives is never touched.
"""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from actors.stack.cache import Cache
from actors.stack.process import ProcessId

NOTE = "owner.json"
UNNOTED_S = 3600.0
KEEP_LOGS_S = 7 * 86400.0


def note(directory: Path, pids: Iterable[int]) -> None:
    """Write down the processes that belong to a server's directory, the reaper first."""
    known = [asdict(identity) for pid in pids if (identity := ProcessId.of(pid)) is not None]
    partial = directory / f"{NOTE}.partial"
    partial.write_text(json.dumps(known), encoding="utf-8")
    partial.replace(directory / NOTE)


def processes_of(directory: Path) -> list[ProcessId]:
    """The processes noted in a server's directory, its reaper first; empty when there is no note."""
    try:
        noted = json.loads((directory / NOTE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [ProcessId(int(one["pid"]), int(one["start_ticks"]), str(one["boot"])) for one in noted]


def remove_stale(directory: Path) -> None:
    """End what is left of a server, and remove its directory."""
    for process in processes_of(directory):
        process.send(signal.SIGKILL)
    shutil.rmtree(directory, ignore_errors=True)


def sweep(cache: Cache) -> None:
    """Remove the directories whose reaper is gone, and logs of failures that are older than a week."""
    now = time.time()
    with cache.lock("sweep"):
        for directory in cache.directory("run").iterdir():
            processes = processes_of(directory)
            if processes and not processes[0].is_alive():
                remove_stale(directory)
            elif not processes and now - directory.lstat().st_mtime > UNNOTED_S:
                shutil.rmtree(directory, ignore_errors=True)
        for log in cache.directory("logs").iterdir():
            if now - log.lstat().st_mtime > KEEP_LOGS_S:
                shutil.rmtree(log) if log.is_dir() else log.unlink()
