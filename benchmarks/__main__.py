"""``python -m benchmarks NAME``: run benchmarks, print their figures, keep them in the results file."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Sequence

from benchmarks import page, results
from benchmarks.catalogue import BENCHMARKS, Benchmark
from benchmarks.machine import this_machine
from benchmarks.page import number
from benchmarks.results import Kept, Line, line_of
from benchmarks.scope import Scope
from ingest.problems import Problem


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    listed = "\n".join(f"  {one.name:<15}{one.summary}" for one in BENCHMARKS.values())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Figures go to stdout, progress to stderr; every run is appended to benchmarks/results.jsonl.",
        epilog=f"benchmarks:\n{listed}\n  {'all':<15}all of them\n  {'page':<15}renew the tables of benchmarks/README.md",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=(*BENCHMARKS, "all", "page"), metavar="NAME", help="see below")
    parser.add_argument("--json", action="store_true", help="one JSON object per system and case")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="measure N times (default 3)")
    parser.add_argument("--quick", action="store_true", help="small sizes: tells that it works, not how fast it is")
    parser.add_argument("--case", action="append", default=[], metavar="CASE", help="only this case; may be repeated")
    parser.add_argument("--system", action="append", default=[], metavar="SYSTEM", help="only this system; as --case")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for. 0; 1 when a benchmark failed (the others still run) or a case or system isn't
    there; 2 for a wrong command line."""
    chosen = arguments().parse_args(argv)
    if chosen.name == "page":
        page.renew(results.read())
        return 0
    scope = Scope(chosen.quick, max(1, chosen.repeats), tuple(chosen.case), tuple(chosen.system), tell)
    if not chosen.json:
        print(this_machine())
    for benchmark in BENCHMARKS.values() if chosen.name == "all" else (BENCHMARKS[chosen.name],):
        try:
            _run(benchmark, scope, as_json=chosen.json)
        except Problem as problem:
            scope.failed(benchmark.name, problem)
    page.renew(results.read())
    failures = [*scope.failures, *scope.unknown()]
    for what in failures:
        tell(f"failed: {what}")
    return 1 if failures else 0


def tell(line: str) -> None:
    """A progress line."""
    print(line, file=sys.stderr, flush=True)


def _run(benchmark: Benchmark, scope: Scope, *, as_json: bool) -> None:
    machine = this_machine()
    if not as_json:
        print(f"\n{benchmark.name}: {benchmark.summary}")
    for measured in benchmark.run(scope):
        line = line_of(benchmark, measured)
        date = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        results.append([Kept(line, date, machine, scope.quick)])
        print(json.dumps(line.values()) if as_json else _plain(line), flush=True)


def _plain(line: Line) -> str:
    figures = "  ".join(f"{name} {number(value)}" for name, value in line.figures.items())
    version = f"  ({line.version})" if line.version else ""
    return f"  {line.case:<22} {line.system:<22} {figures}  spread {line.spread:.0%} of {line.repeats}{version}"


if __name__ == "__main__":
    sys.exit(main())
