"""Virtual time in one thread: tasks of simulated processes, woken in an order that a seed decides.

A task is a greenlet. It runs until it waits; what it waits for is put off to an instant of virtual time, and instants
that are close together come in any order (each gets some jitter), so that a seed is one interleaving of all tasks.
Nothing here knows what the tasks do.

Invariants: the same seed gives the same run; a task of a process that was killed never runs again; one of a process that
is paused runs when the pause is over.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from greenlet import getcurrent, greenlet

JITTER_MS = 0.2


class Killed(BaseException):
    """Unwinds the tasks of a process that was killed."""


class StuckError(AssertionError):
    """Nothing more can happen, or too much did."""


@dataclass(eq=False)
class Home:
    """The process that tasks belong to. ``paused``: it stands still (SIGSTOP) and keeps what comes."""

    name: str
    alive: bool = True
    paused: bool = False
    tasks: set[Task] = field(default_factory=set)
    held: list[Callable[[], None]] = field(default_factory=list)
    on_killed: Callable[[], None] | None = None


class Task(greenlet):
    """A thread of a process."""

    def __init__(self, scheduler: Scheduler, home: Home, target: Callable[[], None]) -> None:
        super().__init__(self._main, scheduler.hub)
        self.scheduler = scheduler
        self.home = home
        self.ended = False
        self.joiners: list[Wait] = []
        self._target = target

    def _main(self) -> None:
        try:
            self._target()
        except Killed:
            return
        finally:
            self.ended = True
            self.home.tasks.discard(self)
            for waiter in self.joiners:
                waiter.resume(True)


@dataclass(eq=False)
class Wait:
    """One wait of a task: resumed once, by whatever comes first."""

    scheduler: Scheduler
    task: Task
    done: bool = False

    def resume(self, value: object) -> None:
        """Let the task go on with ``value``, soon; without effect after the first."""
        if self.done:
            return
        self.done = True
        self.scheduler.later(0.0, lambda: self.task.switch(value), self.task.home)


class Scheduler:
    """See the module. ``now_ms``: virtual time."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now_ms = 0.0
        self.hub = getcurrent()
        self.steps = 0
        self.homes: dict[Home, None] = {}
        self._count = 0
        self._agenda: list[tuple[float, int, Callable[[], None], Home | None]] = []

    # --- for whoever makes things happen ------------------------------------------------------------------------

    def later(self, delay_ms: float, action: Callable[[], None], home: Home | None = None) -> None:
        """Do something after a while, on nobody's thread: it must not wait. With ``home``: unless that is killed, and not
        while it is paused."""
        at_ms = self.now_ms + delay_ms + self.random.random() * JITTER_MS
        self.at(at_ms, action, home)

    def at(self, at_ms: float, action: Callable[[], None], home: Home | None = None) -> None:
        """As ``later``, at exactly this instant; what comes at the same one keeps its order."""
        self._count += 1
        heapq.heappush(self._agenda, (at_ms, self._count, action, home))

    def spawn(self, home: Home, target: Callable[[], None]) -> Task:
        """A new thread of a process."""
        self.homes[home] = None
        task = Task(self, home, target)
        home.tasks.add(task)
        self.later(0.0, lambda: None if task.ended else task.switch(), home)
        return task

    def kill(self, home: Home) -> None:
        """End a process: its tasks unwind and can touch nothing any more."""
        if not home.alive:
            return
        home.alive = False
        home.held.clear()
        if home.on_killed is not None:
            home.on_killed()
        current = getcurrent()
        for task in list(home.tasks):
            if task is not current:
                task.parent = current
                task.throw(Killed) if task else None
                task.ended = True
        home.tasks.clear()
        if isinstance(current, Task) and current.home is home:
            raise Killed

    def pause(self, home: Home) -> None:
        """Let a process stand still."""
        home.paused = True

    def unpause(self, home: Home) -> None:
        """Let it go on, with all that was put off meanwhile."""
        home.paused = False
        held, home.held = home.held, []
        for action in held:
            self.later(0.0, action, home)

    def run(self, until: Callable[[], bool], most_ms: float, most_steps: int = 2_000_000) -> bool:
        """Let things happen until ``until`` holds (looked at after each), or ``most_ms`` have passed. Did it hold?"""
        end_ms = self.now_ms + most_ms
        while not until():
            if not self._agenda or self._agenda[0][0] > end_ms:
                self.now_ms = end_ms
                return False
            self.steps += 1
            if self.steps > most_steps:
                raise StuckError(f"{most_steps} steps and no end in sight at {self.now_ms:.0f} ms")
            at_ms, _, action, home = heapq.heappop(self._agenda)
            self.now_ms = max(self.now_ms, at_ms)
            if home is not None and not home.alive:
                continue
            if home is not None and home.paused:
                home.held.append(action)
                continue
            action()
        return True

    # --- for tasks ----------------------------------------------------------------------------------------------

    def wait(self) -> Wait:
        """A wait of the current task; hand it out, then ``block`` on it."""
        return Wait(self, self.task())

    def task(self) -> Task:
        """The current task."""
        current = getcurrent()
        assert isinstance(current, Task), "only a task can wait"
        return current

    def block(self, wait: Wait, timeout_ms: float | None = None) -> object:
        """Until somebody resumes the wait; None after ``timeout_ms``."""
        if not wait.task.home.alive:
            raise Killed
        if timeout_ms is not None:
            self.later(max(0.0, timeout_ms), lambda: wait.resume(None), wait.task.home)
        value: object = self.hub.switch()
        return value

    def sleep(self, duration_ms: float) -> None:
        """Let virtual time pass for the current task."""
        self.block(self.wait(), duration_ms)


@contextmanager
def one_thread(seed: int) -> Iterator[Scheduler]:
    """A scheduler; whatever tasks are left are unwound in the end."""
    scheduler = Scheduler(seed)
    try:
        yield scheduler
    finally:
        for home in scheduler.homes:
            home.on_killed = None
            scheduler.kill(home)
