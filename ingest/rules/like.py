"""LIKE: a pattern of ``%`` (any run) and ``_`` (one character), compared character by character.

Unlike =, LIKE knows neither trailing spaces that don't count nor letters that equal two: a character matches another
when their weights are the same (MySQL reference manual, "String Comparison Functions and Operators"). So each
character is first replaced by one that stands for its class, in the text and in the pattern.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from ingest.rules.bound import Bound, Values, kernel, literal, on_distinct, per_row
from ingest.rules.collation import Collation, collation_by_number, deciding_collation
from ingest.rules.conversion import to_text
from ingest.rules.refusal import mismatch
from ingest.rules.value_types import BOOL, Kind
from ingest.rules.weights.table import WeightMap

_SPECIAL = re.compile(r"[\\.^$|?*+()\[\]{}]")


def like(value: Bound, pattern: Bound, escape: str, text: str) -> Bound:
    """Value LIKE pattern. DataProblem for types that aren't text or numbers, and for collations not followed."""
    if Kind.NULL in (value.type.kind, pattern.type.kind):
        return literal(None, BOOL, text)
    if Kind.BYTES in (value.type.kind, pattern.type.kind):
        raise mismatch(f"LIKE on binary text: {text}", "CAST it AS CHAR.")
    value, pattern = to_text(value), to_text(pattern)
    classes = class_map(deciding_collation([value, pattern], text))
    if pattern.constant is None:
        return kernel(BOOL, text, per_row(BOOL, _row_matcher(escape, classes)), [value, pattern])
    if not pattern.constant.is_valid:
        return literal(None, BOOL, text)
    regex = regex_of(pattern.constant.as_py(), escape, classes)

    def run(values: Values) -> Values:
        if isinstance(values, pa.Scalar):
            return run(pa.array([values.as_py()], pa.string()))[0]
        if classes is not None:
            values = on_distinct(values, lambda one: one.translate(classes), pa.string())
        return pc.match_substring_regex(values, regex)

    return kernel(BOOL, text, run, [value])


def regex_of(pattern: str, escape: str, classes: dict[int, str] | None) -> str:
    """A LIKE pattern as an anchored regular expression (one that both RE2 and ``re`` read)."""
    parts = []
    marks = iter(pattern)
    for mark in marks:
        if mark != escape and mark in "%_":
            parts.append(".*" if mark == "%" else ".")
            continue
        literal_mark = next(marks, escape) if mark == escape else mark
        stands = literal_mark if classes is None else literal_mark.translate(classes)
        parts.append(_SPECIAL.sub(r"\\\g<0>", stands))
    return "^(?s:" + "".join(parts) + ")$"


def _row_matcher(escape: str, classes: dict[int, str] | None) -> Callable[[str, str], bool]:
    def matches(value: str, pattern: str) -> bool:
        if classes is not None:
            value = value.translate(classes)
        return re.fullmatch(regex_of(pattern, escape, classes)[1:-1], value) is not None

    return matches


class _Classes(dict[int, str]):
    """Code point to the character that stands for its class: the first that was met with the same weights."""

    def __init__(self, weights: WeightMap) -> None:
        super().__init__()
        self._weights = weights
        self._first: dict[str, str] = {}

    def __missing__(self, point: int) -> str:
        self[point] = stands = self._first.setdefault(self._weights[point], chr(point))
        return stands


@functools.cache
def _classes(collation: int) -> dict[int, str] | None:
    weights = collation_by_number(collation).weights
    return None if weights is None else _Classes(weights)


def class_map(collation: Collation) -> dict[int, str] | None:
    """For ``str.translate``: each character to one that stands for all that LIKE takes as equal. None: only itself."""
    return _classes(collation.number)
