"""What a seed decides of a run of tests/chaos."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from tests.chaos.__main__ import FAMILIES
from tests.chaos.disruption import CATALOGUE, plan
from tests.chaos.recovery import Recovery
from tests.chaos.report import as_json, table
from tests.chaos.run import Happened, Result

ROUND = sum(one.weight for one in CATALOGUE.values())


def names(seed: int, count: int) -> list[str]:
    return [step.disruption.name for step in islice(plan(seed, CATALOGUE.values()), count)]


def test_a_seed_is_a_plan() -> None:
    """The same seed gives the same disruptions with the same details; another one gives others."""
    assert names(3, 3 * ROUND) == names(3, 3 * ROUND)
    assert names(3, ROUND) != names(4, ROUND)
    first, again = (next(plan(3, CATALOGUE.values())).chance.random() for _ in range(2))
    assert first == again


def test_every_round_has_all() -> None:
    """Each disruption comes in each round, as often as its weight says."""
    counts = Counter(names(5, 2 * ROUND)[ROUND:])
    assert counts == {one.name: one.weight for one in CATALOGUE.values()}


def test_every_disruption_says_what_it_does() -> None:
    """The list is for people; each stands in the module of what it hits."""
    modules = {family.__name__.rpartition(".")[2] for family in FAMILIES}
    assert all(one.what and one.family in modules for one in CATALOGUE.values())


def test_a_report_names_what_is_wrong() -> None:
    """A difference, a step back, a problem and a recovery beyond the bound are told, and the run counts as broken; one
    that is only slow doesn't."""
    slow = Happened(1, CATALOGUE["kill_sink"], recovery={"search": Recovery(1, 1), "archive": Recovery(9.5, 12)})
    result = Result(1, [slow])
    assert (result.broken, [one.number for one in result.slow]) == (False, [1])
    stated = Happened(2, CATALOGUE["kill_driver"], recovery={"search": Recovery(30, 31)})
    result.happened.append(stated)
    assert [one.number for one in result.slow] == [1]
    assert "9.5 s (1. kill_sink)" in table(result)
    assert "* kill_driver: " in table(result)
    for wrong in (Result(1, [Happened(1, slow.disruption, recovery={"search": Recovery(1, 9)}, differences=1)]), Result(1, [slow], backward=["back"]),
                  Result(1, [Happened(1, slow.disruption, problem="Unexpected: no recovery")])):  # fmt: skip
        assert wrong.broken
        assert as_json(wrong)["broken"]
    assert "no recovery" in table(wrong)
