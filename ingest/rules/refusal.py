"""Problems that binding an expression may end in."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ingest.problems import DataProblem
from ingest.rules.codes import TYPE_MISMATCH, UNKNOWN_COLUMN, UNSUPPORTED_COLLATION


def mismatch(what: str, hint: str | None = None) -> DataProblem:
    """An operator or function meets types that it isn't defined for."""
    return DataProblem(TYPE_MISMATCH, what, hint=hint)


def unfollowed_collation(what: str, hint: str | None = None) -> DataProblem:
    """A comparison that can't be made exactly as MySQL makes it."""
    return DataProblem(UNSUPPORTED_COLLATION, what, hint=hint)


def unknown_column(name: str, table: object, known: Iterable[str]) -> DataProblem:
    """A column that isn't there, with the nearest that is."""
    names = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), names, n=1)
    hint = f"Did you mean {names[near[0]]!r}?" if near else f"It has {', '.join(names.values())}."
    return DataProblem(UNKNOWN_COLUMN, f"table {table} has no column {name!r}", {"table": table, "column": name}, hint)
