"""Asking a person before something is done that can't be taken back."""

from __future__ import annotations

import sys

import typer

from ingest.problems import DataProblem, declare

NOT_CONFIRMED = declare(
    "cli.not_confirmed",
    "It wasn't confirmed, so nothing was changed.",
    "Look at what would be done (list, or --dry-run), then answer y, or give --yes where nobody can answer.",
)


def confirm(question: str, *, yes: bool) -> None:
    """Return when ``yes`` was given or a person at the terminal says so. DataProblem ``cli.not_confirmed``."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise DataProblem(NOT_CONFIRMED, f"nobody can answer: {question}")
    if not typer.confirm(question, err=True):
        raise DataProblem(NOT_CONFIRMED, "the answer was no")
