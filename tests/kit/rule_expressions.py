"""Random expressions of the kinds that rules support."""

from __future__ import annotations

import random

from tests.kit.rule_oracle import COLUMNS, DATE_TEXTS, GBK, LATIN, NUMERIC_TEXTS, WORDS

_BY_GROUP: dict[str, list[str]] = {}
for _one in COLUMNS:
    _BY_GROUP.setdefault(_one.group, []).append(_one.column.name)
_NUMBERS = [
    "0",
    "1",
    "2",
    "-3",
    "7",
    "100",
    "1.5",
    "0.01",
    "-2.25",
    "1e2",
    "2.5e0",
    "18446744073709551615",
    "NULL",
    "TRUE",
]


def quoted(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


class Expressions:
    """Expressions by seed: ``number``, ``text``, ``date``, ``condition`` give one of that kind, so deep."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def any(self, depth: int) -> str:
        """One of any kind."""
        kind = self._rng.choice(
            [self.number, self.number, self.text, self.text, self.condition, self.condition, self.date]
        )
        return kind(depth)

    def number(self, depth: int) -> str:
        """A number."""
        pick = self._rng.random()
        if depth <= 0 or pick < 0.15:
            return self._rng.choice(_BY_GROUP["number"]) if self._rng.random() < 0.7 else self._rng.choice(_NUMBERS)
        return self._rng.choice(
            [
                lambda: (
                    f"({self.number(depth - 1)} {self._rng.choice(['+', '-', '*', '/', 'DIV', '%'])} {self.number(depth - 1)})"
                ),
                lambda: f"({self.number(depth - 1)} {self._rng.choice(['+', '-', '*', '/', '%'])} {self.number(0)})",
                lambda: f"(-{self.number(depth - 1)})",
                lambda: f"{self._rng.choice(['ABS', 'FLOOR', 'CEIL', 'ROUND'])}({self.number(depth - 1)})",
                lambda: f"ROUND({self.number(depth - 1)}, {self._rng.choice([0, 1, 2, 3, -1, -2])})",
                lambda: (
                    f"CAST({self.any(depth - 1)} AS {self._rng.choice(['SIGNED', 'UNSIGNED', 'DOUBLE', 'DECIMAL(10,2)', 'DECIMAL(20,5)', 'DECIMAL', 'FLOAT'])})"
                ),
                lambda: f"{self._rng.choice(['LENGTH', 'CHAR_LENGTH'])}({self.text(depth - 1)})",
                lambda: (
                    f"{self._rng.choice(['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND', 'UNIX_TIMESTAMP'])}({self.date(depth - 1)})"
                ),
                lambda: self._choice(self.number, depth),
                lambda: f"({self.condition(depth - 1)} + {self.number(depth - 1)})",
                lambda: f"({self.text(0)} + {self.number(0)})",
            ]
        )()

    def text(self, depth: int) -> str:
        """A text."""
        if depth <= 0 or self._rng.random() < 0.2:
            if self._rng.random() < 0.65:
                return self._rng.choice(_BY_GROUP["text"])
            return quoted(self._rng.choice([*WORDS, *NUMERIC_TEXTS, *LATIN, *GBK]))
        return self._rng.choice(
            [
                lambda: f"CONCAT({self.text(depth - 1)}, {self.any(depth - 1)})",
                lambda: f"CONCAT_WS({self.text(0)}, {self.text(depth - 1)}, {self.any(depth - 1)}, {self.text(0)})",
                lambda: f"{self._rng.choice(['UPPER', 'LOWER', 'TRIM', 'LTRIM', 'RTRIM'])}({self.text(depth - 1)})",
                lambda: (
                    f"TRIM({self._rng.choice(['BOTH', 'LEADING', 'TRAILING'])} {self.text(0)} FROM {self.text(depth - 1)})"
                ),
                lambda: f"SUBSTRING({self.text(depth - 1)}, {self._rng.choice([0, 1, 2, 3, -1, -2, 'i'])})",
                lambda: (
                    f"SUBSTRING({self.text(depth - 1)}, {self._rng.choice([1, 2, -2, 'ti'])}, {self._rng.choice([0, 1, 2, 'tu', -1])})"
                ),
                lambda: (
                    f"{self._rng.choice(['LEFT', 'RIGHT'])}({self.text(depth - 1)}, {self._rng.choice([0, 1, 2, 'i', -1])})"
                ),
                lambda: f"REPLACE({self.text(depth - 1)}, {self.text(0)}, {self.text(0)})",
                lambda: (
                    f"CAST({self.any(depth - 1)} AS {self._rng.choice(['CHAR', 'CHAR(3)', 'BINARY', 'BINARY(4)'])})"
                ),
                lambda: f"DATE_FORMAT({self.date(depth - 1)}, {self._rng.choice(_FORMATS)})",
                lambda: self._choice(self.text, depth),
                lambda: (
                    f"({self._rng.choice(['s', 'sg', 'sb'])} COLLATE {self._rng.choice(['utf8mb4_bin', 'utf8mb4_general_ci', 'utf8mb4_0900_ai_ci', 'utf8mb4_unicode_520_ci'])})"
                ),
            ]
        )()

    def date(self, depth: int) -> str:
        """A date, or text that may be one."""
        if depth <= 0 or self._rng.random() < 0.5:
            return self._rng.choice([*_BY_GROUP["date"], "s", "'2024-02-29'", "'1999-12-31 12:30:00'"])
        return self._rng.choice(
            [
                lambda: f"DATE({self.date(depth - 1)})",
                lambda: (
                    f"CAST({self.date(depth - 1)} AS {self._rng.choice(['DATE', 'DATETIME', 'DATETIME(3)', 'DATETIME(6)', 'TIME'])})"
                ),
                lambda: self._choice(self.date, depth),
                lambda: (
                    f"CAST({quoted(self._rng.choice(DATE_TEXTS))} AS {self._rng.choice(['DATE', 'DATETIME(2)', 'TIME(1)'])})"
                ),
            ]
        )()

    def _choice(self, kind, depth: int) -> str:
        """CASE and its relatives over one kind."""
        one, other = kind(depth - 1), kind(depth - 1)
        return self._rng.choice(
            [
                f"IF({self.condition(depth - 1)}, {one}, {other})",
                f"IFNULL({one}, {other})",
                f"COALESCE({one}, {other}, {kind(0)})",
                f"NULLIF({one}, {other})",
                f"CASE WHEN {self.condition(depth - 1)} THEN {one} WHEN {self.condition(0)} THEN {other} ELSE {self.any(0)} END",
                f"CASE {one} WHEN {other} THEN {kind(0)} END",
            ]
        )

    def condition(self, depth: int) -> str:
        """Something true, false or NULL."""
        if depth > 0 and self._rng.random() < 0.4:
            return self._rng.choice(
                [
                    f"({self.condition(depth - 1)} {self._rng.choice(['AND', 'OR', 'XOR'])} {self.condition(depth - 1)})",
                    f"(NOT {self.condition(depth - 1)})",
                    f"({self.any(depth - 1)} IS {self._rng.choice(['', 'NOT '])}{self._rng.choice(['NULL', 'TRUE', 'FALSE'])})",
                    f"({self.condition(depth - 1)} OR {self.condition(depth - 1)} AND {self.condition(0)} XOR {self.condition(0)})",
                ]
            )
        kind = self._rng.choice([self.number, self.text, self.text, self.date, self.any])
        one, other = kind(depth - 1), kind(depth - 1)
        low, high = kind(0), kind(0)
        return self._rng.choice(
            [
                f"({one} {self._rng.choice(['=', '<>', '<', '<=', '>', '>=', '<=>'])} {other})",
                f"({one} {self._rng.choice(['=', '<>', '<', '<=', '>', '>=', '<=>'])} {other})",
                f"({one} {self._rng.choice(['', 'NOT '])}IN ({other}, {low}, {high}))",
                f"({one} {self._rng.choice(['', 'NOT '])}BETWEEN {low} AND {high})",
                f"({self.text(depth - 1)} {self._rng.choice(['', 'NOT '])}LIKE {quoted(self._rng.choice(_PATTERNS))})",
                f"({self.text(0)} LIKE {self.text(0)})",
                f"({self.text(0)} LIKE 'x|_%' ESCAPE '|')",
                f"(BINARY {self.text(0)} {self._rng.choice(['=', '<'])} {self.text(0)})",
                f"({self.text(0)} IN ({quoted(self._rng.choice(WORDS))}, {quoted(self._rng.choice(WORDS))}, NULL))",
            ]
        )


_FORMATS = ["'%Y-%m-%d'", "'%y%c%e %H:%i:%s.%f'", "'%W %D %M %j %p %h %l %k %r %T %a %b %w %%'", "'x'"]
_PATTERNS = ["a%", "%c", "A_C", "_", "%", "", "%ß%", "x\\_y", "x_y", "%o'b%", "好%", "_bc ", "stra__e", "%\\\\%", "ÄR%"]
