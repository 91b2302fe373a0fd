"""Ends a foreground run whose own Ray has ended: nobody can be asked any more, and whoever keeps the run going (a service
manager) can start it anew at once. Ray itself ends its drivers too, but only after a minute.

Crash-only: the process ends as it would by `kill -9`; frontiers are durable, and its reaper ends what is left.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from actors.cli.reporting import EXIT_PROBLEM
from actors.runtime import RAY_FAILED
from ingest.problems import WorldProblem

LOOK_S = 0.5
SHOW_CURSOR = "\x1b[?25h"
"""The live view hides it."""


@contextmanager
def while_alive(
    is_alive: Callable[[], bool], lost: Callable[[], None] | None = None, look_s: float = LOOK_S
) -> Iterator[None]:
    """While the block runs, ``lost`` is called (by default: this process ends) when Ray isn't alive any more."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(look_s):
            if not is_alive() and not over.is_set():
                (lost or _end)()
                return

    watch = threading.Thread(target=look, name="ray-watch", daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()


def _end() -> None:
    problem = WorldProblem(RAY_FAILED, "the local Ray has ended by itself (was one of its processes killed?)")
    sys.stderr.write(f"{SHOW_CURSOR if sys.stderr.isatty() else ''}\nerror: {problem}\n")
    sys.stderr.flush()
    os._exit(EXIT_PROBLEM)
