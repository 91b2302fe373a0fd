"""Problems as people read them, and the exit codes they stand for.

error: unknown key 'hots'
  file: shop.toml, line 4
  code: config.unknown_key

hint: Did you mean 'hosts'?
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from ingest.problems import DataProblem, Problem, declare

EXIT_OK = 0
EXIT_PROBLEM = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

NOT_INSTALLED = declare(
    "cli.not_installed",
    "A package that an optional part needs isn't installed.",
    "Install ray-binlog-ingest with the extra named, e.g. ray-binlog-ingest[elasticsearch,hbase].",
)

_USAGE_FAMILIES = ("config.", "cli.", "trace.")
_EXTRAS = {"elasticsearch": "elasticsearch", "elastic_transport": "elasticsearch", "happybase": "hbase",
           "thriftpy2": "hbase", "confluent_kafka": "kafka"}  # fmt: skip


def exit_code(problems: Sequence[Problem]) -> int:
    """2 when all problems are of what was asked (options, configuration), else 1."""
    return EXIT_USAGE if all(one.code.name.startswith(_USAGE_FAMILIES) for one in problems) else EXIT_PROBLEM


def report(problems: Sequence[Problem]) -> None:
    """Write problems to stderr, in colour on a terminal."""
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    typer.echo(text_of(problems, colour=colour), err=True, color=colour)


def text_of(problems: Sequence[Problem], *, colour: bool = False) -> str:
    """All problems as one text without a line end, and how many there are when more than one."""
    parts = [_one(problem, colour) for problem in problems]
    if len(parts) > 1:
        parts.append(f"{len(parts)} problems")
    return "\n\n".join(parts)


def problem_json(problem: Problem) -> dict[str, object]:
    """A problem for programs."""
    return {"code": problem.code.name, "what": problem.what, "where": problem.where, "hint": problem.hint}


def missing_extra(error: ModuleNotFoundError) -> Problem | None:
    """The problem behind an import that failed because an extra isn't installed; None for any other import."""
    package = (error.name or "").partition(".")[0]
    extra = _EXTRAS.get(package)
    if extra is None:
        return None
    hint = f"Install it with: pip install 'ray-binlog-ingest[{extra}]'"
    return DataProblem(NOT_INSTALLED, f"the package {package!r} isn't installed", {"extra": extra}, hint)


def _one(problem: Problem, colour: bool) -> str:
    def styled(text: str, fg: str) -> str:
        return typer.style(text, fg=fg, bold=True) if colour else text

    lines = [f"{styled('error:', 'red')} {problem.what}"]
    lines += [f"  {name}: {value}" for name, value in problem.where.items()]
    lines.append(f"  code: {problem.code.name}")
    if problem.hint:
        lines += ["", f"{styled('hint:', 'cyan')} {problem.hint}"]
    return "\n".join(lines)
