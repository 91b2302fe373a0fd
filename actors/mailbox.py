"""Calls to actors: the one place that waits for an answer from Ray.

A ``Peer`` is an actor as its caller sees it: ``ask`` waits within a bound, ``send`` gives the answer to a callback.
Errors come back as the Problem that the actor raised; an actor that died or didn't answer is a WorldProblem. A call that
failed may still have run: callers rest on epochs and sequence numbers, never on an error.

Plain classes talk to peers, so tests and the simulation hand in objects with the same two methods. Ray is imported when
it is first used: it reads its settings then, and ``runtime.join`` has set them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ingest.problems import DataProblem, Problem, ProblemGroup, WorldProblem, declare

ACTOR_LOST = declare(
    "actor.lost",
    "An actor died or can't be reached.",
    "Ray restarts it and the lane goes on from its frontier; look at the actor's log if it happens again.",
)
ACTOR_SILENT = declare(
    "actor.silent",
    "An actor didn't answer in time.",
    "Look at the actor on the Ray dashboard: it hangs, or its node is overloaded.",
)
ACTOR_BUG = declare(
    "actor.unexpected_error",
    "An actor failed with an error that isn't a declared problem: a bug.",
    "Please report it with the log; the lane starts again from its frontier.",
)

DATA = "data"
CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave: a value, or the problem it ended with."""

    value: Any = None
    problem: Problem | None = None


class Peer(Protocol):
    """An actor as its caller sees it."""

    def ask(self, method: str, *arguments: Any, timeout_s: float, group: str = CONTROL) -> Any:
        """Call and wait. Raises Problem; WorldProblem ``actor.silent`` after ``timeout_s``."""

    def send(self, method: str, *arguments: Any, done: Callable[[Answer], None], group: str = DATA) -> None:
        """Call; ``done`` gets the answer, on another thread. Calls of one group run in order."""


class ActorPeer(Peer, Protocol):
    """A peer as its owner sees it."""

    name: str

    def end(self, *, restart: bool) -> None:
        """Kill the actor's process; it is started anew when ``restart``."""


class RayPeer:
    """A Ray actor as a Peer. Pickles with its handle."""

    def __init__(self, handle: Any, name: str) -> None:
        self.handle = handle
        self.name = name

    def __repr__(self) -> str:
        return f"RayPeer({self.name})"

    def ask(self, method: str, *arguments: Any, timeout_s: float, group: str = CONTROL) -> Any:
        """See ``Peer``."""
        import ray
        from ray.exceptions import RayError

        try:
            return ray.get(self._call(method, group, arguments), timeout=timeout_s)
        except (RayError, ValueError) as error:
            raise problem_of(error, self.name) from None

    def send(self, method: str, *arguments: Any, done: Callable[[Answer], None], group: str = DATA) -> None:
        """See ``Peer``."""
        from ray.exceptions import RayError

        def settle(future: Any) -> None:
            error = future.exception()
            if error is None:
                done(Answer(future.result()))
            else:
                done(Answer(problem=problem_of(error, self.name)))

        try:
            self._call(method, group, arguments).future().add_done_callback(settle)
        except RayError as error:
            done(Answer(problem=problem_of(error, self.name)))

    def end(self, *, restart: bool) -> None:
        """See ``ActorPeer``."""
        import ray

        ray.kill(self.handle, no_restart=not restart)

    def _call(self, method: str, group: str, arguments: tuple[Any, ...]) -> Any:
        bound = getattr(self.handle, method).options(concurrency_group=group, enable_task_events=False)
        return bound.remote(*arguments)


def problem_of(error: BaseException, name: str) -> Problem:
    """Whatever a call ended with, as a Problem."""
    from ray.exceptions import GetTimeoutError, RayActorError, RayTaskError

    cause = error.cause if isinstance(error, RayTaskError) else error
    if isinstance(cause, Problem):
        return cause
    if isinstance(cause, ProblemGroup):
        return cause.problems[0] if len(cause.problems) == 1 else _joined(cause)
    if isinstance(cause, GetTimeoutError):
        return WorldProblem(ACTOR_SILENT, f"{name} didn't answer in time", {"actor": name})
    if isinstance(cause, RayActorError):
        return WorldProblem(ACTOR_LOST, f"{name} died: {type(cause).__name__}", {"actor": name})
    return WorldProblem(ACTOR_BUG, f"{type(cause).__name__}: {cause}", {"actor": name})


def _joined(group: ProblemGroup) -> Problem:
    first = group.problems[0]
    family = DataProblem if any(isinstance(one, DataProblem) for one in group.problems) else WorldProblem
    return family(first.code, "; ".join(one.what for one in group.problems), first.where, first.hint)
