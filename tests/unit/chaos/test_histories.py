"""The watcher of tests/chaos sees every way in which a document can go back, and nothing else."""

from __future__ import annotations

import pytest

from tests.chaos.watcher import Histories
from tests.chaos.writer import Truth


def truth(highest: int = 9, *deletions: int) -> Truth:
    """Key "1" has come to ``highest``, and was deleted at these."""
    known = Truth()
    known.highest["1"] = highest
    known.deleted["1"].extend(deletions)
    return known


GONE = None


@pytest.mark.parametrize(
    ("known", "seen", "words"),
    [
        (truth(), [1, 2, 2, 9], ""),
        (truth(), [GONE, 3, 4], ""),
        (truth(), [3, 2], "n = 2 after n = 3"),
        (truth(), [3, GONE], "never deleted since"),
        (truth(9, 2), [3, GONE], "never deleted since"),
        (truth(9, 3), [3, GONE, GONE, 4], ""),
        (truth(9, 5), [3, GONE, 6, 7], ""),
        (truth(9, 3), [3, GONE, 3], "is there again"),
        (truth(9, 5), [3, GONE, 4], "n = 4 after n = 5"),
        (truth(4), [5], "never written"),
    ],
)
def test_steps_back(known: Truth, seen: list[int | None], words: str) -> None:
    """A history as a reader sees it: a fall, a document that goes or comes back without reason, a value of nobody's."""
    histories = Histories("a sink", known)
    for at_s, n in enumerate(seen):
        histories.look({} if n is GONE else {"1": n}, at_s)
    assert len(histories.backward) == (1 if words else 0)
    assert words in "".join(histories.backward)


@pytest.mark.parametrize(
    ("since_s", "until_s", "longest_s"),
    [(0, 1.5, 1), (1, 6, 3), (2.5, 3, 0.5), (6, 9, 3)],
    ids=["all the while", "in the middle", "nothing seen", "nothing any more"],
)
def test_how_long_a_sink_stands_still(since_s: float, until_s: float, longest_s: float) -> None:
    """The longest time without anything new, the ends of the time asked about included."""
    histories = Histories("a sink", truth())
    for at_s, n in enumerate([1, 2, 2, 2, 3, 4]):
        histories.look({"1": n}, at_s)
    assert histories.standstill_s(since_s, until_s) == longest_s
