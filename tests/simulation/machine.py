"""``actors.host.Host`` for simulated processes: their clocks, threads and waiting on the scheduler's virtual time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from actors.host import Empty, Event, Inbox, Lock, Poller, Readable, Running
from ingest.checkpoint.contract import Member
from ingest.status import ProcessStatus
from tests.simulation.scheduler import Home, Killed, Scheduler, Task, Wait

ItemT = TypeVar("ItemT")


class Processes(Protocol):
    """All processes there are, by pid."""

    def home_of(self, pid: int) -> Home | None:
        """The process, if it is still there."""

    def end(self, home: Home) -> None:
        """Kill it."""


@dataclass(eq=False)
class SimHost:
    """See the module. ``node``: processes of one node can look at each other; ``wall_offset_us``: how wrong its clock is."""

    scheduler: Scheduler
    processes: Processes
    home: Home
    pid: int
    node: str
    wall_offset_us: int = 0

    def monotonic_ms(self) -> float:
        """See ``Host``."""
        return self.scheduler.now_ms

    def wall_us(self) -> int:
        """See ``Host``."""
        return int(self.scheduler.now_ms * 1000) + 1_700_000_000_000_000 + self.wall_offset_us

    def sleep_ms(self, duration_ms: float) -> None:
        """See ``Host``."""
        self.scheduler.sleep(duration_ms)

    def chance(self) -> float:
        """See ``Host``."""
        return self.scheduler.random.random()

    def event(self) -> Event:
        """See ``Host``."""
        return SimEvent(self.scheduler)

    def lock(self) -> Lock:
        """See ``Host``."""
        return SimLock(self.scheduler)

    def inbox(self) -> Inbox[ItemT]:
        """See ``Host``."""
        return SimInbox(self.scheduler)

    def poller(self) -> Poller:
        """See ``Host``."""
        return SimPoller(self.scheduler)

    def start(self, name: str, target: Callable[[], None]) -> Running:
        """See ``Host``."""
        return SimThread(self.scheduler, self.scheduler.spawn(self.home, target))

    def this_process(self, role: str) -> Member:
        """See ``Host``."""
        return Member(role, self.node, self.pid, self.pid)

    def process_status(self, role: str) -> ProcessStatus:
        """See ``Host``."""
        return ProcessStatus(role, self.node, self.pid, 0, 0.0)

    def is_gone(self, member: Member) -> bool | None:
        """See ``Host``."""
        return None if member.host != self.node else self.processes.home_of(member.pid) is None

    def end(self, member: Member) -> None:
        """See ``Host``."""
        home = self.processes.home_of(member.pid)
        if home is not None and member.host == self.node:
            self.processes.end(home)

    def end_this_process(self) -> None:
        """See ``Host``."""
        self.processes.end(self.home)
        raise Killed


@dataclass(eq=False)
class SimThread:
    """See ``Running``."""

    scheduler: Scheduler
    task: Task

    def join(self, timeout: float | None = None) -> None:
        """See ``Running``."""
        if not self.task.ended:
            wait = self.scheduler.wait()
            self.task.joiners.append(wait)
            self.scheduler.block(wait, None if timeout is None else timeout * 1000)


@dataclass(eq=False)
class SimEvent:
    """See ``Event``."""

    scheduler: Scheduler
    up: bool = False
    waiting: list[Wait] = field(default_factory=list)

    def set(self) -> None:
        """See ``Event``."""
        self.up = True
        waiting, self.waiting = self.waiting, []
        for one in waiting:
            one.resume(True)

    def clear(self) -> None:
        """See ``Event``."""
        self.up = False

    def is_set(self) -> bool:
        """See ``Event``."""
        return self.up

    def wait(self, timeout: float | None = None) -> bool:
        """See ``Event``."""
        if not self.up:
            wait = self.scheduler.wait()
            self.waiting.append(wait)
            self.scheduler.block(wait, None if timeout is None else timeout * 1000)
        return self.up


@dataclass(eq=False)
class SimLock:
    """See ``Lock``. Freed when its holder is killed: the process is gone as a whole then."""

    scheduler: Scheduler
    holder: Task | None = None
    depth: int = 0
    waiting: deque[Wait] = field(default_factory=deque)

    def __enter__(self) -> object:
        """See ``Lock``."""
        task = self.scheduler.task()
        while self.holder not in (None, task):
            wait = self.scheduler.wait()
            self.waiting.append(wait)
            self.scheduler.block(wait)
        self.holder = task
        self.depth += 1
        return self

    def __exit__(self, *_: object) -> None:
        """See ``Lock``."""
        self.depth -= 1
        if not self.depth:
            self.holder = None
            while self.waiting:
                wait = self.waiting.popleft()
                if not wait.done:
                    wait.resume(True)
                    break


@dataclass(eq=False)
class SimInbox(Generic[ItemT]):
    """See ``Inbox``."""

    scheduler: Scheduler
    items: deque[ItemT] = field(default_factory=deque)
    waiting: deque[Wait] = field(default_factory=deque)

    def put(self, item: ItemT) -> None:
        """See ``Inbox``."""
        self.items.append(item)
        while self.waiting:
            wait = self.waiting.popleft()
            if not wait.done:
                wait.resume(True)
                break

    def get(self, block: bool = True, timeout: float | None = None) -> ItemT:
        """See ``Inbox``."""
        deadline_ms = None if timeout is None else self.scheduler.now_ms + timeout * 1000
        while not self.items:
            left_ms = None if deadline_ms is None else deadline_ms - self.scheduler.now_ms
            if not block or (left_ms is not None and left_ms <= 0):
                raise Empty
            wait = self.scheduler.wait()
            self.waiting.append(wait)
            self.scheduler.block(wait, left_ms)
        return self.items.popleft()

    def get_nowait(self) -> ItemT:
        """See ``Inbox``."""
        return self.get(block=False)


class SimSource(Readable, Protocol):
    """What a simulated poller can wait for."""

    def is_readable(self) -> bool:
        """Is there something, or an end?"""

    def on_readable(self, wait: Wait) -> None:
        """Resume this when there is."""


@dataclass(eq=False)
class SimPoller:
    """See ``Poller``."""

    scheduler: Scheduler
    woken: bool = False
    waiting: Wait | None = None

    def wake(self) -> None:
        """See ``Poller``."""
        self.woken = True
        if self.waiting is not None:
            self.waiting.resume(True)

    def wait(self, sources: Sequence[SimSource], timeout_ms: float) -> None:  # type: ignore[override]
        """See ``Poller``."""
        if not self.woken and not any(source.is_readable() for source in sources):
            self.waiting = self.scheduler.wait()
            for source in sources:
                source.on_readable(self.waiting)
            self.scheduler.block(self.waiting, timeout_ms)
            self.waiting = None
        self.woken = False

    def close(self) -> None:
        """See ``Poller``."""
