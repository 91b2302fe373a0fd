"""Captured binlogs of real servers: both decoders read every slice alike, and the core reads it itself."""

from __future__ import annotations

import pytest

from ingest.binlog.slice_decoder import PureSliceDecoder
from ingest.native import core
from ingest.native.slice_decoder import NativeSliceDecoder
from ingest.schema import TableName
from tests.kit.binlog_slices import slices_of
from tests.unit.binlog.test_captured import ALL_TYPES, CAPTURES, NAMES, PLAIN
from tests.unit.native.test_slice_decoder import POLICIES, same

CORE = core()
pytestmark = pytest.mark.skipif(CORE is None, reason="the native core isn't built")


def supplement_of(name: str, table: TableName) -> bytes:
    """What the server didn't send of a table's schema."""
    if name == "mysql9":
        return b""
    return (ALL_TYPES if table.table == "all_types" else PLAIN).encode()


@pytest.mark.parametrize("name", NAMES)
def test_captured_slices(name: str) -> None:
    """Every column of every row that a real server wrote."""
    assert CORE is not None
    data = (CAPTURES / f"{name}.binlog").read_bytes()
    parts = [part for _, part in slices_of(data, lambda table: supplement_of(name, table))]
    assert parts
    for part in parts:
        columns = list(range(len(PureSliceDecoder().schema_of(part).columns)))
        for policy in POLICIES:
            same(part, columns, policy)
        assert NativeSliceDecoder(CORE)._decode(part, tuple(columns), ()) is not None
