"""The table of README.md, made from the results file: of each benchmark, the newest line of every case and system.

Lines of full runs win over lines of quick ones, which are marked. Lines of one case are of one machine, the one that it was
measured on last: figures of two machines say nothing of each other. It is written after every run, and by
``python -m benchmarks page``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.catalogue import BENCHMARKS, Benchmark
from benchmarks.results import Kept, significant

PAGE = Path(__file__).with_name("README.md")
BEGIN = "<!-- made by `python -m benchmarks page`; don't edit by hand -->"
END = "<!-- end -->"


def newest(kept: Sequence[Kept]) -> list[Kept]:
    """The newest line of each benchmark, case and system; a quick one only where there is no other."""
    found: dict[tuple[str, str, str], Kept] = {}
    for one in kept:
        key = (one.line.benchmark, one.line.case, one.line.system)
        before = found.get(key)
        if before is None or before.quick or not one.quick:
            found[key] = one
    by_date = sorted(found.values(), key=lambda one: one.date)
    machines = {(one.line.benchmark, one.line.case): one.machine for one in by_date}
    return [one for one in found.values() if one.machine == machines[one.line.benchmark, one.line.case]]


def tables(kept: Sequence[Kept]) -> str:
    """Markdown: a section per benchmark that has lines."""
    lines = newest(kept)
    parts = []
    for benchmark in BENCHMARKS.values():
        mine = [one for one in lines if one.line.benchmark == benchmark.name]
        if mine:
            parts.append(_section(benchmark, mine))
    return "\n".join(parts) if parts else "No run yet.\n"


def with_tables(page: str, kept: Sequence[Kept]) -> str:
    """The page with its tables made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(kept)}\n{END}{after}"


def renew(kept: Sequence[Kept]) -> None:
    """Write the page's tables anew."""
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), kept), encoding="utf-8")


def _section(benchmark: Benchmark, kept: Sequence[Kept]) -> str:
    machines = dict.fromkeys(one.machine for one in sorted(kept, key=lambda one: one.date, reverse=True))
    parts = [_table(benchmark, [one for one in kept if one.machine == machine]) for machine in machines]
    return f"### {benchmark.name}\n\n{benchmark.summary}\n\n" + "\n".join(parts)


def _table(benchmark: Benchmark, kept: Sequence[Kept]) -> str:
    """What was measured on one machine."""
    figures = [name for name in benchmark.figures if any(name in one.line.figures for one in kept)]
    heads = ("case", "system", *figures, "spread", "repeats", "version")
    rows = [heads, tuple("---" for _ in heads)]
    rows += [_row(one, figures) for one in kept]
    text = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    last = max(kept, key=lambda one: one.date)
    return f"{last.date[:10]}, {last.machine}:\n\n{text}\n"


def _row(kept: Kept, figures: Sequence[str]) -> tuple[str, ...]:
    line = kept.line
    numbers = [number(line.figures[name]) if name in line.figures else "" for name in figures]
    repeats = f"{line.repeats}{' (quick)' if kept.quick else ''}"
    spread = f"{line.spread:.0%}" if line.repeats > 1 else ""  # one repeat has none
    return (line.case, line.system, *numbers, spread, repeats, line.version)


def number(value: float) -> str:
    """With four significant digits and thousands separated."""
    rounded = significant(value)
    return f"{rounded:,}"
