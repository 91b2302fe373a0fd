"""Values to the bytes that MySQL writes for them in row images: encoders for tests, written from MySQL's format pages.

The inverse of ``ingest.binlog.values``, on purpose by other means (strings of digits and bits).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal

from ingest.schema import Column, TableName, TableSchema

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]

_DIGIT_BYTES = {0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 4}


def decimal_bytes(value: Decimal, precision: int, scale: int) -> bytes:
    """DECIMAL(precision, scale)."""
    digits = str(abs(int(value.scaleb(scale, Context(prec=200))))).rjust(precision, "0")
    whole, fraction = digits[: precision - scale], digits[precision - scale :]
    head = len(whole) % 9
    groups = [whole[:head], *(whole[at : at + 9] for at in range(head, len(whole), 9))]
    groups += [fraction[at : at + 9] for at in range(0, len(fraction), 9)]
    data = bytearray(b"".join(int(group).to_bytes(_DIGIT_BYTES[len(group)], "big") for group in groups if group))
    data[0] ^= 0x80
    return bytes(byte ^ 0xFF for byte in data) if value < 0 else bytes(data)


def fraction_bytes(microseconds: int, digits: int) -> bytes:
    """The fraction of a second behind a temporal value."""
    size = (digits + 1) // 2
    return (microseconds // 10 ** (6 - 2 * size)).to_bytes(size, "big")


def datetime_bytes(fields: tuple[int, int, int, int, int, int], microseconds: int, digits: int) -> bytes:
    """DATETIME2: year, month, day, hour, minute, second."""
    year, month, day, hour, minute, second = fields
    bits = f"1{year * 13 + month:017b}{day:05b}{hour:05b}{minute:06b}{second:06b}"
    return int(bits, 2).to_bytes(5, "big") + fraction_bytes(microseconds, digits)


def timestamp_bytes(seconds: int, microseconds: int, digits: int) -> bytes:
    """TIMESTAMP2."""
    return struct.pack(">I", seconds) + fraction_bytes(microseconds, digits)


def time_bytes(microseconds: int, digits: int) -> bytes:
    """TIME2; a negative one is the two's complement of its bytes as a whole."""
    seconds, rest = divmod(abs(microseconds), 1_000_000)
    bits = f"10{seconds // 3600:010b}{seconds // 60 % 60:06b}{seconds % 60:06b}"
    data = int(bits, 2).to_bytes(3, "big") + fraction_bytes(rest, digits)
    if microseconds >= 0:
        return data
    return ((1 << 8 * len(data)) - int.from_bytes(data, "big")).to_bytes(len(data), "big")


def date_bytes(year: int, month: int, day: int) -> bytes:
    """DATE."""
    return int(f"{year:015b}{month:04b}{day:05b}", 2).to_bytes(3, "little")


def json_bytes(value: Json, large: bool = False) -> bytes:
    """A binary JSON document; ``large`` writes 4-byte offsets."""
    kind, data = _json(value, large)
    return bytes([kind]) + data


def _json(value: Json, large: bool) -> tuple[int, bytes]:
    if value is None or isinstance(value, bool):
        return 4, bytes([{None: 0, True: 1, False: 2}[value]])
    if isinstance(value, int):
        return _json_integer(value)
    if isinstance(value, float):
        return 11, struct.pack("<d", value)
    if isinstance(value, str):
        data = value.encode()
        return 12, _varlen(len(data)) + data
    if isinstance(value, Mapping):
        return int(large), _json_container(list(value.values()), list(value), large)
    return 2 + large, _json_container(list(value), None, large)


def _json_integer(value: int) -> tuple[int, bytes]:
    for kind, layout, low, high in (
        (5, "<h", -(2**15), 2**15 - 1),
        (6, "<H", 0, 2**16 - 1),
        (7, "<i", -(2**31), 2**31 - 1),
        (8, "<I", 0, 2**32 - 1),
        (9, "<q", -(2**63), 2**63 - 1),
    ):
        if low <= value <= high:
            return kind, struct.pack(layout, value)
    return 10, struct.pack("<Q", value)


def _json_container(values: Sequence[Json], keys: Sequence[str] | None, large: bool) -> bytes:
    width, layout = (4, "<I") if large else (2, "<H")
    names = [key.encode() for key in keys or ()]
    entries_size = len(values) * (width + 1) + len(names) * (width + 2)
    at = 2 * width + entries_size
    key_entries, value_entries, tail = b"", b"", b""
    for name in names:
        key_entries += struct.pack(layout, at + len(tail)) + struct.pack("<H", len(name))
        tail += name
    for value in values:
        kind, data = _json(value, large)
        if kind in ((4, 5, 6, 7, 8) if large else (4, 5, 6)):
            value_entries += bytes([kind]) + data.ljust(width, b"\0")
        else:
            value_entries += bytes([kind]) + struct.pack(layout, at + len(tail))
            tail += data
    size = at + len(tail)
    return struct.pack(layout, len(values)) + struct.pack(layout, size) + key_entries + value_entries + tail


def _varlen(length: int) -> bytes:
    data = b""
    while length > 0x7F:
        data += bytes([length & 0x7F | 0x80])
        length >>= 7
    return data + bytes([length])


def table_map(schema: TableSchema) -> bytes:
    """A TABLE_MAP body whose schema is this one, with full metadata for names, signs, collations, members and key.

    Only for columns with visible = True and binlog types as numbered.
    """
    database, table = schema.name.database.encode(), schema.name.table.encode()
    head = (7).to_bytes(6, "little") + b"\1\0" + bytes([len(database)]) + database + b"\0" + bytes([len(table)]) + table
    count = len(schema.columns)
    types = bytes(254 if column.type in (247, 248) else column.type for column in schema.columns)
    metadata = b"".join(column.meta.to_bytes(_meta_size(column), "little") for column in schema.columns)
    nullable = sum(column.nullable << index for index, column in enumerate(schema.columns)).to_bytes(
        (count + 7) // 8, "little"
    )
    return head + b"\0" + _packed(count) + types + _packed(len(metadata)) + metadata + nullable + _optional(schema)


def _meta_size(column: Column) -> int:
    if column.type in (4, 5, 17, 18, 19, 242, 245, 249, 250, 251, 252, 255):
        return 1
    return 2 if column.type in (15, 16, 246, 247, 248, 253, 254) else 0


def _packed(number: int) -> bytes:
    return bytes([number]) if number < 251 else b"\xfc" + struct.pack("<H", number)


def _optional(schema: TableSchema) -> bytes:
    columns = schema.columns
    signs = [column.unsigned for column in columns if column.type in (1, 2, 3, 4, 5, 8, 9, 246)]
    bits = "".join(str(int(sign)) for sign in signs).ljust(-(-len(signs) // 8) * 8, "0")
    fields = [(1, int(bits, 2).to_bytes(len(bits) // 8, "big"))] if signs else []
    texts = [column.collation or 63 for column in columns if column.type in (15, 242, 252, 253, 254)]
    choices = [column.collation or 63 for column in columns if column.type in (247, 248)]
    fields.append((3, b"".join(map(_packed, texts))))
    fields.append((11, b"".join(map(_packed, choices))))
    fields.append((4, b"".join(_packed(len(column.name.encode())) + column.name.encode() for column in columns)))
    for field, kind in ((5, 248), (6, 247)):
        lists = [column.members for column in columns if column.type == kind]
        fields.append((field, b"".join(_packed(len(names)) + b"".join(map(_string, names)) for names in lists)))
    fields.append((7, b"".join(_packed(column.geometry_type or 0) for column in columns if column.type == 255)))
    fields.append((8, b"".join(map(_packed, schema.primary_key))))
    fields.append((13, b"".join(_packed(column.vector_dimension or 0) for column in columns if column.type == 242)))
    return b"".join(bytes([field]) + _packed(len(data)) + data for field, data in fields if data)


def _string(text: str) -> bytes:
    return _packed(len(text.encode())) + text.encode()


def image(schema: TableSchema, values: Sequence[bytes | None]) -> bytes:
    """A row image with all columns: their bytes, a variable one's with its length in front; None is NULL."""
    nulls = sum((value is None) << index for index, value in enumerate(values))
    return nulls.to_bytes((len(schema.columns) + 7) // 8, "little") + b"".join(value or b"" for value in values)


def schema_of(*columns: Column, primary_key: tuple[int, ...] = ()) -> TableSchema:
    """A table shop.t of these columns."""
    return TableSchema(TableName("shop", "t"), columns, primary_key)
