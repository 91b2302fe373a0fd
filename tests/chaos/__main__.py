"""``python -m tests.chaos``: disruptions on real servers while rows change. ``make chaos DURATION_S=600 SEED=1``.

    disruption.py   what a disruption is; the list of all; the plan that a seed gives
    processes.py, mysql.py, elasticsearch.py, hbase.py, network.py, store.py, supervisors.py   the disruptions
    world.py        servers, proxies, product, writer, watcher
    product.py      `ingest run`, kept running, as a service manager would
    writer.py       who changes rows, and knows what is true
    watcher.py      who reads both sinks all the while
    recovery.py     how long until a new row arrives
    run.py          disruption, recovery, comparison, again
    report.py       the table at the end

The table goes to stdout, progress to stderr. Exit code 1 when anything differed, moved back, or didn't recover. A seed
gives the same plan and the same details; real processes decide the rest.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from itertools import chain, islice
from pathlib import Path
from types import FrameType

from tests.chaos import disruption, elasticsearch, hbase, mysql, network, processes, store, supervisors
from tests.chaos.disruption import CATALOGUE
from tests.chaos.report import as_json, table
from tests.chaos.run import Result, run
from tests.chaos.world import World

FAMILIES = (processes, mysql, elasticsearch, hbase, network, store, supervisors)
DURATION_S = 600.0


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument(
        "--duration-s", type=float, help="no disruption begins later (default 600; with --only: each once)"
    )
    parser.add_argument("--seed", type=int, default=0, help="decides the plan and its details (default 0)")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=sorted(CATALOGUE), help="only these")
    parser.add_argument("--changes-per-s", type=float, default=1_300, help="row changes a second (default 1300)")
    parser.add_argument("--servers", type=int, default=3, help="MySQL servers (default 3; with 1 none fails over)")
    parser.add_argument("--list", action="store_true", help="list the disruptions")
    parser.add_argument("--log", type=Path, metavar="FILE", help="keep what the product said")
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    chosen = parser.parse_args()
    if chosen.list:
        for one in CATALOGUE.values():
            print(f"{one.family:14} {one.name:24} {one.what}" + (f" [{one.exception}]" if one.exception else ""))
        return 0
    return _run(chosen)


def _run(chosen: argparse.Namespace) -> int:
    possible = [one for one in CATALOGUE.values() if one.needs != "servers" or chosen.servers > 1]
    wanted = [CATALOGUE[name] for name in chosen.only] if chosen.only else possible
    if chosen.only and chosen.duration_s is None:
        steps, duration_s = disruption.each_once(chosen.seed, wanted), float("inf")
    else:
        steps, duration_s = disruption.plan(chosen.seed, wanted), chosen.duration_s or DURATION_S
    first = list(islice(steps, sum(one.weight for one in wanted)))
    _say(f"plan of seed {chosen.seed}: {', '.join(step.disruption.name for step in first)}")
    result = Result(chosen.seed)
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell's background jobs ignore it
        signal.signal(number, _interrupt)
    try:
        with World(chosen.seed, chosen.changes_per_s, _say, chosen.servers, chosen.log) as world:
            run(world, chain(first, steps), duration_s, result, _say)
    except KeyboardInterrupt:
        _say("stopped")
    print(json.dumps(as_json(result)) if chosen.json else table(result))
    return 1 if result.broken or not result.made else 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
