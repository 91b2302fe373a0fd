"""A JSON text as MySQL prints it, to its binary form: the inverse of ``ingest.binlog.values.json_binary``.

What is printed again is the same text, digit by digit. Which SQL type stood behind a number or a string is lost in print: a
number that no double prints is written as a DECIMAL, a date as the string that it shows as. Format: see json_binary.py;
members stay in the order of the text, which is MySQL's.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence

from ingest.binlog.field_types import FieldType
from ingest.binlog.values.float_text import as_json_double, mysql_layout
from ingest.snapshot.packed_values import decimal_bytes

_LITERALS = {None: 0, True: 1, False: 2}
_INTEGERS = ((5, "<h"), (6, "<H"), (7, "<i"), (8, "<I"), (9, "<q"), (10, "<Q"))
_LITERAL, _DOUBLE, _STRING, _OPAQUE = 4, 11, 12, 15
_INLINE = {2: frozenset((4, 5, 6)), 4: frozenset((4, 5, 6, 7, 8))}
_SMALL_MAX = 0xFFFF

_Value = tuple[int, bytes]
"""A value's type and bytes."""


class _Number(str):
    """A number that isn't whole, as it was written."""

    __slots__ = ()


class _Members(list[tuple[str, object]]):
    """An object's members, in order."""


def binary_json(text: str) -> bytes:
    """A JSON text to a binary document. ValueError for what is no JSON."""
    parsed = json.loads(text, parse_float=_Number, object_pairs_hook=_Members)
    kind, data = _value(parsed)
    return bytes([kind]) + data


def _value(value: object) -> _Value:
    if value is None or isinstance(value, bool):
        return _LITERAL, bytes([_LITERALS[value]])
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, _Number):
        return _fractional(value)
    if isinstance(value, str):
        return _STRING, _run(value.encode())
    if isinstance(value, _Members):
        return _container([one for _, one in value], [name.encode() for name, _ in value])
    if isinstance(value, list):
        return _container(value, None)
    raise ValueError(f"{value!r} is no JSON value")


def _integer(value: int) -> _Value:
    for kind, layout in _INTEGERS:
        try:
            return kind, struct.pack(layout, value)
        except struct.error:
            continue
    return _decimal(str(value))


def _fractional(text: str) -> _Value:
    if "e" in text or "E" in text or as_json_double(mysql_layout(repr(float(text)))) == text:
        return _DOUBLE, struct.pack("<d", float(text))
    return _decimal(text)


def _decimal(text: str) -> _Value:
    whole, _, fraction = text.removeprefix("-").partition(".")
    scale = len(fraction)
    precision = max(1, len(whole.lstrip("0"))) + scale
    data = bytes((precision, scale)) + decimal_bytes(text, precision, scale)
    return _OPAQUE, bytes([FieldType.NEWDECIMAL]) + _run(data)


def _container(values: Sequence[object], names: Sequence[bytes] | None) -> _Value:
    """An object (0 small, 1 large) or an array (2 small, 3 large); small where every offset fits in two bytes."""
    packed = [_value(value) for value in values]
    kind = 2 if names is None else 0
    small = _laid_out(packed, names or (), 2)
    return (kind, small) if small is not None else (kind + 1, _laid_out(packed, names or (), 4) or b"")


def _laid_out(values: Sequence[_Value], names: Sequence[bytes], width: int) -> bytes | None:
    """Count, size, key entries, value entries, keys, values; None when it is too large for the width."""
    layout = "<H" if width == 2 else "<I"
    at = 2 * width + len(names) * (width + 2) + len(values) * (width + 1)
    size = at + sum(map(len, names)) + sum(len(data) for kind, data in values if kind not in _INLINE[width])
    if width == 2 and (size > _SMALL_MAX or len(values) > _SMALL_MAX):
        return None
    parts = [struct.pack(layout, len(values)), struct.pack(layout, size)]
    for name in names:
        parts += [struct.pack(layout, at), struct.pack("<H", len(name))]
        at += len(name)
    for kind, data in values:
        if kind in _INLINE[width]:
            parts.append(bytes([kind]) + data.ljust(width, b"\0"))
        else:
            parts.append(bytes([kind]) + struct.pack(layout, at))
            at += len(data)
    return b"".join([*parts, *names, *(data for kind, data in values if kind not in _INLINE[width])])


def _run(data: bytes) -> bytes:
    """Bytes behind their length, seven bits a byte, lowest first."""
    length, head = len(data), bytearray()
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + data
