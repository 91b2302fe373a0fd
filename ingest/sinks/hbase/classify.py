"""What HBase's answers and errors mean. Pure.

Thrift 1 answers a request as a whole: nothing, or an exception whose text is a Java stack trace. A request that failed
may have been applied in part, so it is tried again; timestamps make that harmless (``encode``). Sources: Hbase.thrift
(IOError, IllegalArgument), and trials against HBase 2.6, which found that

- a missing table gives no class name at all (``Failed 1 action: orders: 1 time, servers with issues: null``), so the
  driver asks for the table when an error says nothing;
- a row key that is empty or too long is an internal error of the Thrift server: such rows are never sent;
- a disabled table gives no answer before the client's timeout.
"""

from __future__ import annotations

import re

from ingest.problems import DataProblem, Problem, WorldProblem, declare
from ingest.sinks.batching import Refused
from ingest.sinks.contract import ItemResult, Outcome, RequestItem
from ingest.sinks.faults import BUSY, TARGET_MISSING, TARGET_REFUSED, UNAUTHORIZED, WRONG_VERSION

ROW_KEY_BYTES_MAX = 32_767
"""HBase's limit (Java's Short.MAX_VALUE)."""

SERVER_ERROR = declare(
    "hbase.server_error",
    "HBase or its Thrift server failed inside.",
    "Look at the Thrift server's log; the lane tries again.",
)

_CLASS = re.compile(r"\b(?:[a-z]\w*\.)*([A-Z]\w+(?:Exception|Error))\b")
_FAMILY = re.compile(r"Column family (\S+) does not exist")
_TOO_LARGE = re.compile(r"(?i)keyvalue size too large|cell .*size|exceeds? .*(limit|size)|too large")
_LEGAL_NAME = re.compile(r"(?:\w+:)?\w[\w.-]*")

_MISSING = {"TableNotFoundException", "NoSuchColumnFamilyException", "NamespaceNotFoundException"}
_FORBIDDEN = {"AccessDeniedException", "AccessControlException"}
_REFUSED = {"FailedSanityCheckException", "InvalidFamilyOperationException", "ReadOnlyException"}


def unsendable(item: RequestItem[bytes]) -> ItemResult | None:
    """POISON for a row that would fail its whole request, else None."""
    if not item.key:
        return ItemResult(Outcome.POISON, "row_key_empty", "HBase takes no empty row key")
    if len(item.key) > ROW_KEY_BYTES_MAX // 4 and (size := len(item.key.encode())) > ROW_KEY_BYTES_MAX:
        detail = f"the row key has {size} bytes, HBase takes {ROW_KEY_BYTES_MAX}: {item.key[:60]}..."
        return ItemResult(Outcome.POISON, "row_key_too_long", detail)
    return None


def argument_refusal(message: str) -> Refused:
    """IllegalArgument: something in the request can't be stored, such as a cell that is too large."""
    return Refused("illegal_argument", first_line(message))


def io_refusal(message: str, table: str) -> Refused:
    """IOError: Refused when a row is at fault, else raises what it means (see ``io_problem``)."""
    if "DoNotRetryIOException" in message and _TOO_LARGE.search(first_line(message)):
        return Refused("cell_too_large", first_line(message))
    raise io_problem(message, table)


def io_problem(message: str, table: str) -> Problem:
    """An IOError's text to the problem: DataProblem for what is missing or forbidden, WorldProblem for the rest."""
    classes = set(_CLASS.findall(message))
    where = {"table": table}
    words = first_line(message)
    if family := _FAMILY.search(message):
        return missing_family(table, family.group(1))
    if classes & _MISSING:
        return DataProblem(TARGET_MISSING, f"HBase says: {words}", where)
    if classes & _FORBIDDEN:
        return DataProblem(UNAUTHORIZED, f"HBase says: {words}", where)
    if classes & _REFUSED:
        return DataProblem(TARGET_REFUSED, f"HBase says: {words}", where)
    return WorldProblem(BUSY, f"HBase says: {words}", where)


def says_nothing(message: str) -> bool:
    """Does an IOError name no cause, as when the table isn't there?"""
    return "servers with issues: null" in message


def application_problem(message: str) -> Problem:
    """A TApplicationException: the Thrift server failed, or doesn't know the method (it isn't Thrift 1)."""
    if "Invalid method name" in message or "nknown method" in message:
        return DataProblem(
            WRONG_VERSION,
            f"the server isn't HBase's Thrift 1 server: {first_line(message)}",
            hint="Start it by `hbase thrift start` (not thrift2), or name its port.",
        )
    return WorldProblem(SERVER_ERROR, f"the Thrift server says: {first_line(message)}")


def missing_table(table: str, families: tuple[str, ...]) -> DataProblem:
    """The table isn't there; the hint is the command that creates it."""
    columns = ", ".join(f"'{family}'" for family in families)
    hint = f"Create it in `hbase shell`: create '{table}', {columns}   (or set create = true in the rule's target)"
    return DataProblem(TARGET_MISSING, f"HBase has no table {table!r}", {"table": table}, hint)


def missing_family(table: str, family: str) -> DataProblem:
    """The table has no such family; the hint is the command that adds it."""
    hint = f"Add it in `hbase shell`: alter '{table}', NAME => '{family}'   (or name another family in the rule)"
    what = f"the HBase table {table!r} has no column family {family!r}"
    return DataProblem(TARGET_MISSING, what, {"table": table, "family": family}, hint)


def illegal_name(table: str) -> DataProblem | None:
    """The problem with a table's name that HBase can't have, or None (source: HBase's TableName.isLegal...Name)."""
    if _LEGAL_NAME.fullmatch(table):
        return None
    hint = "It may have letters, digits, '_', '-', '.' (not first '-' or '.'), and a namespace with ':' before it."
    return DataProblem(TARGET_REFUSED, f"{table!r} isn't a legal name of an HBase table", {"table": table}, hint)


def first_line(message: str) -> str:
    """A Java stack trace's first line, without package names, cut to 300 characters."""
    line = message.strip().partition("\n")[0].partition("\\n")[0]
    return re.sub(r"\b(?:[a-z]\w*\.)+([A-Z]\w+(?:Exception|Error))", r"\1", line)[:300]
