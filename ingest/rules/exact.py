"""Exact decimal arithmetic on Python values, wide enough for anything that MySQL's DECIMAL holds."""

from __future__ import annotations

import contextlib
import decimal
from collections.abc import Iterator
from decimal import Decimal

from ingest.rules.value_types import DECIMAL_DIGITS_MAX

_CONTEXT = decimal.Context(
    prec=200, rounding=decimal.ROUND_HALF_UP, Emin=-999_999, Emax=999_999, traps=[decimal.InvalidOperation]
)


@contextlib.contextmanager
def wide() -> Iterator[None]:
    """Arithmetic on Decimals without rounding up to 200 digits."""
    with decimal.localcontext(_CONTEXT):
        yield


def rounded(value: Decimal, scale: int) -> Decimal:
    """To so many digits after the point (negative: before it), half away from zero."""
    return value.quantize(Decimal(1).scaleb(-scale), rounding=decimal.ROUND_HALF_UP, context=_CONTEXT)


def truncated(value: Decimal, scale: int) -> Decimal:
    """To so many digits after the point, towards zero."""
    return value.quantize(Decimal(1).scaleb(-scale), rounding=decimal.ROUND_DOWN, context=_CONTEXT)


def clamped(value: Decimal, precision: int, scale: int) -> Decimal:
    """The nearest that DECIMAL(precision, scale) holds, as a conversion without strict mode does it."""
    largest = Decimal(10**precision - 1).scaleb(-scale, context=_CONTEXT)
    value = rounded(value, scale)
    return min(max(value, -largest), largest)


def fits(value: Decimal, scale: int) -> bool:
    """Has it no more than the 65 digits of the widest DECIMAL, ``scale`` of them after the point?"""
    return abs(value) < Decimal(1).scaleb(DECIMAL_DIGITS_MAX - scale)
