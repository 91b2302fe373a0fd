"""The one problem of bytes that are no value of their type: the binlog or a table map is damaged or not understood."""

from __future__ import annotations

from ingest.problems import DataProblem, declare

VALUE_MALFORMED = declare(
    "value.malformed",
    "A column's bytes in a row image are no value of the column's type.",
    "Check the binlog on the source (mysqlbinlog --verify-binlog-checksum); if it is sound, report the column's type.",
)


def malformed(what: str) -> DataProblem:
    """The problem; the slice decoder adds table and column."""
    return DataProblem(VALUE_MALFORMED, what)
