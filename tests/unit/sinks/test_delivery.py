"""Answers to decisions: an item leaves a request only as done, newer or poison."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.problems import ProblemCode, WorldProblem
from ingest.sinks.contract import DONE, NEWER, ItemResult, Outcome, Request, RequestItem
from ingest.sinks.delivery import UNLIMITED_ITEMS, Delivery, RequestSize, RetryPolicy
from ingest.sinks.faults import BUSY, TIMEOUT, UNREACHABLE

RETRY = ItemResult(Outcome.RETRY, "busy")
POISON = ItemResult(Outcome.POISON, "mapper_parsing_exception", "not a number")


def request(size: int) -> Request[bytes]:
    return Request([RequestItem(str(key), key, "t", False, b"x", 1) for key in range(size)])


@given(st.lists(st.sampled_from([DONE, NEWER, RETRY, POISON]), min_size=1, max_size=20))
def test_only_what_must_be_retried_stays(results: list[ItemResult]) -> None:
    """Invariant 1: nothing is given up on, nothing done is sent again."""
    delivery = Delivery(request(len(results)), RetryPolicy(), 0.0)
    delivery.answered(results)
    assert [item.key for item in delivery.left.items] == [
        str(key) for key, result in enumerate(results) if result is RETRY
    ]
    assert len(delivery.poisoned) == results.count(POISON)
    assert delivery.newer == results.count(NEWER)
    assert delivery.settled == (RETRY not in results)


def test_a_failed_request_stays_whole() -> None:
    """Any item of it may or may not have been applied: all are sent again."""
    delivery = Delivery(request(3), RetryPolicy(), 0.0)
    delivery.failed(WorldProblem(UNREACHABLE, "it hung up"))
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


@pytest.mark.parametrize("code", [BUSY, TIMEOUT])
def test_a_request_that_comes_too_thick_is_made_smaller(code: ProblemCode) -> None:
    """A 429 of the whole request and a timeout halve what is sent next, down to one item, and no further."""
    delivery = Delivery(request(8), RetryPolicy(), 0.0)
    sizes = []
    for _ in range(5):
        sizes.append(len(delivery.request.items))
        delivery.failed(WorldProblem(code, "too much"))
    assert sizes == [8, 4, 2, 1, 1]
    assert len(delivery.left.items) == 8


def test_requests_grow_again_as_they_pass_and_none_waits_for_the_next() -> None:
    """What passes doubles the size; the next request of the shard begins with it; there is no pause between pieces."""
    size = RequestSize(limit=2)
    delivery = Delivery(request(14), RetryPolicy(), 0.0, size)
    sizes = []
    while not delivery.settled:
        sizes.append(len(delivery.request.items))
        delivery.answered([DONE] * sizes[-1])
        assert delivery.settled or delivery.wait_ms(1e9, 0.0) == 0
    assert sizes == [2, 4, 8]
    assert len(Delivery(request(100), RetryPolicy(), 0.0, size).request.items) == 16
    while size.limit is not None:
        size.passed(size.limit)
    assert len(Delivery(request(2 * UNLIMITED_ITEMS), RetryPolicy(), 0.0, size).request.items) == 2 * UNLIMITED_ITEMS


def test_a_few_refused_items_dont_make_requests_smaller() -> None:
    """One busy shard of an index isn't an overloaded server; what it refused is tried again beside the rest."""
    delivery = Delivery(request(6), RetryPolicy(), 0.0)
    delivery.answered([DONE, RETRY, DONE, DONE, DONE, DONE])
    assert delivery.size.limit is None
    delivery.answered([RETRY])
    assert delivery.size.limit == 1


@given(st.lists(st.lists(st.sampled_from([DONE, RETRY, NEWER, POISON, None]), min_size=20, max_size=20), max_size=30))
def test_every_item_is_settled_once_whatever_the_pieces(rounds: list[list[ItemResult | None]]) -> None:
    """Invariant 1 with requests that shrink and grow: an item leaves once, and what is left is what wasn't settled."""
    delivery = Delivery(request(20), RetryPolicy(), 0.0)
    settled: list[str] = []
    for answers in rounds:
        if delivery.settled:
            break
        sent = delivery.request.items
        if answers[0] is None:
            delivery.failed(WorldProblem(TIMEOUT, "no answer"))
            continue
        results = [answer or DONE for answer in answers[: len(sent)]]
        settled += [item.key for item, result in zip(sent, results, strict=True) if result is not RETRY]
        delivery.answered(results)
    assert sorted(settled + [item.key for item in delivery.left.items], key=int) == [str(key) for key in range(20)]
