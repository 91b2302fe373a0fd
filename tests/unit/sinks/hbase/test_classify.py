"""ingest.sinks.hbase.classify: what errors mean. The texts are recorded from HBase 2.6 and its Thrift 1 server."""

from __future__ import annotations

import pytest

from ingest.problems import DataProblem, Problem, WorldProblem
from ingest.sinks.contract import Outcome, RequestItem
from ingest.sinks.hbase.classify import (
    application_problem,
    argument_refusal,
    first_line,
    illegal_name,
    io_problem,
    io_refusal,
    missing_family,
    missing_table,
    says_nothing,
    unsendable,
)

PACKAGE = "org.apache.hadoop.hbase"
TRACE = f"\n\tat {PACKAGE}.client.HTable.put(HTable.java:590)\n\tat java.base/java.lang.reflect.Method.invoke(M.java:5)"
NO_TABLE = (
    f"{PACKAGE}.client.RetriesExhaustedWithDetailsException: Failed 1 action: nope: 1 time, servers with issues: null"
)
NO_FAMILY = (
    f"{PACKAGE}.client.RetriesExhaustedWithDetailsException: Failed 2 actions: {PACKAGE}.regionserver."
    "NoSuchColumnFamilyException: Column family zz does not exist in region t1,,1795. in table 't1', {NAME => 'd'}"
)


@pytest.mark.parametrize(
    ("message", "family", "code"),
    [
        (NO_FAMILY, DataProblem, "sink.target_missing"),
        (f"{PACKAGE}.TableNotFoundException: nope", DataProblem, "sink.target_missing"),
        (f"{PACKAGE}.NamespaceNotFoundException: nons", DataProblem, "sink.target_missing"),
        (f"{PACKAGE}.security.AccessDeniedException: no", DataProblem, "sink.unauthorized"),
        (f"{PACKAGE}.exceptions.FailedSanityCheckException: slop", DataProblem, "sink.target_refused"),
        (f"{PACKAGE}.RegionTooBusyException: Over memstore limit", WorldProblem, "sink.busy"),
        (f"{PACKAGE}.NotServingRegionException: t1", WorldProblem, "sink.busy"),
        (f"{PACKAGE}.PleaseHoldException: Master is initializing", WorldProblem, "sink.busy"),
        ("java.net.ConnectException: Connection refused", WorldProblem, "sink.busy"),
        (NO_TABLE, WorldProblem, "sink.busy"),
    ],
)
def test_io_errors(message: str, family: type[Problem], code: str) -> None:
    """What is missing or forbidden stops the lane; a cluster in trouble is waited for."""
    problem = io_problem(message + TRACE, "t1")
    assert isinstance(problem, family)
    assert problem.code.name == code
    assert problem.where["table"] == "t1"
    assert "\tat" not in str(problem)


def test_missing_family_is_named() -> None:
    """The family's name is read from the error, and the hint is the command that adds it."""
    problem = io_problem(NO_FAMILY + TRACE, "t1")
    assert problem.where == {"table": "t1", "family": "zz"}
    assert "alter 't1', NAME => 'zz'" in problem.hint
    assert missing_family("t1", "zz").what == problem.what
    assert "create 't', 'd', 'e'" in missing_table("t", ("d", "e")).hint


def test_a_silent_error_is_known() -> None:
    """A missing table's error names no cause: the driver must ask."""
    assert says_nothing(NO_TABLE + TRACE)
    assert not says_nothing(NO_FAMILY + ": 2 times, servers with issues: localhost,16096,17" + TRACE)


def test_too_large_cells_are_refusals() -> None:
    """A cell that is too large is the row's fault, by the client's check or the region server's."""
    assert argument_refusal("java.lang.IllegalArgumentException: KeyValue size too large" + TRACE).detail == (
        "IllegalArgumentException: KeyValue size too large"
    )
    said = f"{PACKAGE}.DoNotRetryIOException: Cell[...] with size 11534336 exceeds limit of 10485760 bytes"
    assert io_refusal(said + TRACE, "t").reason == "cell_too_large"
    with pytest.raises(WorldProblem):
        io_refusal(f"{PACKAGE}.RegionTooBusyException: Over memstore limit" + TRACE, "t")


def test_application_errors() -> None:
    """Another service on the port is a wrong version; an internal error is the server's trouble, never the row's."""
    wrong = application_problem("Invalid method name: 'getTableNames'")
    assert isinstance(wrong, DataProblem)
    assert wrong.code.name == "sink.wrong_version"
    inside = application_problem("Internal error processing mutateRowsTs")
    assert isinstance(inside, WorldProblem)
    assert inside.code.name == "hbase.server_error"


def test_first_line_is_short() -> None:
    """Of a stack trace the first line is told, without package names."""
    assert first_line(f"{PACKAGE}.RegionTooBusyException: {PACKAGE}.X" + TRACE).startswith("RegionTooBusyException: ")
    assert len(first_line("x" * 10_000)) == 300


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "row_key_empty"),
        ("x" * 32_768, "row_key_too_long"),
        ("x" * 32_767, None),
        ("é" * 16_384, "row_key_too_long"),
    ],
)
def test_unsendable_rows(key: str, reason: str | None) -> None:
    """A row key that fails the whole request inside the Thrift server is poison without being sent."""
    found = unsendable(RequestItem(key, 1, "t", False, b"", 0))
    assert (found.reason if found else None) == reason
    assert found is None or found.outcome is Outcome.POISON


@pytest.mark.parametrize(
    ("name", "legal"),
    [("orders", True), ("ns:orders", True), ("a.b-c_d", True), ("_x", True), ("größe", True), ("-x", False),
     (".x", False), ("a b", False), ("a$b", False), ("", False), ("ns:", False), ("a:b:c", False)],
)  # fmt: skip
def test_legal_names(name: str, legal: bool) -> None:
    """Names that HBase's Thrift server would fail on are told before it is asked."""
    problem = illegal_name(name)
    assert (problem is None) is legal
    assert problem is None or repr(name) in problem.what
