"""CHAR, VARCHAR and TEXT in every character set, to Arrow strings.

Invariant: bytes that aren't text in the column's character set are a DataProblem; nothing is replaced or dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

import pyarrow as pa

from ingest.binlog.charsets import charset_of, codec_of, is_ascii_compatible, is_single_byte
from ingest.problems import DataProblem, declare

CHARSET_INVALID = declare(
    "value.not_in_charset",
    "A text value holds bytes that aren't text in the column's character set.",
    "Find the row on the source (compare HEX(column)) and repair it, or leave the column out of the rule.",
)


def text_reader(collation: int) -> Callable[[Sequence[bytes]], pa.Array]:
    """A function from raw texts of a collation's character set to an Arrow string array. DataProblem
    ``charset.unknown`` now, ``value.not_in_charset`` later.
    """
    charset = charset_of(collation)
    codec = codec_of(collation)
    if charset in ("utf8mb3", "utf8mb4"):
        return lambda raws: _utf8(raws, charset)
    ascii_compatible = is_ascii_compatible(charset)
    decode = _decode_joined if is_single_byte(charset) else _decode_each

    def read(raws: Sequence[bytes]) -> pa.Array:
        if ascii_compatible and b"".join(raws).isascii():
            return _utf8(raws, charset)
        try:
            return pa.array(decode(raws, codec), pa.string())
        except UnicodeDecodeError as error:
            raise _invalid(error, charset) from None

    return read


def _utf8(raws: Sequence[bytes], charset: str) -> pa.Array:
    """Arrow checks UTF-8 itself: no surrogates, nothing overlong, nothing above U+10FFFF, as MySQL has it."""
    try:
        return pa.array(raws, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        pass
    for raw in raws:
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            raise _invalid(error, charset) from None
    raise AssertionError("Arrow refuses UTF-8 that Python accepts")


def _decode_joined(raws: Sequence[bytes], codec: str) -> list[str]:
    """Single-byte sets: all values at once, cut at the same places."""
    text = b"".join(raws).decode(codec)
    ends = list(accumulate(map(len, raws)))
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _decode_each(raws: Sequence[bytes], codec: str) -> list[str]:
    return [raw.decode(codec) for raw in raws]


def _invalid(error: UnicodeDecodeError, charset: str) -> DataProblem:
    piece = error.object[error.start : error.start + 8].hex(" ")
    what = f"a value isn't {charset} text: bytes {piece} ({error.reason})"
    return DataProblem(CHARSET_INVALID, what, {"charset": charset})
