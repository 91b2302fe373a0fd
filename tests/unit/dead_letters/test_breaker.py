"""ingest.dead_letters.breaker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dead_letters.breaker import MOSTLY_POISON, TOO_MANY, Breaker, BreakerLimits
from ingest.problems import DataProblem

WHERE = {"lane": "orders"}


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30)), max_size=20))
def test_it_opens_exactly_when_too_much_of_the_last_items_is_poison(requests: list[tuple[int, int]]) -> None:
    """The window is made of whole requests, the last ones that hold at least 50 items together; below 50 items the
    bound is that of 50."""
    breaker = Breaker(BreakerLimits(50, 0.2, 1))
    sent: list[tuple[int, int]] = []
    for items, bad in requests:
        poison = min(items, bad)
        breaker.sent(items, [("reason", "k")] * poison)
        sent.append((items, poison))
        window = sent[:]
        while sum(n for n, _ in window[1:]) >= 50:
            window.pop(0)
        share = sum(n for _, n in window) / max(50, sum(n for n, _ in window))
        if share > 0.2:
            with pytest.raises(DataProblem):
                breaker.check_share(WHERE)
            assert breaker.is_open
            return
        breaker.check_share(WHERE)
    assert not breaker.is_open


def test_it_says_how_many_why_mostly_and_where_to_look() -> None:
    """Counts, the commonest reason, and a key that has it."""
    breaker = Breaker(BreakerLimits(10, 0.1, 2))
    breaker.sent(6, [("mapping", "7"), ("mapping", "8"), ("too_large", "9")])
    with pytest.raises(DataProblem) as share:
        breaker.check_share(WHERE)
    assert (share.value.code, share.value.where) == (MOSTLY_POISON, WHERE)
    assert share.value.what == (
        "3 of the last 6 documents are poison; mostly mapping (2 since the lane started), e.g. key 8"
    )
    with pytest.raises(DataProblem) as many:
        breaker.check_open(3, WHERE)
    assert many.value.code is TOO_MANY
    assert many.value.what.startswith("3 dead letters are open, 2 may be")


def test_as_many_letters_as_may_be_are_fine() -> None:
    """The bound itself isn't past the bound; without any poison seen nothing is said of reasons."""
    breaker = Breaker(BreakerLimits(10, 0.1, 2))
    breaker.check_open(2, WHERE)
    with pytest.raises(DataProblem) as caught:
        breaker.check_open(3, WHERE)
    assert caught.value.what == "3 dead letters are open, 2 may be"
