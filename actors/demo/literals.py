"""Seeded pools of SQL literals: the tails of rows, rendered once, so that writing a row costs little more than a join.

A tail is every column's literal but those that a row needs of its own (keys, numbers, times). Texts hold Chinese,
emoji, quotes and backslashes; numbers reach the ends of their types; nullable columns are NULL now and then.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

from pymysql.converters import escape_string

POOL_SIZE = 512
SERVICES = ("cod", "cold", "insured", "fragile", "加急")
CITIES = ("杭州", "上海", "北京", "广州", "成都", "Łódź", "São Paulo", "Zürich", "東京", "서울")
SURNAMES = ("王", "李", "张", "Müller", "O'Brien", "Nguyễn", "García", "Иванов", "佐藤", "김")
GIVEN = ("伟", "芳", "Zoë", "André", "Łucja", "太郎", "Олег", "민준", "😀 Sam", "back\\slash")
NOTES = (
    "易碎 📦 轻放",
    "leave at the door",
    'it\'s "fragile"',
    "line one\nline two",
    "100% ✅",
    "\\N",
    "tab\there",
    "",
)


def text(value: str) -> str:
    """A quoted text literal."""
    return f"'{escape_string(value)}'"


def _or_null(rng: random.Random, literal: str, share: float = 0.15) -> str:
    return "NULL" if rng.random() < share else literal


def _set(rng: random.Random) -> str:
    return text(",".join(service for service in SERVICES if rng.random() < 0.3))


def _date(rng: random.Random, first_year: int, last_year: int) -> str:
    return f"'{rng.randint(first_year, last_year)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}'"


def _time(rng: random.Random, hours: int) -> str:
    return f"'{rng.choice(('', '-'))}{rng.randint(0, hours)}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}'"


def _hex(rng: random.Random, size: int) -> str:
    return f"X'{rng.randbytes(size).hex()}'"


def _json(value: object) -> str:
    return text(json.dumps(value, ensure_ascii=False))


def _address(rng: random.Random) -> str:
    return _json(
        {
            "city": rng.choice(CITIES),
            "street": f"{rng.choice(SURNAMES)}路 {rng.randint(1, 999)}号",
            "zip": f"{rng.randint(0, 999_999):06d}",
            "geo": [round(rng.uniform(-180, 180), 6), round(rng.uniform(-90, 90), 6)],
        }
    )


def _preferences(rng: random.Random) -> str:
    return _json(
        rng.choice(
            (
                {"language": rng.choice(("zh", "en", "pl")), "sms": rng.random() < 0.5, "limit": rng.randint(0, 2**63)},
                {"tags": [rng.choice(GIVEN), None, 1.5, -7], "nested": {"empty": {}, "list": []}},
                {"ratio": rng.uniform(-1e-9, 1e9), '"quoted" key': "nul \u0000 inside"},
            )
        )
    )


def station_code(number: int) -> str:
    """The code of a station by number."""
    return f"S{number:05d}"


def station_rows(rng: random.Random, stations: int) -> list[str]:
    """Whole rows of ``stations``, without parentheses."""
    return [
        ", ".join(
            (
                f"'{station_code(number)}'",
                text(f"{rng.choice(CITIES)} {number} 站"),
                text(rng.choice(("hub", "depot", "locker", "代收点"))),
                _set(rng),
                f"POINT({rng.uniform(-180, 180)!r}, {rng.uniform(-90, 90)!r})",
                f"'{rng.randint(4, 10):02d}:30:00'",
                str(rng.randint(1901, 2155)),
                str(rng.choice((0, 65_535, rng.randint(1, 5_000)))),
                repr(rng.uniform(0, 1)),
                _or_null(rng, str(rng.randint(-400, 5_000))),
            )
        )
        for number in range(stations)
    ]


def customer_tails(rng: random.Random) -> Sequence[str]:
    """``name`` to ``registered``."""
    return [
        ", ".join(
            (
                text(f"{rng.choice(SURNAMES)} {rng.choice(GIVEN)}"),
                _or_null(rng, f"'c{rng.randint(0, 10**9)}@example.com'"),
                f"b'{rng.randint(0, 1)}'",
                f"{rng.randint(-(10**11), 10**11) / 100:.2f}",
                _or_null(rng, _date(rng, 1000, 2010)),
                _or_null(rng, _preferences(rng)),
                _or_null(rng, _hex(rng, rng.randint(0, 90)), 0.5),
                _hex(rng, rng.choice((16, 16, 9))),
                f"'{rng.randint(1971, 2037)}-03-0{rng.randint(1, 9)} 12:00:0{rng.randint(0, 9)}'",
            )
        )
        for _ in range(POOL_SIZE)
    ]


def order_tails(rng: random.Random, stations: int) -> Sequence[str]:
    """``type`` to ``services``; about one in seven is a draft."""
    statuses = ("draft", "placed", "placed", "placed", "in_transit", "in_transit", "delivered")
    return [
        ", ".join(
            (
                str(rng.choice((1, 1, 2, 2, 3, -128, 127))),
                f"'{rng.choice(statuses)}'",
                f"'{station_code(rng.randrange(stations))}'",
                f"'{station_code(rng.randrange(stations))}'",
                f"{rng.choice((rng.randint(100, 10**7), rng.randint(0, 10**19))) / 10**4:.4f}",
                repr(rng.choice((rng.uniform(0, 30), rng.uniform(0, 1e-12), rng.uniform(0, 1e300)))),
                f"b'{rng.randrange(2**12):b}'",
                _set(rng),
            )
        )
        for _ in range(POOL_SIZE)
    ]


def order_ends(rng: random.Random) -> Sequence[str]:
    """``pickup`` to ``address``."""
    return [
        ", ".join(
            (
                _or_null(rng, _time(rng, 838)),
                _or_null(rng, _date(rng, 2024, 2030)),
                _or_null(rng, text(rng.choice(NOTES)), 0.4),
                _address(rng),
            )
        )
        for _ in range(POOL_SIZE)
    ]


def item_tails(rng: random.Random) -> Sequence[str]:
    """``sku`` to ``label``."""
    return [
        ", ".join(
            (
                f"'SKU-{rng.randint(0, 99_999):05d}'",
                text(f"{rng.choice(('茶叶', 'Kettle', '手机 📱', 'книга', 'Käse'))} {rng.randint(1, 99)}"),
                str(rng.randint(-2, 50)),
                f"{rng.randint(0, 10**7) / 100:.2f}",
                _or_null(rng, repr(rng.uniform(0.001, 80))),
                f"b'{rng.randrange(2**9):b}'",
                _or_null(rng, _hex(rng, rng.randint(0, 32)), 0.5),
            )
        )
        for _ in range(POOL_SIZE)
    ]


def event_tails(rng: random.Random) -> Sequence[str]:
    """``delay`` to ``detail``."""
    return [
        ", ".join(
            (
                _or_null(rng, f"{_time(rng, 99)[:-1]}.{rng.randint(0, 999):03d}'", 0.5),
                _or_null(rng, f"{rng.randint(-99_999, 99_999) / 100:.2f}", 0.5),
                _or_null(rng, _json({"by": rng.choice(SURNAMES), "scan": rng.randint(-(2**40), 2**40)}), 0.5),
            )
        )
        for _ in range(POOL_SIZE)
    ]
