"""Numbers that a script can't keep: the server reads a document into doubles and writes those back.

A DECIMAL of up to 15 digits comes out as the same number, a longer one may not; whole numbers of any length and what
MySQL has as FLOAT or DOUBLE always do. What would change is refused by name, never rounded (invariant 5).
"""

from __future__ import annotations

import re
from decimal import Decimal

import pyarrow as pa
import pyarrow.types as pt

from ingest.binlog.arrow_types import mysql_type
from ingest.sinks.json_text import json_texts

EXACT_DIGITS = 15
"""A decimal number of so many digits is the nearest to one double only."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)')


def may_be_inexact(field: pa.Field) -> bool:
    """Can a value of this column be a number that a double can't hold?"""
    kind = field.type
    return (pt.is_decimal(kind) and kind.scale > 0 and kind.precision > EXACT_DIGITS) or mysql_type(field) == "json"


def inexact_numbers(array: pa.Array, field: pa.Field) -> list[tuple[int, str]]:
    """The rows of a column that hold such a number, each with the first."""
    found = []
    for row, text in enumerate(json_texts(array, field)):
        number = None if text is None else inexact_number(text)
        if number is not None:
            found.append((row, number))
    return found


def inexact_number(text: str) -> str | None:
    """The first number of a JSON text that isn't the same as a double; None: there is none."""
    for match in _TOKEN.finditer(text):
        number = match.group(1)
        if number is not None and len(number) > EXACT_DIGITS and not _is_exact(number):
            return number
    return None


def _is_exact(number: str) -> bool:
    return number.lstrip("-").isdigit() or Decimal(repr(float(number))) == Decimal(number)
