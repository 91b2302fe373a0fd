"""FLOAT and DOUBLE as text: the shortest digits that give the same number back, laid out as MySQL does.

Layout (``my_gcvt`` in MySQL's dtoa.cc, without its limit on the text's width): plain digits while the decimal point
falls at -14 to 15 digits, else ``d.ddde<exponent>`` with neither a plus sign nor leading zeros in the exponent.
MySQL's SELECT rounds a FLOAT to six digits; this doesn't, so the text keeps the value.
"""

from __future__ import annotations

POINT_MAX = 15
"""MAX_DECPT_FOR_F_FORMAT of dtoa.cc."""


def mysql_layout(shortest: str) -> str:
    """A decimal number's text in any layout (``1e+22``, ``0.1``, ``-3.0``) to MySQL's layout of the same digits."""
    sign, unsigned = ("-", shortest[1:]) if shortest.startswith("-") else ("", shortest)
    mantissa, _, exponent = unsigned.partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)
    padded = whole + fraction
    digits = padded.lstrip("0")
    point -= len(padded) - len(digits)
    digits = digits.rstrip("0")
    if not digits:
        return sign + "0"
    if point < 1 - POINT_MAX or point > POINT_MAX:
        rest = "." + digits[1:] if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{rest}e{point - 1}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = "." + digits[point:] if len(digits) > point else ""
    return sign + digits[:point].ljust(point, "0") + rest


def as_json_double(text: str) -> str:
    """A number's text as MySQL prints a JSON double: always told apart from an integer (``3`` gives ``3.0``)."""
    return text if "." in text or "e" in text else text + ".0"
