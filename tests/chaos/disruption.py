"""What a disruption is, and the list of all of them.

A disruption is a named function: it does something to the world, waits as long as it shall last, and returns when it has
ended (when the server is up again, the process goes on, the connection is whole). What follows is the same for all: the
lanes must go on by themselves, no document may be seen going back, and every row must be equal.

Where the product stops a lane by design, the function checks that it did, and under which name, and does what an
operator would do then. ``exception`` says why a disruption's recovery may take longer than the bound.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.world import World

Act = Callable[["World", random.Random], None]

CATALOGUE: dict[str, Disruption] = {}


class Unexpected(AssertionError):
    """The product didn't do what it promises."""


class Skipped(Exception):
    """The disruption can't be made here; the text says why."""


@dataclass(frozen=True, slots=True)
class Disruption:
    """``weight``: how often it comes in one round through the catalogue. ``needs``: what the world must have."""

    name: str
    what: str
    act: Act
    weight: int
    exception: str
    needs: str

    @property
    def family(self) -> str:
        """What it hits: the module that it stands in."""
        return self.act.__module__.rpartition(".")[2]


def disruption(*, weight: int = 1, exception: str = "", needs: str = "") -> Callable[[Act], Act]:
    """Put a function into the catalogue; its docstring says what it does."""

    def register(act: Act) -> Act:
        name = act.__name__
        assert name not in CATALOGUE, name
        what = " ".join((act.__doc__ or "").split())
        CATALOGUE[name] = Disruption(name, what, act, weight, exception, needs)
        return act

    return register


@dataclass(frozen=True, slots=True)
class Step:
    """The ``number``th disruption of a run, with the chance that decides its details."""

    number: int
    disruption: Disruption
    seed: str

    @property
    def chance(self) -> random.Random:
        """The same for the same seed, whatever came before."""
        return random.Random(self.seed)


def plan(seed: int, chosen: Iterable[Disruption]) -> Iterator[Step]:
    """Rounds without end: in each, every disruption as often as its weight says, in an order of its own."""
    deck = [one for one in sorted(chosen, key=lambda one: one.name) for _ in range(one.weight)]
    number = 0
    order = random.Random(f"plan {seed}")
    while deck:
        round_ = list(deck)
        order.shuffle(round_)
        for one in round_:
            number += 1
            yield Step(number, one, f"{seed}/{number}/{one.name}")


def each_once(seed: int, chosen: Iterable[Disruption]) -> Iterator[Step]:
    """Every disruption once, in this order."""
    return (Step(number, one, f"{seed}/{number}/{one.name}") for number, one in enumerate(chosen, 1))
