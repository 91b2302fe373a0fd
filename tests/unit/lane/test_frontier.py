"""The ledger: invariant 1, the frontier passes only what is applied, and never flattens a gap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.lane.frontier import Frontier, Ledger

UUID = "11111111-1111-1111-1111-111111111111"


def test_a_transaction_enters_when_its_last_change_is_applied() -> None:
    """Up to then only the count of its applied row changes moves."""
    ledger = Ledger(Frontier(""))
    ledger.begin(f"{UUID}:1", 0)
    ledger.end(f"{UUID}:1", 3)
    assert ledger.advance(2) == Frontier("", f"{UUID}:1", 2)
    assert ledger.advance(3) == Frontier(f"{UUID}:1")


def test_a_transaction_without_changes_enters_with_its_predecessor() -> None:
    """DDL and transactions on other tables move the frontier too."""
    ledger = Ledger(Frontier(""))
    for number, last in ((1, 2), (2, 2), (3, 4)):
        ledger.begin(f"{UUID}:{number}", 2 if number > 1 else 0)
        ledger.end(f"{UUID}:{number}", last)
    assert ledger.advance(2) == Frontier(f"{UUID}:1-2")


def test_the_partial_transaction_goes_on_where_it_was() -> None:
    """Row changes that the frontier holds are skipped and still counted."""
    ledger = Ledger(Frontier(f"{UUID}:1", f"{UUID}:2", 5))
    assert ledger.begin(f"{UUID}:2", 0) == 5
    assert ledger.advance(0) == Frontier(f"{UUID}:1", f"{UUID}:2", 5)
    assert ledger.advance(2) == Frontier(f"{UUID}:1", f"{UUID}:2", 7)
    ledger.end(f"{UUID}:2", 2)
    assert ledger.advance(2) == Frontier(f"{UUID}:1-2")


def test_a_gap_stays_a_gap() -> None:
    """GTIDs that weren't seen aren't in the frontier."""
    ledger = Ledger(Frontier(f"{UUID}:1-7"))
    ledger.begin(f"{UUID}:9", 0)
    ledger.end(f"{UUID}:9", 0)
    assert ledger.advance(0) == Frontier(f"{UUID}:1-7:9")


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.data())
def test_the_frontier_is_the_applied_prefix(sizes: list[int], data: st.DataObject) -> None:
    """For any transactions and any watermark: all those wholly below it, and the rows of the next."""
    ledger = Ledger(Frontier(""))
    ordinal = 0
    ends = []
    for number, size in enumerate(sizes, 1):
        ledger.begin(f"{UUID}:{number}", ordinal)
        ordinal += size
        ledger.end(f"{UUID}:{number}", ordinal)
        ends.append(ordinal)
    watermark = data.draw(st.integers(0, ordinal))
    whole = next((place for place, end in enumerate(ends) if end > watermark), len(ends))
    rows = watermark - (ends[whole - 1] if whole else 0)
    text = "" if not whole else f"{UUID}:1-{whole}" if whole > 1 else f"{UUID}:1"
    partial = Frontier(text, f"{UUID}:{whole + 1}", rows) if rows else Frontier(text)
    assert ledger.advance(watermark) == partial
