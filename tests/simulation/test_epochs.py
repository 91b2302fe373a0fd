"""The epoch protocol under random faults, and the proof that the simulation would notice a broken rule."""

from __future__ import annotations

import dataclasses

import pytest

from tests.simulation.world import Rules, ViolationError, run

SEEDS = 40

FOUND = {
    "wait_for_older": 864,
    "fence_store": 25,
    "ask_end_after_wait": 66,
    "coalesce_tail": 0,
    "hold_reserve": 25,
    "ack_after_apply": 2,
    "tables_apart": 0,
    "reach_after_rewind": 0,
}
"""A seed that notices each broken rule (the lowest when it was looked for); others are tried when it no longer does."""


@pytest.mark.parametrize("one_version", [False, True], ids=["versions", "one version per request"])
@pytest.mark.parametrize("failovers", [False, True], ids=["one source", "failovers"])
def test_no_seed_breaks_an_invariant(failovers: bool, one_version: bool) -> None:
    """Invariants 1, 2, 4 and 6 hold whatever crashes, hangs, is delayed, doubled or reordered."""
    for seed in range(SEEDS):
        run(seed, Rules(), failovers=failovers, one_version=one_version)


@pytest.mark.parametrize("rule", [field.name for field in dataclasses.fields(Rules)])
def test_a_broken_rule_is_found(rule: str) -> None:
    """Each rule of the protocol is needed: without it some seed breaks an invariant."""
    for seed in (FOUND[rule], *range(2_000)):
        try:
            run(seed, dataclasses.replace(Rules(), **{rule: False}), failovers=seed % 2 == 1)
        except ViolationError:
            return
    pytest.fail(f"no seed noticed that {rule} is broken")
