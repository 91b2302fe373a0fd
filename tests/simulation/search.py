"""Running seeds: which of a batch break an invariant, and which is the first to notice a canary."""

from __future__ import annotations

from tests.simulation.canaries import breaking
from tests.simulation.run import plan_of, run_seed


def broken_seeds(seeds: range) -> tuple[dict[int, str], int]:
    """The seeds that break an invariant (or show a bug), with what they say; and how many were run."""
    broken: dict[int, str] = {}
    for seed in seeds:
        try:
            run_seed(seed)
        except Exception as error:  # noqa: BLE001 - whatever a seed shows is told with its number
            broken[seed] = f"seed {seed}: {type(error).__name__}: {error} (faults: {sorted(plan_of(seed).faults)})"
    return broken, len(seeds)


def found_by(name: str, seeds: range) -> str | None:
    """What the first seed says that notices the canary; None when none does."""
    with breaking(name) as canary:
        for seed in seeds:
            if not canary.needs <= plan_of(seed).faults:
                continue
            try:
                run_seed(seed)
            except Exception as error:  # noqa: BLE001 - a broken rule may show as any error
                return str(error) or type(error).__name__
    return None
