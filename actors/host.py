"""What a process has of its machine: clocks, threads and how they wait for each other, chance, and who it is.

Handed to every actor, so that the same classes run on a real machine (``SystemHost``), and, in one thread from one seed,
in a simulation (tests/simulation). Nothing in the actors' logic may start a thread, wait, or look at a process by any
other way.
"""

from __future__ import annotations

import os
import queue
import random
import select
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from actors import members
from actors.clock import Clock, SystemClock
from actors.processes import this_process_status
from ingest.checkpoint.contract import Member
from ingest.status import ProcessStatus

ItemT = TypeVar("ItemT")

Lock = AbstractContextManager[Any]
"""A lock that its holder may take again (threading.RLock)."""

Empty = queue.Empty
"""What ``Inbox.get`` raises when nothing came in time."""


class Event(Protocol):
    """A flag to wait for (threading.Event)."""

    def set(self) -> None:
        """Raise it."""

    def clear(self) -> None:
        """Lower it."""

    def is_set(self) -> bool:
        """Is it up?"""

    def wait(self, timeout: float | None = None) -> bool:
        """Until it is up, or ``timeout`` seconds have passed; is it up?"""


class Inbox(Protocol[ItemT]):
    """A queue without a bound (queue.SimpleQueue)."""

    def put(self, item: ItemT) -> None:
        """Append; never waits."""

    def get(self, block: bool = True, timeout: float | None = None) -> ItemT:
        """The oldest; waits up to ``timeout`` seconds. ``Empty``."""

    def get_nowait(self) -> ItemT:
        """The oldest, if there is one. ``Empty``."""


class Running(Protocol):
    """A thread that was started."""

    def join(self, timeout: float | None = None) -> None:
        """Until it is over, or ``timeout`` seconds have passed."""


class Readable(Protocol):
    """Something to wait for: a socket, or what has one."""

    def fileno(self) -> int:
        """Its descriptor."""


class Poller(Protocol):
    """Waits for sockets and for ``wake`` at once."""

    def wake(self) -> None:
        """End the wait that is under way, or the next one. From any thread, any number of times, also after ``close``."""

    def wait(self, sources: Sequence[Readable], timeout_ms: float) -> None:
        """Until a source is readable, somebody called ``wake``, or the time is over."""

    def close(self) -> None:
        """Let it go."""


class Host(Clock, Protocol):
    """See the module."""

    def chance(self) -> float:
        """A random number in [0, 1), for jitter."""

    def event(self) -> Event:
        """A new flag, down."""

    def lock(self) -> Lock:
        """A new lock."""

    def inbox(self) -> Inbox[ItemT]:
        """A new queue."""

    def poller(self) -> Poller:
        """A new poller."""

    def start(self, name: str, target: Callable[[], None]) -> Running:
        """Run ``target`` on a thread of its own, which doesn't keep the process alive."""

    def this_process(self, role: str) -> Member:
        """The calling process as a member of an epoch."""

    def process_status(self, role: str) -> ProcessStatus:
        """What the calling process uses."""

    def is_gone(self, member: Member) -> bool | None:
        """Has that process ended? None: it ran on another machine."""

    def end(self, member: Member) -> None:
        """Kill that process if it is still there (of this machine only)."""

    def end_this_process(self) -> None:
        """At once, as a crash, telling the exception that is being handled; whoever owns it starts it anew."""


class SystemHost(SystemClock):
    """The machine this runs on. Pickles."""

    def chance(self) -> float:
        """See ``Host``."""
        return random.random()

    def event(self) -> Event:
        """See ``Host``."""
        return threading.Event()

    def lock(self) -> Lock:
        """See ``Host``."""
        return threading.RLock()

    def inbox(self) -> Inbox[ItemT]:
        """See ``Host``."""
        return queue.SimpleQueue()

    def poller(self) -> Poller:
        """See ``Host``."""
        return _PipePoller()

    def start(self, name: str, target: Callable[[], None]) -> Running:
        """See ``Host``."""
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread

    def this_process(self, role: str) -> Member:
        """See ``Host``."""
        return members.this_process(role)

    def process_status(self, role: str) -> ProcessStatus:
        """See ``Host``."""
        return this_process_status(role)

    def is_gone(self, member: Member) -> bool | None:
        """See ``Host``."""
        return members.is_gone(member)

    def end(self, member: Member) -> None:
        """See ``Host``."""
        members.end(member)

    def end_this_process(self) -> None:
        """See ``Host``."""
        traceback.print_exc(file=sys.stderr)
        os._exit(1)


class _PipePoller:
    """select(2), and a pipe to end it."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe()
        os.set_blocking(self._out, False)
        os.set_blocking(self._in, False)

    def wake(self) -> None:
        """See ``Poller``."""
        try:
            os.write(self._in, b"\0")
        except (BlockingIOError, OSError):
            return  # full: it is awake already; closed: the run is over

    def wait(self, sources: Sequence[Readable], timeout_ms: float) -> None:
        """See ``Poller``."""
        waiting: list[int | Readable] = [self._out, *sources]
        ready, _, _ = select.select(waiting, [], [], timeout_ms / 1000)
        if self._out in ready:
            try:
                os.read(self._out, 4096)
            except BlockingIOError:
                return

    def close(self) -> None:
        """See ``Poller``."""
        os.close(self._in)
        os.close(self._out)
