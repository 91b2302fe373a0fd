"""What kind of statement a QUERY event holds, told from its first words.

Row changes never arrive as statements in row format, so a data change seen here was written in statement format
(a session's ``binlog_format``): rows are missing, and the caller must stop. Everything the classifier doesn't know is
UNKNOWN, never harmless.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator


class StatementKind(enum.Enum):
    """TRANSACTION: control (BEGIN, SAVEPOINT, XA ...). DDL: changes definitions. DML: changes rows. ADMINISTRATIVE:
    changes neither (GRANT, ANALYZE, SET ...). UNKNOWN: none of these."""

    TRANSACTION = "transaction"
    DDL = "ddl"
    DML = "dml"
    ADMINISTRATIVE = "administrative"
    UNKNOWN = "unknown"


_TRANSACTION = {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "XA"}
_DDL = {"CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "IMPORT"}
_DML = {"INSERT", "UPDATE", "DELETE", "REPLACE", "CALL", "DO", "WITH", "SELECT", "TABLE", "VALUES", "HANDLER"}
_ADMINISTRATIVE = (
    {"GRANT", "REVOKE", "SET", "FLUSH", "ANALYZE", "CHECK", "CHECKSUM", "RESET", "PURGE", "KILL", "INSTALL", "OPTIMIZE"}
    | {"UNINSTALL", "LOCK", "UNLOCK", "USE", "SHOW", "CACHE", "CHANGE", "STOP", "BINLOG", "RESTART", "SHUTDOWN"}
    | {"CLONE", "HELP", "DESCRIBE", "DESC", "EXPLAIN", "SIGNAL", "REPAIR"}
)
#: Behind CREATE, ALTER, DROP, RENAME: objects that hold no rows.
_ADMINISTRATIVE_OBJECTS = {"USER", "ROLE", "SERVER", "INSTANCE", "RESOURCE", "TABLESPACE", "UNDO", "LOGFILE"}

#: One lexical unit: comments and strings to pass over, executable comments to look into, and words.
_LEXEMES = re.compile(
    r"""
      (?P<skip> \s+ | --(?=\s|$)[^\n]* | \#[^\n]* | /\*(?!M?!).*?(?:\*/|$) | \*/ )
    | (?P<open> /\*M?!\d* )
    | (?P<quoted> `(?:[^`]|``)*(?:`|$) | '(?:[^'\\]|\\.|'')*(?:'|$) | "(?:[^"\\]|\\.|"")*(?:"|$) )
    | (?P<word> [A-Za-z_0-9$\x80-\U0010ffff]+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)


def classify_statement(sql: str) -> StatementKind:
    """The kind of a statement. Leading comments don't count; what is in executable comments (``/*!50003 ... */``)
    does."""
    words = words_of(sql)
    first = next(words, "")
    if first in _DDL:
        return _definition_kind(first, words)
    if first in _DML:
        return StatementKind.DML
    if first in _TRANSACTION:
        return StatementKind.TRANSACTION
    if first == "START":
        return StatementKind.TRANSACTION if next(words, "") == "TRANSACTION" else StatementKind.ADMINISTRATIVE
    if first == "LOAD":
        return StatementKind.ADMINISTRATIVE if next(words, "") == "INDEX" else StatementKind.DML
    if first in _ADMINISTRATIVE:
        return StatementKind.ADMINISTRATIVE
    return StatementKind.UNKNOWN


def words_of(sql: str) -> Iterator[str]:
    """The bare words of a statement in upper case, "" for each string or quoted name; no comments, no signs."""
    for match in _LEXEMES.finditer(sql):
        if match.lastgroup == "word":
            yield match[0].upper()
        elif match.lastgroup == "quoted":
            yield ""


def _definition_kind(first: str, words: Iterator[str]) -> StatementKind:
    second = next(words, "")
    if second in _ADMINISTRATIVE_OBJECTS:
        return StatementKind.ADMINISTRATIVE
    if first == "CREATE" and second == "TABLE" and _has_query(words):
        return StatementKind.DML
    return StatementKind.DDL


def _has_query(words: Iterator[str]) -> bool:
    """Whether a CREATE TABLE takes its rows from a query (in row format it never does in the binlog)."""
    previous = ""
    for word in words:
        if word in ("SELECT", "TABLE") or (word == "ROW" and previous == "VALUES"):
            return True
        previous = word
    return False
