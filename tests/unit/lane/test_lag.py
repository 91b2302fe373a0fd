"""ingest.lane.lag: how late transactions are, by every codec."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.lane import lag
from ingest.lane.lag import lag_histogram
from ingest.schema import Column
from ingest.slices import Kind, Slice, TransactionStamp
from ingest.status import LAG_BOUNDS_MS
from tests.kit.binlog_slices import slice_of
from tests.kit.codecs import needs_native
from tests.kit.value_bytes import image, schema_of, table_map

NOW_US = 1_700_000_000_000_000
SCHEMA = schema_of(Column("id", 3, 0, False))
PART = slice_of(table_map(SCHEMA), Kind.INSERT, [b""], [image(SCHEMA, [bytes(4)])], b"\x01", b"\x01")
LAGS_US = st.one_of(
    st.integers(-10_000_000, 10**9),
    st.sampled_from([int(bound * 1000) + more for bound in LAG_BOUNDS_MS for more in (-1, 0, 1)]),
)
TRANSACTIONS = st.dictionaries(st.integers(1, 9), LAGS_US, max_size=6)


def part_of(transactions: dict[int, int]) -> Slice:
    """A slice with rows of these transactions: number and lag."""
    stamps = [TransactionStamp(f"uuid:{number}", NOW_US - late, "binlog.1", 4) for number, late in transactions.items()]
    return replace(PART, packed_stamps=b"".join(stamp.pack() for stamp in stamps))


@needs_native
@given(st.lists(TRANSACTIONS, max_size=4))
def test_both_codecs_count_alike(slices: list[dict[int, int]]) -> None:
    """The same buckets and the same sum, to the last bit."""
    whole = {number: late for one in slices for number, late in one.items()}
    parts = [part_of({number: whole[number] for number in one}) for one in slices]
    assert lag_histogram(parts, NOW_US) == lag._pure(parts, NOW_US)


def test_each_transaction_counts_once() -> None:
    """A transaction with rows in two slices is one; a bound belongs to its bucket; a clock behind gives 0."""
    found = lag_histogram([part_of({1: 500, 2: 501}), part_of({2: 501, 3: -7})], NOW_US)
    assert (found.counts[:2], sum(found.counts)) == ((2, 1), 3)
    assert found.sum_ms == pytest.approx(1.001)


def test_stamps_that_end_within_one() -> None:
    """What can't be read is an error, by every codec."""
    with pytest.raises(ValueError, match="end within one"):
        lag_histogram([replace(PART, packed_stamps=b"\0" * 17)], NOW_US)
