"""A run: disruption after disruption from a plan, each followed by recovery and the whole comparison."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from actors.clock import SystemClock
from actors.verify.lanes import VerifyOptions, verify_lane
from ingest.problems import Problem
from tests.chaos.disruption import Disruption, Skipped, Step, Unexpected
from tests.chaos.recovery import Recovery, recovery
from tests.chaos.world import LANES, World

BOUND_S = 5.0
"""How long a lane may stand still after a disruption, but for the exceptions that one states."""

COMPARE_WAIT_MS = 60_000.0


@dataclass(slots=True)
class Happened:
    """One disruption: what came of it. ``recovery`` by lane; ``problem``: what went wrong, "" when nothing did."""

    number: int
    disruption: Disruption
    lasted_s: float = 0.0
    recovery: dict[str, Recovery] = field(default_factory=dict)
    differences: int = 0
    backward: int = 0
    problem: str = ""
    skipped: str = ""

    @property
    def worst_s(self) -> float:
        """The longer standstill of the lanes."""
        return max((one.standstill_s for one in self.recovery.values()), default=0.0)

    @property
    def caught_up_s(self) -> float:
        """Until the slower lane had caught up."""
        return max((one.caught_up_s for one in self.recovery.values()), default=0.0)


@dataclass(slots=True)
class Result:
    """A whole run. ``changes``: row changes committed; ``writing_s``: for how long they were being written."""

    seed: int
    happened: list[Happened] = field(default_factory=list)
    changes: int = 0
    writing_s: float = 0.0
    elapsed_s: float = 0.0
    rows: int = 0
    comparisons: int = 0
    looks: int = 0
    restarts: int = 0
    retried: dict[tuple[int, str], int] = field(default_factory=dict)
    backward: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    @property
    def answers(self) -> dict[str, int]:
        """What the sinks answered that was tried again, by reason, as far as the product's statuses told."""
        found: dict[str, int] = {}
        for (_, reason), count in self.retried.items():
            found[reason] = found.get(reason, 0) + count
        return found

    @property
    def made(self) -> list[Happened]:
        """Those that were made, and looked at to the end."""
        return [one for one in self.happened if one.recovery or one.problem]

    @property
    def differences(self) -> int:
        """Over all comparisons."""
        return sum(one.differences for one in self.happened)

    @property
    def slow(self) -> list[Happened]:
        """Recoveries beyond the bound without a stated exception."""
        return [one for one in self.made if one.worst_s > BOUND_S and not one.disruption.exception]

    @property
    def broken(self) -> bool:
        """Was any promise broken? (Speed isn't one: the machine decides it too.)"""
        return bool(self.differences or self.backward or any(one.problem for one in self.happened))


def run(world: World, steps: Iterator[Step], duration_s: float, result: Result, tell: Callable[[str], None]) -> None:
    """Fill in the result. It ends early when a comparison finds a difference, or the lanes run no more."""
    began_s = time.monotonic()
    try:
        for step in steps:
            if time.monotonic() - began_s >= duration_s:
                return
            tell(f"{time.monotonic() - began_s:6.0f} s  {step.number}. {step.disruption.name}")
            one = Happened(step.number, step.disruption)
            result.happened.append(one)
            _disrupt(world, step, one, result)
            tell(f"          {_outcome(one)}")
            _note_answers(world, result)
            if one.problem or one.differences:
                result.details.append(f"{step.number}. {one.disruption.name}: {one.problem} {world.states()}")
                if one.differences or not _goes_on(world):
                    return
    finally:
        result.elapsed_s = time.monotonic() - began_s
        result.changes, result.writing_s = world.writer.changes, world.writer.writing_s
        result.looks, result.backward = world.watcher.looks, world.watcher.backward
        result.restarts = world.product.starts - 1


def _goes_on(world: World) -> bool:
    """Do the lanes run after what went wrong, perhaps resumed by hand?"""
    try:
        world.until_running_or(lambda: world.resume(*LANES))
    except Unexpected:
        return False
    return True


def _disrupt(world: World, step: Step, one: Happened, result: Result) -> None:
    backward = len(world.watcher.backward)
    try:
        world.until_running()
        began_s = time.monotonic()
        try:
            step.disruption.act(world, step.chance)
        except Skipped as reason:
            one.skipped = str(reason)
            return
        ended_s = time.monotonic()
        one.lasted_s = ended_s - began_s
        one.recovery = recovery(world, step.number, ended_s)
        one.differences = _compare(world, result)
    except (Unexpected, Problem, AssertionError, OSError) as error:
        one.problem = f"{type(error).__name__}: {error}"
    finally:
        one.backward = len(world.watcher.backward) - backward
    if world.writer.failed is not None:
        raise world.writer.failed


def _compare(world: World, result: Result) -> int:
    """Every row with both sinks, while nothing is written."""
    found = 0
    with world.writer.paused():
        for lane in LANES:
            options = VerifyOptions(wait_ms=COMPARE_WAIT_MS)
            verdict = verify_lane(world.config, lane, options, lambda *_: None, SystemClock())
            result.rows += verdict.rows
            result.comparisons += 1
            found += verdict.differences + verdict.behind
            if verdict.differences or verdict.behind:
                result.details.append(
                    f"{lane}: {verdict.differences} differences, {verdict.behind} behind: {verdict.details[:3]}"
                )
    return found


def _note_answers(world: World, result: Result) -> None:
    for lane in LANES:
        for shard in (world.product.lane(lane) or {}).get("shards", ()):
            if shard["process"]:
                pid = shard["process"]["pid"]
                result.retried |= {(pid, reason): count for reason, count in shard["retries"].items()}


def _outcome(one: Happened) -> str:
    if one.skipped:
        return f"left out: {one.skipped}"
    times = ", ".join(
        f"{lane} {of.standstill_s:.1f} s (caught up after {of.caught_up_s:.1f} s)"
        for lane, of in sorted(one.recovery.items())
    )
    words = f"lasted {one.lasted_s:.1f} s; stood still: {times or 'no'}; differences {one.differences}"
    return words + (f"; BACKWARD {one.backward}" if one.backward else "") + (f"; {one.problem}" if one.problem else "")
