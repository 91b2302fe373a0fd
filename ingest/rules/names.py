"""What Elasticsearch and HBase allow in names of indices and tables.

Sources: Elasticsearch reference, "Create index API", name; HBase's ``TableName.isLegalFullyQualifiedTableName``.
"""

from __future__ import annotations

import re

from ingest.config.codes import BAD_VALUE
from ingest.problems import DataProblem
from ingest.rules.template import Template

_INDEX = re.compile(r"(?![-_+])(?!\.{1,2}$)[^\\/*?\"<>| ,#:\s]+")
_INDEX_TEXT = re.compile(r"[^\\/*?\"<>| ,#:\s]*")
_INDEX_BYTES_MAX = 255
_TABLE = re.compile(r"(?:[A-Za-z0-9_]+:)?(?![.-])[A-Za-z0-9_.-]+")
_TABLE_TEXT = re.compile(r"[A-Za-z0-9_.:-]*")


def is_index_name(name: str) -> bool:
    """May an Elasticsearch index have this name?"""
    short = len(name.encode("utf-8", "surrogatepass")) <= _INDEX_BYTES_MAX
    return short and name == name.lower() and _INDEX.fullmatch(name) is not None


def is_table_name(name: str) -> bool:
    """May an HBase table have this name, with or without its namespace?"""
    return _TABLE.fullmatch(name) is not None


def check_place(template: Template, *, index: bool) -> None:
    """What can be said of a template before any row comes. DataProblem (config.bad_value)."""
    texts = [part.name for part in template.parts if part.kind == "text"]
    allowed = _INDEX_TEXT if index else _TABLE_TEXT
    whole = "".join(texts) if len(texts) == len(template.parts) else None
    fine = all(allowed.fullmatch(text) for text in texts)
    if fine and whole is not None:
        fine = is_index_name(whole.lower()) if index else is_table_name(whole)
    if not fine:
        kind = "an Elasticsearch index" if index else "an HBase table"
        rule = (
            "\\ / * ? \" < > | space , # : aren't allowed, nor - _ + at the start"
            if index
            else "letters, digits, _ . - only"
        )
        raise DataProblem(BAD_VALUE, f"{template.source!r} can't be the name of {kind}", hint=f"{rule}.")
