"""Lines of the results file: one per run, benchmark, case and system.

A line holds the medians of its figures over the repeats, and the spread of the first one: (highest - lowest) / median.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.catalogue import Benchmark
from benchmarks.machine import Machine
from benchmarks.scope import Measured

RESULTS = Path(__file__).with_name("results.jsonl")
_SIGNIFICANT = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A system on a case."""

    benchmark: str
    case: str
    system: str
    figures: Mapping[str, float]
    spread: float
    repeats: int
    version: str = ""

    def values(self) -> dict[str, object]:
        """As ``--json`` prints it."""
        head = {"benchmark": self.benchmark, "case": self.case, "system": self.system}
        return {**head, **self.figures, "spread": self.spread, "repeats": self.repeats, "version": self.version}


@dataclass(frozen=True, slots=True)
class Kept:
    """A line of the results file: with its date (ISO 8601, UTC), its machine, and whether it was a quick run."""

    line: Line
    date: str
    machine: Machine
    quick: bool

    def text(self) -> str:
        """One line of JSON."""
        tail = {"date": self.date, "quick": self.quick, "machine": asdict(self.machine)}
        return json.dumps({**self.line.values(), **tail})


def line_of(benchmark: Benchmark, measured: Measured) -> Line:
    """The medians and the spread of what was measured."""
    figures = {
        name: significant(statistics.median(one[name] for one in measured.repeats))
        for name in benchmark.figures
        if all(name in one for one in measured.repeats)
    }
    first = [one[benchmark.figures[0]] for one in measured.repeats if benchmark.figures[0] in one]
    middle = statistics.median(first) if first else 0.0
    spread = (max(first) - min(first)) / middle if middle else 0.0
    return Line(
        benchmark.name,
        measured.case,
        measured.system,
        figures,
        round(spread, 3),
        len(measured.repeats),
        measured.version,
    )


def significant(value: float) -> float:
    """Rounded to four significant digits; whole numbers stay whole."""
    rounded = float(f"{value:.{_SIGNIFICANT}g}")
    return int(rounded) if rounded == int(rounded) else rounded


def append(kept: Iterable[Kept], path: Path = RESULTS) -> None:
    """Write lines behind those that are there."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(one.text() + "\n" for one in kept)


def read(path: Path = RESULTS) -> Sequence[Kept]:
    """All lines, oldest first; none when there is no file."""
    if not path.exists():
        return []
    return [_kept(json.loads(text)) for text in path.read_text(encoding="utf-8").splitlines() if text.strip()]


def _kept(values: dict[str, object]) -> Kept:
    machine = values.pop("machine")
    assert isinstance(machine, dict)
    fixed = {name: values.pop(name) for name in ("benchmark", "case", "system", "spread", "repeats", "version")}
    date, quick = str(values.pop("date")), bool(values.pop("quick"))
    figures = {name: float(str(value)) for name, value in values.items()}
    return Kept(Line(figures=figures, **fixed), date, Machine(**machine), quick)  # type: ignore[arg-type]
