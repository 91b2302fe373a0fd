"""Thrift 1's ``mutateRowsTs`` as ready-made bytes (the binary protocol).

Sources: Apache Thrift's specification "Thrift Binary protocol encoding" (strict messages, struct fields as type, id,
value), and Hbase.thrift (struct Mutation: 1 isDelete, 2 column, 3 value; BatchMutation: 1 row, 2 mutations; the call's
arguments: 1 tableName, 2 rowBatches, 3 timestamp, 4 attributes). Fields that have their default are left out.
Making the bytes here costs a fraction of building the client's objects, and they are made once, whatever is retried.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import Struct, pack

CALL = "mutateRowsTs"
"""The method's name."""

_END = b"\x00"
_LENGTH = Struct(">i")
_STRING, _LIST, _I64, _MAP, _BOOL, _STRUCT = 11, 15, 10, 13, 2, 12


def _field(kind: int, number: int) -> bytes:
    return pack(">bh", kind, number)


def _text(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


_MESSAGE = pack(">I", 0x80010001) + _text(CALL.encode()) + pack(">i", 0)
_TABLE = _field(_STRING, 1)
_ROWS = _field(_LIST, 2) + pack(">b", _STRUCT)
_TIMESTAMP = _field(_I64, 3)
_NO_ATTRIBUTES = _field(_MAP, 4) + pack(">bbi", _STRING, _STRING, 0)
_ROW = _field(_STRING, 1)
_MUTATIONS = _field(_LIST, 2) + pack(">b", _STRUCT)


def puts(column: bytes, cells: Iterable[bytes | None]) -> list[bytes]:
    """One mutation per cell of a column ``family:qualifier``: a put of its value, or for None its deletion."""
    prefix, gone, size = put_head(column), deletion(column), _LENGTH.pack
    return [gone if cell is None else prefix + size(len(cell)) + cell + _END for cell in cells]


def put_head(column: bytes) -> bytes:
    """What begins a put of a column: its value's length, the value and the end of a struct follow."""
    return _field(_STRING, 2) + _text(column) + _field(_STRING, 3)


def deletion(column: bytes) -> bytes:
    """A delete of ``family:qualifier``, or of a whole ``family`` (without a colon: with one it is the column whose
    qualifier is empty).
    """
    return _field(_BOOL, 1) + b"\x01" + _field(_STRING, 2) + _text(column) + _END


def row_mutations(row: bytes, mutations: Sequence[bytes]) -> bytes:
    """One row's BatchMutation: its puts and deletes."""
    return b"".join((_ROW, _LENGTH.pack(len(row)), row, _MUTATIONS, _LENGTH.pack(len(mutations)), *mutations, _END))


def message(table: bytes, rows: Sequence[bytes], timestamp: int) -> bytes:
    """The whole call: rows (``row_mutations``) of one table, all with one timestamp."""
    head = (_MESSAGE, _TABLE, _text(table), _ROWS, _LENGTH.pack(len(rows)))
    return b"".join((*head, *rows, _TIMESTAMP, pack(">q", timestamp), _NO_ATTRIBUTES, _END))
