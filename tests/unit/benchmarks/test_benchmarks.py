"""The benchmarks' frame: what the command line lists, what a result holds, and how the page comes from the results."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import page
from benchmarks.__main__ import arguments, main
from benchmarks.catalogue import BENCHMARKS
from benchmarks.machine import this_machine
from benchmarks.plot import Curve, svg
from benchmarks.results import RESULTS, Kept, append, line_of, read
from benchmarks.scope import Measured, Scope

ROOT = Path(__file__).parents[3]
DECODE = BENCHMARKS["decode"]


def kept(rate: float, *, quick: bool = False, date: str = "2026-01-01T00:00:00+00:00", system: str = "native") -> Kept:
    measured = Measured("narrow", system, ({"rows_per_s": rate, "cpu_us_per_row": 0.25, "rss_mb": 100.0},), "1")
    return Kept(line_of(DECODE, measured), date, this_machine(), quick)


def test_the_command_line_lists_every_benchmark() -> None:
    """Every benchmark of the catalogue has a module with ``run``, and stands in the help with its summary."""
    shown = arguments().format_help()
    for benchmark in BENCHMARKS.values():
        assert f"  {benchmark.name:<15}{benchmark.summary}" in shown
        assert callable(importlib.import_module(benchmark.module).run)


def test_the_issue_s_benchmarks_are_there() -> None:
    """The names that the README explains are those of the catalogue."""
    text = page.PAGE.read_text(encoding="utf-8")
    for name in BENCHMARKS:
        assert f"`{name}`" in text


def test_it_starts_as_a_module() -> None:
    """``python -m benchmarks`` answers without a server."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "latency" in done.stdout


def test_a_line_has_the_documented_fields() -> None:
    """A line: benchmark, case, system, the figures' medians, the spread of the first, repeats, version."""
    repeats = tuple({"rows_per_s": rate, "cpu_us_per_row": 1.0, "rss_mb": 5.0} for rate in (80.0, 100.0, 120.0))
    values = line_of(DECODE, Measured("narrow", "native", repeats, "1")).values()
    assert values == {
        "benchmark": "decode",
        "case": "narrow",
        "system": "native",
        "rows_per_s": 100,
        "cpu_us_per_row": 1,
        "rss_mb": 5,
        "spread": 0.4,
        "repeats": 3,
        "version": "1",
    }


def test_the_results_file_keeps_lines(tmp_path: Path) -> None:
    """What was appended is read again, behind what was there, each line with date, machine and kind of run."""
    path = tmp_path / "results.jsonl"
    append([kept(1.5)], path)
    append([kept(2.5, quick=True)], path)
    assert read(path) == [kept(1.5), kept(2.5, quick=True)]
    assert {"date", "machine", "quick"} <= set(json.loads(path.read_text(encoding="utf-8").splitlines()[0]))


def test_the_table_holds_the_newest_full_line() -> None:
    """A later line replaces an earlier one of the same case and system; a quick one never replaces a full one."""
    text = page.tables([kept(1_000), kept(2_000), kept(3_000, quick=True), kept(4_000, quick=True, system="pure")])
    rows = [line for line in text.splitlines() if line.startswith("| narrow")]
    assert len(rows) == 2
    assert "2,000" in rows[0]
    assert "4,000" in rows[1] and "(quick)" in rows[1]


def test_a_case_is_of_one_machine() -> None:
    """What was measured on another machine than a case's newest line isn't shown beside it."""
    other = replace(kept(1_000, system="pure"), machine=replace(this_machine(), cpu="another"))
    later = replace(kept(2_000), date="2026-11-03T00:00:00+00:00")
    assert page.newest([other, later]) == [later]
    elsewhere = replace(other, line=replace(other.line, case="wide"))
    text = page.tables([elsewhere, later])
    assert text.index("another") > text.index("2,000")
    assert "1,000" in text


def test_the_page_is_made_from_the_results() -> None:
    """README.md holds what the results file gives (``python -m benchmarks page`` renews it)."""
    text = page.PAGE.read_text(encoding="utf-8")
    assert text == page.with_tables(text, read(RESULTS))


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The message names those that there are."""
    with pytest.raises(SystemExit) as ended:
        main(["nothing"])
    assert ended.value.code == 2
    assert "decode" in capsys.readouterr().err


def test_the_plot_has_a_point_per_value() -> None:
    """Every point of every curve is drawn."""
    text = svg("t", [Curve("shards", ((1.0, 10.0), (2.0, 20.0))), Curve("lanes", ((1.0, 5.0),))])
    assert text.count("<circle") == 3


def test_names_that_are_not_there_are_named() -> None:
    """A mistyped case or system is told with what there is; without it nothing would be measured, in silence."""
    scope = Scope(cases=("narrow", "narow"), systems=("natve",))
    assert scope.wants_case("narrow")
    assert not scope.wants_case("wide")
    assert not scope.wants_system("native")
    assert list(scope.unknown()) == ["no case 'narow'; there are: narrow, wide", "no system 'natve'; there are: native"]
