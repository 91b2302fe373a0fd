"""What a benchmark is told, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from actors.stack.cache import Cache, silent
from ingest.problems import Problem


@dataclass(frozen=True, slots=True)
class Scope:
    """How much to run. ``cases`` and ``systems``: only these; empty means all. ``tell`` takes progress lines.
    ``failures``: what went wrong without ending the benchmark. ``known``: the cases and systems that there are."""

    quick: bool = False
    repeats: int = 3
    cases: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    tell: Callable[[str], None] = silent
    cache: Cache = field(default_factory=Cache.default)
    failures: list[str] = field(default_factory=list)
    known: Mapping[str, list[str]] = field(default_factory=lambda: {"case": [], "system": []})

    def wants_case(self, case: str) -> bool:
        """Shall the case run?"""
        self.known["case"].append(case)
        return not self.cases or case in self.cases

    def wants_system(self, system: str) -> bool:
        """Shall the system run?"""
        self.known["system"].append(system)
        return not self.systems or system in self.systems

    def unknown(self) -> Iterator[str]:
        """After a run: what was asked for by names that no benchmark has."""
        for kind, wanted in (("case", self.cases), ("system", self.systems)):
            there_are = ", ".join(dict.fromkeys(self.known[kind])) or "none"
            for name in wanted:
                if name not in self.known[kind]:
                    yield f"no {kind} {name!r}; there are: {there_are}"

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
