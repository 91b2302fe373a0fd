"""Disruptions of the product's own processes: kill -9, and SIGSTOP for a while, at random moments."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress

from tests.chaos.disruption import disruption
from tests.chaos.world import LANES, World

Find = Callable[[World, random.Random], int]

RAY_STARTS = "the product, its Ray included, is started anew"
SUPERVISOR_STARTS = "Ray starts a process for every actor of the lanes"


def reader(world: World, chance: random.Random) -> int:
    """The pid of a reader."""
    status = world.product.status()
    pids = [one["process"]["pid"] for one in (status or {}).get("readers", ()) if one["process"]]
    return int(chance.choice(pids)) if pids else 0


def sink(world: World, chance: random.Random) -> int:
    """The pid of a sink actor of some lane."""
    shards = world.status_of(chance.choice(LANES)).get("shards", ())
    pids = [one["process"]["pid"] for one in shards if one["process"]]
    return int(chance.choice(pids)) if pids else 0


def checkpoint(world: World, chance: random.Random) -> int:
    """The pid of a checkpoint actor."""
    process = world.status_of(chance.choice(LANES)).get("checkpoint")
    return int(process["pid"]) if process else 0


def supervisor(world: World, chance: random.Random) -> int:
    """The pid of the supervisor."""
    process = (world.product.status() or {}).get("supervisor")
    return int(process["pid"]) if process else 0


def found(world: World, chance: random.Random, find: Find) -> int:
    """The process, as soon as a status names it."""
    pids: list[int] = []

    def named() -> bool:
        pids.append(find(world, chance))
        return pids[-1] > 0

    world.until(named, f"a status names the {find.__name__}")
    return pids[-1]


def kill(world: World, chance: random.Random, find: Find) -> None:
    """Kill -9, at a random moment."""
    world.wait(chance.uniform(0, 1.5))
    signal_to(found(world, chance, find), signal.SIGKILL)


def freeze(world: World, chance: random.Random, pid: int, longest_s: float) -> None:
    """SIGSTOP, and SIGCONT after a while: if another has taken its place meanwhile, it must do no harm."""
    seconds = chance.uniform(0.5, longest_s)
    world.say(f"  for {seconds:.1f} s")
    signal_to(pid, signal.SIGSTOP)
    try:
        world.wait(seconds)
    finally:
        signal_to(pid, signal.SIGCONT)


def signal_to(pid: int, number: signal.Signals) -> None:
    """A process that is gone by now is what was wanted."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


@disruption()
def nothing(world: World, chance: random.Random) -> None:
    """Nothing at all: what a recovery time of this machine is worth."""


@disruption(weight=2)
def kill_reader(world: World, chance: random.Random) -> None:
    """`kill -9` of a reader."""
    kill(world, chance, reader)


@disruption(weight=3)
def kill_sink(world: World, chance: random.Random) -> None:
    """`kill -9` of a sink actor of either lane."""
    kill(world, chance, sink)


@disruption(weight=2)
def kill_checkpoint(world: World, chance: random.Random) -> None:
    """`kill -9` of a lane's checkpoint actor."""
    kill(world, chance, checkpoint)


@disruption(weight=2, exception=SUPERVISOR_STARTS)
def kill_supervisor(world: World, chance: random.Random) -> None:
    """`kill -9` of the supervisor; all its actors die with it."""
    kill(world, chance, supervisor)


@disruption(weight=2, exception=SUPERVISOR_STARTS)
def kill_two(world: World, chance: random.Random) -> None:
    """`kill -9` of two processes, the second one while the first is being replaced."""
    finds = (reader, sink, checkpoint, supervisor)
    first, second = (found(world, chance, chance.choice(finds)) for _ in range(2))
    signal_to(first, signal.SIGKILL)
    world.wait(chance.uniform(0, 1.2))
    signal_to(second, signal.SIGKILL)


@disruption(weight=1, exception=RAY_STARTS)
def kill_driver(world: World, chance: random.Random) -> None:
    """`kill -9` of `ingest run`; its Ray ends with it, and a service manager starts it again."""
    world.wait(chance.uniform(0, 1.5))
    starts = world.product.starts
    signal_to(world.product.driver, signal.SIGKILL)
    world.until(lambda: world.product.starts > starts, "the product is started again")


@disruption(weight=1, exception=RAY_STARTS)
def kill_raylet(world: World, chance: random.Random) -> None:
    """`kill -9` of the raylet, Ray's agent of the node."""
    world.wait(chance.uniform(0, 1.5))
    signal_to(world.product.ray_process("raylet"), signal.SIGKILL)


@disruption(weight=1, exception=RAY_STARTS)
def kill_agent(world: World, chance: random.Random) -> None:
    """`kill -9` of Ray's dashboard agent; the raylet shares its fate."""
    world.wait(chance.uniform(0, 1.5))
    signal_to(world.product.ray_process("ray::DashboardAgent"), signal.SIGKILL)


@disruption(weight=1, exception=RAY_STARTS)
def kill_gcs(world: World, chance: random.Random) -> None:
    """`kill -9` of Ray's GCS, which keeps all that Ray knows in memory."""
    world.wait(chance.uniform(0, 1.5))
    signal_to(world.product.ray_process("gcs_server"), signal.SIGKILL)


@disruption(weight=1)
def freeze_reader(world: World, chance: random.Random) -> None:
    """SIGSTOP of a reader for up to 14 s, then SIGCONT; a hanging one is replaced after 10 s."""
    freeze(world, chance, found(world, chance, reader), 14)


@disruption(weight=2)
def freeze_sink(world: World, chance: random.Random) -> None:
    """SIGSTOP of a sink actor for up to 14 s (longer than its lease), then SIGCONT."""
    freeze(world, chance, found(world, chance, sink), 14)


@disruption(weight=1)
def freeze_checkpoint(world: World, chance: random.Random) -> None:
    """SIGSTOP of a checkpoint actor for up to 14 s, then SIGCONT."""
    freeze(world, chance, found(world, chance, checkpoint), 14)


@disruption(weight=1)
def freeze_supervisor(world: World, chance: random.Random) -> None:
    """SIGSTOP of the supervisor for up to 14 s, then SIGCONT; changes go on meanwhile."""
    freeze(world, chance, found(world, chance, supervisor), 14)


@disruption(weight=1)
def freeze_driver(world: World, chance: random.Random) -> None:
    """SIGSTOP of `ingest run` for up to 10 s, then SIGCONT."""
    freeze(world, chance, world.product.driver, 10)


@disruption(weight=1)
def freeze_raylet(world: World, chance: random.Random) -> None:
    """SIGSTOP of the raylet for up to 8 s, then SIGCONT."""
    freeze(world, chance, world.product.ray_process("raylet"), 8)


@disruption(weight=1)
def freeze_gcs(world: World, chance: random.Random) -> None:
    """SIGSTOP of Ray's GCS for up to 8 s, then SIGCONT."""
    freeze(world, chance, world.product.ray_process("gcs_server"), 8)
