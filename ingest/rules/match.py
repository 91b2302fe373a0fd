"""Which tables a rule takes: ``database.table`` patterns with ``*`` (any run) and ``?`` (one character).

Names are compared as the binlog spells them, with case, as MySQL does where file names have case. A dot outside
backquotes separates database and table: ``shop.order_*``, ``*.events``, ```odd.name`.t``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from ingest.config.codes import BAD_VALUE
from ingest.problems import DataProblem
from ingest.schema import TableName

_PART = r"(?:`((?:[^`]|``)+)`|([^`.\s]+))"
_PATTERN = re.compile(rf"^\s*{_PART}\.{_PART}\s*$")


@dataclass(frozen=True, slots=True)
class TablePattern:
    """A pattern for the database and one for the table."""

    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"

    @property
    def is_name(self) -> bool:
        """Does it name one table?"""
        return not (has_wildcard(self.database) or has_wildcard(self.table))

    def matches(self, name: TableName) -> bool:
        """Does the table belong to it?"""
        return wildcard(self.database).fullmatch(name.database) is not None and (
            wildcard(self.table).fullmatch(name.table) is not None
        )


def has_wildcard(pattern: str) -> bool:
    """May it match several names?"""
    return bool(set("*?") & set(pattern))


def missing_tables(patterns: Iterable[TablePattern], tables: Collection[TableName]) -> Iterator[TablePattern]:
    """The patterns that name a table which isn't there; others may wait for tables to come."""
    return (one for one in patterns if one.is_name and not any(one.matches(table) for table in tables))


def wildcard(pattern: str) -> re.Pattern[str]:
    """``*`` and ``?`` as a regular expression; all else stands for itself (``re`` caches what it compiles)."""
    return re.compile("".join({"*": ".*", "?": "."}.get(mark, re.escape(mark)) for mark in pattern), re.DOTALL)


def parse_pattern(text: str) -> TablePattern:
    """``database.table`` to a pattern. DataProblem (config.bad_value)."""
    match = _PATTERN.match(text)
    if match is None:
        raise DataProblem(
            BAD_VALUE, f"{text!r} isn't a table pattern", hint="Write database.table; * and ? may stand in both."
        )
    quoted_database, database, quoted_table, table = match.groups()
    return TablePattern(
        quoted_database.replace("``", "`") if quoted_database else database,
        quoted_table.replace("``", "`") if quoted_table else table,
    )
