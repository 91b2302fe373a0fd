"""The functions that rules know, with how many arguments each takes."""

from __future__ import annotations

MANY = 255

FUNCTION_ARITY: dict[str, tuple[int, int]] = {
    "ABS": (1, 1),
    "CEIL": (1, 1),
    "CHAR_LENGTH": (1, 1),
    "COALESCE": (1, MANY),
    "CONCAT": (1, MANY),
    "CONCAT_WS": (2, MANY),
    "DATE": (1, 1),
    "DATE_FORMAT": (2, 2),
    "DAY": (1, 1),
    "FLOOR": (1, 1),
    "HOUR": (1, 1),
    "IFNULL": (2, 2),
    "ISNULL": (1, 1),
    "LEFT": (2, 2),
    "LENGTH": (1, 1),
    "LOWER": (1, 1),
    "LTRIM": (1, 1),
    "MINUTE": (1, 1),
    "MONTH": (1, 1),
    "NULLIF": (2, 2),
    "%": (2, 2),
    "REPLACE": (3, 3),
    "RIGHT": (2, 2),
    "ROUND": (1, 2),
    "RTRIM": (1, 1),
    "SECOND": (1, 1),
    "SUBSTRING": (2, 3),
    "UNIX_TIMESTAMP": (1, 1),
    "UPPER": (1, 1),
    "YEAR": (1, 1),
}
