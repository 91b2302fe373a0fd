"""Answers to decisions: an item leaves a request only as done, newer or poison."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.problems import WorldProblem
from ingest.sinks.contract import DONE, NEWER, ItemResult, Outcome, Request, RequestItem
from ingest.sinks.delivery import Delivery, RetryPolicy

RETRY = ItemResult(Outcome.RETRY, "busy")
POISON = ItemResult(Outcome.POISON, "mapper_parsing_exception", "not a number")


def request(size: int) -> Request[bytes]:
    return Request([RequestItem(str(key), key, "t", False, b"x", 1) for key in range(size)])


@given(st.lists(st.sampled_from([DONE, NEWER, RETRY, POISON]), min_size=1, max_size=20))
def test_only_what_must_be_retried_stays(results: list[ItemResult]) -> None:
    """Invariant 1: nothing is given up on, nothing done is sent again."""
    delivery = Delivery(request(len(results)), RetryPolicy(), 0.0)
    delivery.answered(results)
    assert [item.key for item in delivery.request.items] == [
        str(key) for key, result in enumerate(results) if result is RETRY
    ]
    assert len(delivery.poisoned) == results.count(POISON)
    assert delivery.newer == results.count(NEWER)
    assert delivery.settled == (RETRY not in results)


def test_a_failed_request_stays_whole() -> None:
    """Any item of it may or may not have been applied: all are sent again."""
    delivery = Delivery(request(3), RetryPolicy(), 0.0)
    from ingest.sinks.delivery import GAVE_UP

    delivery.failed(WorldProblem(GAVE_UP, "timeout"))
    assert len(delivery.request.items) == 3


def test_waits_grow_and_are_bounded() -> None:
    """Backoff doubles up to its most; past the bound the epoch ends with what the sink said last."""
    policy = RetryPolicy(first_ms=10, most_ms=80, bound_ms=1_000)
    assert [policy.delay_ms(attempt, 1.0) for attempt in (1, 2, 3, 4, 5, 99)] == [10, 20, 40, 80, 80, 80]
    delivery = Delivery(request(1), policy, 0.0)
    delivery.answered([RETRY])
    delivery.wait_ms(999.0, 0.0)
    with pytest.raises(WorldProblem, match="busy"):
        delivery.wait_ms(1_001.0, 0.0)
