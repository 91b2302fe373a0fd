"""What a benchmark is told, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from actors.stack.cache import Cache, silent
from ingest.problems import Problem


@dataclass(frozen=True, slots=True)
class Scope:
    """How much to run. ``cases`` and ``systems``: only these; empty means all. ``tell`` takes progress lines.
    ``failures``: what went wrong without ending the benchmark."""

    quick: bool = False
    repeats: int = 3
    cases: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    tell: Callable[[str], None] = silent
    cache: Cache = field(default_factory=Cache.default)
    failures: list[str] = field(default_factory=list)

    def wants_case(self, case: str) -> bool:
        """Shall the case run?"""
        return not self.cases or case in self.cases

    def wants_system(self, system: str) -> bool:
        """Shall the system run?"""
        return not self.systems or system in self.systems

    def failed(self, what: str, problem: Problem) -> None:
        """One system failed; the others go on."""
        self.failures.append(what)
        self.tell(f"{what} failed: {problem}")

    def size(self, full: int, quick: int) -> int:
        """The one of two sizes that fits the run."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Measured:
    """A system on a case: the figures of each repeat, by name; ``version`` of what was measured."""

    case: str
    system: str
    repeats: tuple[Mapping[str, float], ...]
    version: str = ""


Run = Callable[[Scope], Iterator[Measured]]
