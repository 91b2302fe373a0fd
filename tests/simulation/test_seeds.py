"""The whole system under random faults, and the proof that the simulation would notice a broken rule."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.simulation.canaries import CANARIES
from tests.simulation.run import run_seed
from tests.simulation.search import broken_seeds, found_by
from tests.simulation.world import World

SEEDS = int(os.environ.get("SEEDS", "600"))
BATCHES = 12

REGRESSIONS = (1, 58, 120, 169, 207, 288)
"""Seeds that found something once: a claim that was durable although it failed (1, 288), answers that overtook each
other (18, now an unordered acknowledgement), a hole that only a dead server could have shown (58), and how the simulation itself must behave."""


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_seed_breaks_an_invariant(batch: int) -> None:
    """Invariants 1 to 4, 6 and 7, and that the system comes to rest, whatever crashes, hangs, is delayed, lost, doubled,
    reordered, fails over or is resized."""
    first, end = batch * SEEDS // BATCHES, (batch + 1) * SEEDS // BATCHES
    assert broken_seeds(range(first, end)) == ({}, end - first)


@pytest.mark.parametrize("seed", REGRESSIONS)
def test_what_was_found_once_stays_mended(seed: int) -> None:
    """Each was a broken invariant or a system that never came to rest."""
    run_seed(seed)


@pytest.mark.parametrize("name", CANARIES)
def test_a_canary_is_found(name: str) -> None:
    """Each rule of the protocol is needed, and each check sees: without the rule some seed breaks an invariant."""
    assert found_by(name, range(20_000)), CANARIES[name].what


def test_the_command_runs_seeds_on_every_core() -> None:
    """``make simulate``: seeds go to processes of their own, and what they find comes back."""
    argv = [sys.executable, "-m", "tests.simulation", "--seeds", "4", "--first", "10", "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(done.stdout)["seeds"] == 4


def test_a_seed_is_one_run() -> None:
    """What a seed found can be looked at again: the same seed does the same, step by step."""

    def traces(seed: int) -> tuple[float, int, dict[str, int], list[str]]:
        world: World = run_seed(seed)
        applied = {lane: sink.applied for lane, sink in world.sinks.items()}
        return world.scheduler.now_ms, world.scheduler.steps, applied, [one.gtid for one in world.topology.transactions]

    assert traces(3) == traces(3)
    assert traces(3) != traces(4)
