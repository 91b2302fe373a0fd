"""ingest.version: versions of many rows at once are those of each row."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.version import EPOCH_MAX, ORDINAL_MAX, version_base, version_bases


@given(st.integers(1, EPOCH_MAX), st.lists(st.integers(0, ORDINAL_MAX)))
def test_many_at_once(epoch: int, ordinals: list[int]) -> None:
    """Packed or not."""
    expected = [version_base(epoch, ordinal) for ordinal in ordinals]
    packed = memoryview(struct.pack(f"<{len(ordinals)}Q", *ordinals)).cast("Q")
    assert list(version_bases(epoch, packed)) == list(version_bases(epoch, ordinals)) == expected


@pytest.mark.parametrize("ordinal", [ORDINAL_MAX + 1, 2**63])
def test_ordinals_outside(ordinal: int) -> None:
    """One ordinal outside its range is refused among others."""
    with pytest.raises(ValueError, match="outside"):
        version_bases(1, memoryview(struct.pack("<2Q", 1, ordinal)).cast("Q"))
