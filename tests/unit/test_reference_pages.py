"""The generated pages of metrics, commands and problems are those of the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.cli.main import COMMANDS, load
from actors.cli.reference import commands_page
from actors.metrics.catalogue import METRICS
from actors.metrics.reference import metrics_page

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"


def problems_page_alone() -> str:
    """The page as a process of its own makes it: this one has codes of tests too."""
    program = "from actors.cli.reference import *; print(problems_page(every_problem_code()), end='')"
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("metrics.md", metrics_page),
        ("commands.md", commands_page),
        ("problems.md", problems_page_alone),
    ],
)
def test_the_generated_page_is_up_to_date(name: str, page: Callable[[], str]) -> None:
    """configs/NAME is what the code gives (REWRITE=1 writes it anew)."""
    path = CONFIGS / name
    if os.environ.get("REWRITE") == "1":
        path.write_text(page(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == page(), f"{name} is out of date: make docs"


def test_every_metric_is_in_the_page_with_its_labels() -> None:
    """Nothing is served that isn't documented."""
    rows = {line.split("|")[1].strip(" `"): line for line in metrics_page().splitlines() if line.startswith("| `")}
    assert rows.keys() == {metric.name for metric in METRICS}
    for metric in METRICS:
        assert all(f"`{label}`" in rows[metric.name] for label in metric.labels)
        assert metric.help in rows[metric.name]


def test_every_command_and_option_is_in_the_page() -> None:
    """Each public command has a heading, each of its options a row."""
    page = commands_page()
    for command in COMMANDS:
        assert (f"## ingest {command.name}" in page) is not command.hidden
        if not command.hidden:
            for parameter in getattr(load(command), "params", ()):
                assert all(f"`{name}`" in page for name in parameter.opts if name.startswith("--"))


def test_every_problem_says_what_to_do() -> None:
    """Each code has a summary and a remedy, under its family's heading."""
    page = (CONFIGS / "problems.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9_]+)\.([a-z0-9_.]+)` \| (.*?) \| (.*) \|$", page, re.MULTILINE)
    assert len(rows) > 50
    assert len(rows) == page.count("\n| `")
    assert {family for family, _name, _summary, _remedy in rows} == set(re.findall(r"^## (.*)$", page, re.MULTILINE))
    for family, name, summary, remedy in rows:
        assert summary.strip(), f"{family}.{name}"
        assert remedy.strip(), f"{family}.{name}"
