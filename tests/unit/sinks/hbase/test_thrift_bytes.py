"""ingest.sinks.hbase.thrift_bytes: our bytes, read by happybase's own Thrift classes."""

from __future__ import annotations

import happybase  # noqa: F401  (loads Hbase.thrift as the module Hbase_thrift)
from Hbase_thrift import Hbase
from hypothesis import given
from hypothesis import strategies as st
from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.transport import TMemoryBuffer

from ingest.sinks.hbase.thrift_bytes import CALL, message, puts, row_mutations

cells = st.lists(st.tuples(st.binary(min_size=1, max_size=6), st.none() | st.binary(max_size=6)), max_size=4)


@given(
    st.binary(min_size=1, max_size=8),
    st.lists(st.tuples(st.binary(max_size=8), cells), max_size=4),
    st.integers(0, 2**63 - 1),
)
def test_message_is_the_call(
    table: bytes, rows: list[tuple[bytes, list[tuple[bytes, bytes | None]]]], timestamp: int
) -> None:
    """A whole message reads as mutateRowsTs with the same table, rows, puts, deletes and timestamp, to the last byte."""
    ready = [row_mutations(row, [puts(name, [cell])[0] for name, cell in columns]) for row, columns in rows]
    buffer = TMemoryBuffer(message(table, ready, timestamp) + b"!")
    protocol = TBinaryProtocol(buffer, decode_response=False)
    name, kind, _ = protocol.read_message_begin()
    arguments = Hbase.mutateRowsTs_args()
    arguments.read(protocol)
    assert (name, kind) == (CALL, 1)
    assert buffer.read(1) == b"!"
    assert (arguments.tableName, arguments.timestamp, arguments.attributes) == (table, timestamp, {})
    found = [
        (batch.row, [(one.column, None if one.isDelete else one.value) for one in batch.mutations])
        for batch in arguments.rowBatches
    ]
    assert found == rows
    assert all(one.writeToWAL for batch in arguments.rowBatches for one in batch.mutations)
