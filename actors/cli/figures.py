"""Numbers as people read them: pure."""

from __future__ import annotations

NOTHING = "-"
_SHORT_UUID = 8
_UUID = 36


def count(number: float) -> str:
    """12345 as 12,345."""
    return f"{number:,.0f}"


def rate(per_s: float) -> str:
    """Rows a second."""
    return f"{per_s:,.0f}/s"


def milliseconds(value: float | None) -> str:
    """A time with about three digits and its unit; ``-`` for None."""
    if value is None:
        return NOTHING
    if value < 10:
        return f"{value:.1f} ms"
    if value < 1_000:
        return f"{value:.0f} ms"
    if value < 100_000:
        return f"{value / 1000:.1f} s"
    return f"{value / 60_000:.0f} min" if value < 7_200_000 else f"{value / 3_600_000:.1f} h"


def size(number_bytes: float) -> str:
    """Bytes with a decimal unit."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number_bytes >= step:
            return f"{number_bytes / step:.1f} {unit}"
    return f"{number_bytes:.0f} B"


def gtid_set(text: str) -> str:
    """A GTID set in a few words: the first source's last digits with its intervals, and how many more there are."""
    if not text:
        return "(empty)"
    sources = [part.strip() for part in text.split(",")]
    first = sources[0]
    uuid, colon, intervals = first.partition(":")
    if len(uuid) == _UUID:
        first = f"{uuid[:_SHORT_UUID]}…{colon}{intervals}"
    if len(first) > 40:
        first = f"{first[:18]}…{first[-21:]}"
    return first if len(sources) == 1 else f"{first} +{len(sources) - 1} more"
