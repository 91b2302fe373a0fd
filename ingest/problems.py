"""Errors as part of the interface: what happened, where, what to do next.

Every error that a user can meet is a ``Problem`` with a declared code. There are two families. A ``DataProblem``
belongs to the data or the configuration: trying again gives the same answer, so a lane stops (or the row becomes a
dead letter) and a person acts. A ``WorldProblem`` belongs to the world: trying again may help, so it is retried with
backoff and a bound.

Invariants: a Problem survives pickling (it crosses Ray actors); it never holds a secret; every code is declared once,
beside the code that raises it, and documented (``catalogue()`` feeds the reference page).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemCode:
    """A kind of problem: its stable name, a one-line summary for the reference page, and what to do about it."""

    name: str
    summary: str
    remedy: str


_CATALOGUE: dict[str, ProblemCode] = {}


def declare(name: str, summary: str, remedy: str) -> ProblemCode:
    """Register a problem code. Names are lower-case words joined by dots, e.g. ``mysql.gtid_mode_off``.

    Raises ValueError when the name is taken by another text.
    """
    code = ProblemCode(name, summary, remedy)
    if _CATALOGUE.setdefault(name, code) != code:
        raise ValueError(f"problem code {name!r} is declared twice")
    return code


def catalogue() -> Mapping[str, ProblemCode]:
    """Every code declared by the modules imported so far."""
    return dict(sorted(_CATALOGUE.items()))


class Problem(Exception):
    """What happened (``what``), where (``where``: name -> value), and what to do next (``hint``)."""

    def __init__(
        self, code: ProblemCode, what: str, where: Mapping[str, object] | None = None, hint: str | None = None
    ) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.where: dict[str, str] = {name: str(value) for name, value in (where or {}).items()}
        self.hint = hint if hint is not None else code.remedy

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.code, self.what, self.where, self.hint))

    def with_where(self, **where: object) -> Problem:
        """The same problem with more places named (those already there win)."""
        return type(self)(self.code, self.what, {**{k: str(v) for k, v in where.items()}, **self.where}, self.hint)

    def __str__(self) -> str:
        lines = [f"{self.code.name}: {self.what}"]
        if self.where:
            lines.append("  where: " + ", ".join(f"{name} {value}" for name, value in self.where.items()))
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class DataProblem(Problem):
    """The data or the configuration is at fault: stop (or dead-letter), and name the row."""


class WorldProblem(Problem):
    """The world is at fault for now: retry with backoff, within a bound."""


class ProblemGroup(Exception):
    """Several problems found in one go (a configuration, a preflight). Never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        if not self.problems:
            raise ValueError("a ProblemGroup holds at least one problem")
        super().__init__(f"{len(self.problems)} problem(s)")

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.problems,))

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)
