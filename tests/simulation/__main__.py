"""``python -m tests.simulation``: many seeds on every core, or the canaries. ``make simulate SEEDS=1000``, ``make canaries``.

Exit code 1 when a seed broke an invariant (each is told with how to run it again) or a canary wasn't found. Ctrl-C ends a
run with the sum of what was done.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator

from tests.simulation.canaries import CANARIES
from tests.simulation.search import broken_seeds, found_by

BATCH = 25
TELL_EVERY_S = 30.0


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=1_000, help="how many (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="the first one (default 0)")
    parser.add_argument("--canaries", action="store_true", help="break each rule on purpose; each must be found")
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    chosen = parser.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    return _canaries(seeds, as_json=chosen.json) if chosen.canaries else _simulate(seeds, as_json=chosen.json)


def _simulate(seeds: range, *, as_json: bool) -> int:
    began_s = time.monotonic()
    broken: dict[int, str] = {}
    done = 0
    tell = Progress()
    try:
        for found, count in _spread(seeds):
            broken |= found
            done += count
            for seed, what in found.items():
                print(f"{what}\n  again: make simulate FIRST={seed} SEEDS=1", file=sys.stderr)
            tell(f"{done} of {len(seeds)} seeds, {len(broken)} broken")
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    took_s = time.monotonic() - began_s
    if as_json:
        print(json.dumps({"first": seeds.start, "seeds": done, "broken": broken, "seconds": round(took_s, 1)}))
    else:
        print(f"{done} seeds from {seeds.start} in {took_s:.0f} s: {len(broken)} broke an invariant")
    return 1 if broken else 0


def _spread(seeds: range) -> Iterator[tuple[dict[int, str], int]]:
    batches = [seeds[start : start + BATCH] for start in range(0, len(seeds), BATCH)]
    deaf = (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for this process: it ends the others
    with multiprocessing.get_context("spawn").Pool(os.cpu_count(), signal.signal, deaf) as pool:
        yield from pool.imap_unordered(broken_seeds, batches)


def _canaries(seeds: range, *, as_json: bool) -> int:
    found: dict[str, str | None] = {}
    tell = Progress()
    for name, canary in CANARIES.items():
        tell(f"canary {name}")
        found[name] = found_by(name, seeds)
        if not as_json:
            print(f"{name:24} invariant {canary.invariant}  {found[name] or 'NOT FOUND: ' + canary.what}")
    if as_json:
        print(json.dumps(found))
    return 0 if all(found.values()) else 1


class Progress:
    """How far it is, on stderr: all the time in one line of a terminal, else now and then."""

    def __init__(self) -> None:
        self._told_s = time.monotonic()

    def __call__(self, text: str) -> None:
        """Tell it."""
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._told_s >= TELL_EVERY_S:
            self._told_s = time.monotonic()
            print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
