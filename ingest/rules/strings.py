"""Text functions (MySQL reference manual, "String Functions and Operators"). Positions count characters from 1."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.binlog.charsets import collation_traits, is_single_byte
from ingest.rules.bound import Bound, Values, as_scalar, kernel, literal, on_distinct, per_row
from ingest.rules.collation import CONNECTION_COLLATION, check_literals, deciding_collation, encoder_of, fits
from ingest.rules.conversion import BYTES, refuse_collated_bytes, to_bytes, to_text
from ingest.rules.refusal import mismatch, unfollowed_collation
from ingest.rules.value_types import INT, WHOLE, Kind, SqlType, arrow_of
from ingest.rules.weights import letter_case
from ingest.rules.weights.table import unpack
from ingest.rules.weights.tables import UNICODE_CHARSETS


def joined(parts: Sequence[Bound], text: str) -> Bound:
    """CONCAT: NULL when any part is."""
    kind, parts, strength = _together(parts, text)

    def run(*values: Values) -> Values:
        return pc.binary_join_element_wise(*values, pa.scalar("", arrow_of(kind)), null_handling="emit_null")

    return kernel(kind, text, run, parts, strength)


def joined_with(separator: Bound, parts: Sequence[Bound], text: str) -> Bound:
    """CONCAT_WS: NULL parts are left out; NULL when the separator is."""
    kind, every, strength = _together([separator, *parts], text)

    nothing = b"" if kind.kind is Kind.BYTES else ""

    def run(between: Values, *values: Values) -> Values:
        # Arrow's kernel loses a row whose values are all NULL: give it an empty one.
        none = functools.reduce(pc.and_, (pc.is_null(one) for one in values))
        first = pc.if_else(none, pa.scalar(nothing, arrow_of(kind)), values[0])
        made = pc.binary_join_element_wise(first, *values[1:], pc.fill_null(between, nothing), null_handling="skip")
        return pc.if_else(pc.is_valid(between), made, pa.scalar(None, arrow_of(kind)))

    return kernel(kind, text, run, every, strength)


def _together(parts: Sequence[Bound], text: str) -> tuple[SqlType, list[Bound], int]:
    """Parts of one text: its type, the parts as text (or all as bytes), and how strongly it keeps its collation."""
    every = [to_text(part) for part in parts]
    if any(part.type.kind is Kind.BYTES for part in every):
        refuse_collated_bytes(every, text)
        return BYTES, [to_bytes(part) for part in every], min(part.coercibility for part in every)
    collation, strength = common_collation(every, text)
    return SqlType(Kind.TEXT, collation=collation), every, strength


def _of_one_charset(parts: Sequence[Bound], text: str) -> tuple[SqlType, list[Bound], int]:
    """As ``_together``, but MySQL converts the other parts to the first one's character set, which may fail row by
    row: so they must have it already, or be literals that fit.
    """
    kind, every, strength = _together(parts, text)
    if kind.kind is Kind.TEXT:
        first, *others = [one.type.collation or CONNECTION_COLLATION for one in every]
        for part, collation in zip(every[1:], others, strict=True):
            literal_fits = part.constant is not None and fits(part.constant.as_py(), first)
            if collation_traits(first).charset != collation_traits(collation).charset and not literal_fits:
                raise unfollowed_collation(f"texts of several character sets: {text}", "CAST them all AS CHAR.")
        return SqlType(Kind.TEXT, collation=every[0].type.collation), every, every[0].coercibility
    return kind, every, strength


def common_collation(parts: Sequence[Bound], text: str) -> tuple[int | None, int]:
    """(collation, coercibility) of a text made of several. Parts whose meeting MySQL refuses are refused."""
    strength = min(part.coercibility for part in parts)
    numbers = {part.type.collation for part in parts if part.coercibility == strength}
    number = numbers.pop() if len(numbers) == 1 else deciding_collation(parts, text).number
    check_literals(parts, number or CONNECTION_COLLATION, text)
    return number, strength


# --- case ------------------------------------------------------------------------------------------------------------


def with_case(name: str, value: Bound, text: str) -> Bound:
    """UPPER and LOWER, by the tables of the text's collation; binary text stays as it is."""
    value = to_text(value)
    if value.type.kind is Kind.BYTES:
        return value
    mapping = _letters(name, value.type.collation or CONNECTION_COLLATION, text)
    plain = pc.ascii_upper if name == "UPPER" else pc.ascii_lower

    def run(values: Values) -> Values:
        if isinstance(values, pa.Scalar):
            return as_scalar(run(pa.array([values.as_py()], pa.string())))
        if pc.all(pc.string_is_ascii(values)).as_py() is not False:
            return plain(values)
        return on_distinct(values, lambda one: one.translate(mapping), pa.string())

    return kernel(_plain(value.type), text, run, [value], value.coercibility)


def _letters(name: str, collation: int, text: str) -> dict[int, str]:
    traits = collation_traits(collation)
    if traits.charset in UNICODE_CHARSETS:
        return case_map(name + ("_UCA_0900" if "_0900_" in traits.name else "_UNICODE"))
    if traits.charset in ("latin1", "ascii"):
        return case_map(name + "_LATIN1")
    what = f"{name} of text in {traits.charset} isn't supported: {text}"
    raise unfollowed_collation(what, f"{name}(CAST(... AS CHAR)) does it in utf8mb4.")


@functools.cache
def case_map(name: str) -> dict[int, str]:
    """For ``str.translate``: the letters that UPPER or LOWER change, in one of the families of ``letter_case``."""
    packed: str = getattr(letter_case, name)
    return {point: "".join(map(chr, letters)) for point, letters in unpack(packed).items()}


# --- parts -----------------------------------------------------------------------------------------------------------


def substring(value: Bound, start: Bound, length: Bound | None, text: str) -> Bound:
    """SUBSTRING(value, start[, length]): from the end when start is negative, nothing at 0 or below 1 characters."""
    given = [to_text(value), _count(start, text)] + ([] if length is None else [_count(length, text)])
    kind, value = given[0].type, given[0]
    position, size = _constant(given[1]), _constant(given[2]) if length is not None else None
    if kind.kind is Kind.TEXT and position is not None and position > 0 and (length is None or size is not None):
        stop = None if size is None else position - 1 + max(0, size)

        def cut(values: Values) -> Values:
            if stop is not None and stop <= position - 1:
                return pc.utf8_slice_codeunits(values, 0, 0)
            return pc.utf8_slice_codeunits(values, position - 1, stop)

        return kernel(_plain(kind), text, cut, [value], value.coercibility)
    return kernel(_plain(kind), text, per_row(kind, _substring), given, value.coercibility)


def _plain(kind: SqlType) -> SqlType:
    """A part of an ENUM's text is no member any more."""
    return SqlType(kind.kind, collation=kind.collation)


def _substring(value: Any, start: int, length: int | None = None) -> Any:
    if start == 0 or (length is not None and length < 1) or abs(start) > len(value):
        return value[:0]
    begin = start - 1 if start > 0 else len(value) + start
    return value[begin:] if length is None else value[begin : begin + length]


def left(value: Bound, count: Bound, text: str) -> Bound:
    """LEFT(value, count)."""
    return substring(value, literal(1, INT, "1"), count, text)


def right(value: Bound, count: Bound, text: str) -> Bound:
    """RIGHT(value, count)."""
    value, count = to_text(value), _count(count, text)
    return kernel(_plain(value.type), text, per_row(value.type, _right), [value, count], value.coercibility)


def _right(value: Any, count: int) -> Any:
    return value[len(value) - min(count, len(value)) :] if count > 0 else value[:0]


def _count(value: Bound, text: str) -> Bound:
    """A whole number of characters; numbers with a fraction are refused rather than rounded."""
    if value.type.kind in WHOLE:
        return value
    if value.type.kind is Kind.NULL:
        return literal(None, INT, value.text)
    raise mismatch(f"{value.text} must be a whole number: {text}", f"CAST({value.text} AS SIGNED).")


def _constant(value: Bound) -> int | None:
    return None if value.constant is None or not value.constant.is_valid else int(value.constant.as_py())


def replaced(value: Bound, old: Bound, new: Bound, text: str) -> Bound:
    """REPLACE(value, old, new): case counts; an empty ``old`` is nowhere."""
    kind, parts, strength = _of_one_charset([value, old, new], text)

    def replace(whole: Any, part: Any, other: Any) -> Any:
        return whole.replace(part, other) if part else whole

    return kernel(kind, text, per_row(kind, replace), parts, strength)


def trimmed(value: Bound, what: Bound, side: str, text: str) -> Bound:
    """TRIM([BOTH | LEADING | TRAILING] what FROM value): whole copies of ``what``, case counts."""
    kind, parts, strength = _of_one_charset([value, what], text)
    if kind.kind is Kind.TEXT and _is_space(what):
        trim = {"BOTH": pc.utf8_trim, "LEADING": pc.utf8_ltrim, "TRAILING": pc.utf8_rtrim}[side]
        return kernel(kind, text, lambda values: trim(values, characters=" "), parts[:1], strength)

    def run(whole: Any, part: Any) -> Any:
        if not part:
            return whole
        while side != "TRAILING" and whole.startswith(part):
            whole = whole[len(part) :]
        while side != "LEADING" and whole.endswith(part):
            whole = whole[: len(whole) - len(part)]
        return whole

    return kernel(kind, text, per_row(kind, run), parts, strength)


def _is_space(what: Bound) -> bool:
    return what.constant is not None and what.constant.as_py() == " "


# --- lengths ---------------------------------------------------------------------------------------------------------


def char_length(value: Bound, text: str) -> Bound:
    """CHAR_LENGTH(value): characters; bytes of binary text."""
    value = to_text(value)
    count = pc.binary_length if value.type.kind is Kind.BYTES else pc.utf8_length
    return kernel(INT, text, lambda values: pc.cast(count(values), pa.int64()), [value])


def byte_length(value: Bound, text: str) -> Bound:
    """LENGTH(value): bytes in the text's own character set."""
    value = to_text(value)
    collation = value.type.collation or CONNECTION_COLLATION
    charset = collation_traits(collation).charset
    if value.type.kind is Kind.BYTES or charset in ("utf8mb4", "utf8mb3"):
        return kernel(INT, text, lambda values: pc.cast(pc.binary_length(values), pa.int64()), [value])
    if is_single_byte(charset):
        return char_length(value, text)
    encode = encoder_of(collation)
    count: Callable[[Values], Values] = lambda values: on_distinct(  # noqa: E731
        values, lambda one: len(encode(one)), pa.int64()
    )
    return kernel(INT, text, count, [value])
