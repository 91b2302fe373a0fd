"""The tracker: statements in, supplements out, at the right position or not at all."""

from __future__ import annotations

import pickle

import pytest

from ingest.binlog.gtid import GtidSet
from ingest.binlog.supplement import SchemaSupplement
from ingest.mysql.server_version import parse_server_version
from ingest.problems import DataProblem
from ingest.schema import TableName
from ingest.schema_history.history import ColumnState, DatabaseState, History, TableState
from ingest.schema_history.tracker import SchemaTracker

UUID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
SNAPSHOT = GtidSet.parse(f"{UUID}:1-100")
T = TableName("d", "t")
INT, VARCHAR = 3, 15


def gtid(number: int) -> str:
    """1..100 are in the snapshot."""
    return f"{UUID}:{number}"


def table(*names: str, exact: bool = False) -> TableState:
    return TableState(tuple(ColumnState(name, INT) for name in names), names[:1], 8, exact)


def history(**tables: TableState) -> History:
    return History(
        parse_server_version("5.6.24"),
        8,
        45,
        False,
        SNAPSHOT,
        databases={"d": DatabaseState(8)},
        tables={TableName("d", name): state for name, state in tables.items()},
    )


def body(columns: int, name: str = "t", kind: int = INT, metadata: bytes = b"") -> bytes:
    """A table map of 5.6: types only."""
    head = (7).to_bytes(6, "little") + b"\x01\x00"
    names = b"\x01d\x00" + bytes([len(name)]) + name.encode() + b"\x00"
    return head + names + bytes([columns, *[kind] * columns, len(metadata)]) + metadata + b"\xff" * ((columns + 7) // 8)


def names_of(tracker: SchemaTracker, number: int, columns: int, name: str = "t") -> tuple[str, ...]:
    return SchemaSupplement.decode(tracker.supplement_for(gtid(number), body(columns, name))).names


def code(caught: pytest.ExceptionInfo[DataProblem]) -> str:
    return caught.value.code.name


def test_rows_are_described_by_what_the_statements_made() -> None:
    """Each row gets the columns of its own position."""
    tracker = SchemaTracker(history(t=table("id", "a")))
    assert names_of(tracker, 101, 2) == ("id", "a")
    assert tracker.on_statement(gtid(102), "d", "ALTER TABLE t ADD b INT FIRST, CHANGE a c INT") is not None
    assert names_of(tracker, 103, 3) == ("b", "id", "c")
    assert tracker.on_statement(gtid(104), "other", "RENAME TABLE d.t TO d.u") is not None
    assert names_of(tracker, 105, 3, "u") == ("b", "id", "c")


def test_an_unchanged_history_is_not_stored_again() -> None:
    """Statements that change nothing give None, so that nothing is written for them."""
    tracker = SchemaTracker(history(t=table("id")))
    for sql in ("TRUNCATE TABLE t", "CREATE INDEX i ON t (id)", "GRANT SELECT ON *.* TO u"):
        assert tracker.on_statement(gtid(101), "d", sql) is None


def test_what_is_stored_goes_on_as_if_nothing_had_happened() -> None:
    """A tracker from the stored text answers like the one that stored it; both forms are equal."""
    tracker = SchemaTracker(history(t=table("id"), u=table("id", "x")))
    stored = tracker.on_statement(gtid(101), "d", "ALTER TABLE t ADD `naïve ✓` VARCHAR(3) CHARACTER SET gbk")
    assert stored is not None and stored.isascii()
    tracker.on_statement(gtid(102), "d", "ALTER TABLE u FROB")
    for one in (tracker.encoded, pickle.loads(pickle.dumps(tracker.encoded))):
        copy = SchemaTracker(History.decode(one), resumed=True)
        assert copy.history == tracker.history
        assert names_of(copy, 103, 2) == ("id", "naïve ✓")
        with pytest.raises(DataProblem):
            copy.supplement_for(gtid(103), body(2, "u"))


def test_damaged_histories_are_refused() -> None:
    """A stored text that isn't a history is a DataProblem."""
    good = history(t=table("id")).encode()
    for text in ("", "x", good[:-9], good.swapcase(), "e30="):
        with pytest.raises(DataProblem) as caught:
            History.decode(text)
        assert code(caught) == "schema.history_damaged"


def test_self_describing_table_maps_need_nothing() -> None:
    """Without a history (full row metadata) nothing is looked up and nothing is stored."""
    tracker = SchemaTracker(None)
    assert tracker.supplement_for(gtid(1), body(1)) == b""
    assert tracker.on_statement(gtid(1), "d", "ALTER TABLE t ADD a INT") is None
    assert tracker.encoded == ""


def test_statements_that_are_not_understood_stop_only_their_rows() -> None:
    """The doubt is raised when rows of that table come, with statement and GTID; other tables go on; a new table of
    the name ends it."""
    tracker = SchemaTracker(history(t=table("id"), u=table("id")))
    assert tracker.on_statement(gtid(101), "d", "ALTER TABLE t ADD a FROB") is not None
    assert names_of(tracker, 102, 1, "u") == ("id",)
    with pytest.raises(DataProblem) as caught:
        tracker.supplement_for(gtid(103), body(2))
    assert code(caught) == "schema.ddl_not_understood"
    assert caught.value.where["statement"] == "ALTER TABLE t ADD a FROB"
    assert caught.value.where["gtid"] == gtid(101)
    tracker.on_statement(gtid(104), "d", "ALTER TABLE t ADD b INT")
    with pytest.raises(DataProblem):
        tracker.supplement_for(gtid(105), body(3))
    tracker.on_statement(gtid(106), "d", "DROP TABLE t")
    tracker.on_statement(gtid(107), "d", "CREATE TABLE t (x INT)")
    assert names_of(tracker, 108, 1) == ("x",)


def test_a_wholly_unknown_statement_leaves_every_table_in_doubt() -> None:
    """Nobody knows which table it changed."""
    tracker = SchemaTracker(history(t=table("id"), u=table("id")))
    tracker.on_statement(gtid(101), "d", "FROBNICATE EVERYTHING")
    for name in ("t", "u"):
        with pytest.raises(DataProblem):
            tracker.supplement_for(gtid(102), body(1, name))


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE t DROP nothing",
        "ALTER TABLE t ADD id INT",
        "ALTER TABLE t RENAME COLUMN x TO y",
        "ALTER TABLE t ADD a INT AFTER nothing",
        "ALTER TABLE t ADD PRIMARY KEY (nothing)",
        "ALTER TABLE t ADD PRIMARY KEY (a)",
        "ALTER TABLE t DROP id, DROP a",
        "ALTER TABLE t ADD b VARCHAR(3) CHARACTER SET frob",
    ],
)
def test_statements_that_do_not_fit_the_table_show_that_it_was_wrong(sql: str) -> None:
    """The server did it, so our idea of the table can't be right: doubt, not a guess."""
    tracker = SchemaTracker(history(t=table("id", "a")))
    tracker.on_statement(gtid(101), "d", sql)
    with pytest.raises(DataProblem) as caught:
        tracker.supplement_for(gtid(102), body(2))
    assert code(caught) == "schema.ddl_not_understood"


def test_tables_nobody_heard_of() -> None:
    """Rows of a table that was dropped before the snapshot can't be described, and say so."""
    tracker = SchemaTracker(history(t=table("id")))
    with pytest.raises(DataProblem) as caught:
        tracker.supplement_for(gtid(50), body(1, "gone"))
    assert code(caught) == "schema.not_in_history"


# --- the part of the stream that the snapshot has already ------------------------------------------------------------


def test_statements_of_the_snapshot_are_not_done_twice() -> None:
    """The snapshot has what happened before it; what comes after is applied to it."""
    tracker = SchemaTracker(history(t=table("id", "a")))
    assert tracker.on_statement(gtid(50), "d", "ALTER TABLE t ADD a INT") is None
    assert names_of(tracker, 60, 2) == ("id", "a")
    tracker.on_statement(gtid(101), "d", "ALTER TABLE t ADD b INT")
    assert names_of(tracker, 102, 3) == ("id", "a", "b")


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE t ADD a INT",
        "ALTER TABLE d.t RENAME COLUMN x TO id",
        "DROP TABLE x, t",
        "RENAME TABLE t TO u",
        "RENAME TABLE u TO t",
        "ALTER TABLE u RENAME TO t",
        "ALTER TABLE t FROB",
        "DROP DATABASE d",
        "FROBNICATE",
    ],
)
def test_rows_read_too_early_are_found_out(sql: str) -> None:
    """Rows of a table were described by the snapshot, then a change of it comes that the snapshot has already: they
    were described by a later schema, and that isn't kept quiet."""
    tracker = SchemaTracker(history(t=table("id", "a")))
    names_of(tracker, 10, 2)
    with pytest.raises(DataProblem) as caught:
        tracker.on_statement(gtid(50), "d", sql)
    assert code(caught) == "schema.changed_before_snapshot"
    assert caught.value.where["statement"] == sql
    other = SchemaTracker(history(t=table("id"), u=table("id")))
    names_of(other, 10, 1, "u")
    assert other.on_statement(gtid(50), "d", "ALTER TABLE t ADD a INT") is None


def test_a_table_born_in_the_stream_is_followed_exactly() -> None:
    """From CREATE TABLE on, every statement counts for it, also those that the snapshot has."""
    tracker = SchemaTracker(history(t=table("id", "b")))
    assert tracker.on_statement(gtid(10), "d", "CREATE TABLE t (id INT)") is not None
    assert names_of(tracker, 11, 1) == ("id",)
    assert tracker.on_statement(gtid(20), "d", "ALTER TABLE t ADD b INT") is not None
    assert names_of(tracker, 21, 2) == ("id", "b")
    tracker.on_statement(gtid(101), "d", "ALTER TABLE t DROP id")
    assert names_of(tracker, 102, 1) == ("b",)


def test_a_table_that_ends_in_the_stream_is_gone() -> None:
    """After DROP TABLE the snapshot's table of that name is a later one: nothing is described by it until its birth."""
    tracker = SchemaTracker(history(t=table("id", "later")))
    tracker.on_statement(gtid(10), "d", "DROP TABLE t")
    with pytest.raises(DataProblem):
        tracker.supplement_for(gtid(11), body(2))
    tracker.on_statement(gtid(12), "d", "CREATE TABLE IF NOT EXISTS t (x INT)")
    assert names_of(tracker, 13, 1) == ("x",)


def test_if_not_exists_is_not_guessed() -> None:
    """CREATE TABLE IF NOT EXISTS of a table that the snapshot has may have done nothing: the snapshot's word stands."""
    tracker = SchemaTracker(history(t=table("id", "a")))
    assert tracker.on_statement(gtid(10), "d", "CREATE TABLE IF NOT EXISTS t (x INT)") is None
    assert names_of(tracker, 11, 2) == ("id", "a")
    after = SchemaTracker(history(t=table("id", "a")))
    assert after.on_statement(gtid(101), "d", "CREATE TABLE IF NOT EXISTS t (x INT)") is None
    assert names_of(after, 102, 2) == ("id", "a")


def test_a_database_born_in_the_stream_has_no_tables_yet() -> None:
    """Then IF NOT EXISTS is certain, and so is every table of it."""
    tracker = SchemaTracker(history(t=table("id", "a")))
    tracker.on_statement(gtid(5), "", "CREATE DATABASE d CHARACTER SET gbk")
    with pytest.raises(DataProblem):
        tracker.supplement_for(gtid(6), body(2))
    tracker.on_statement(gtid(7), "d", "CREATE TABLE IF NOT EXISTS t (x VARCHAR(3))")
    supplement = SchemaSupplement.decode(tracker.supplement_for(gtid(8), body(1, kind=VARCHAR, metadata=b"\x06\x00")))
    assert supplement.names == ("x",)
    assert supplement.collations == (28,)


def test_a_renamed_table_whose_past_is_unknown() -> None:
    """gh-ost's swap before the snapshot: the old name's rows until then aren't described by the new table."""
    tracker = SchemaTracker(history(t=table("id", "new"), t_old=table("id")))
    tracker.on_statement(gtid(10), "d", "CREATE TABLE t_new (id INT, new INT)")
    tracker.on_statement(gtid(20), "d", "RENAME TABLE t TO t_old, t_new TO t")
    assert names_of(tracker, 21, 2) == ("id", "new")
    with pytest.raises(DataProblem):
        tracker.supplement_for(gtid(22), body(2, "t_new"))


def test_a_resumed_run_does_not_trust_rows_of_before() -> None:
    """An earlier run may have read rows by the snapshot; if the table's change turns up now, its next rows say so."""
    stored = history(t=table("id", "a"), u=table("id")).encode()
    tracker = SchemaTracker(History.decode(stored), resumed=True)
    assert tracker.on_statement(gtid(50), "d", "ALTER TABLE t ADD a INT") is not None
    assert names_of(tracker, 51, 1, "u") == ("id",)
    with pytest.raises(DataProblem) as caught:
        tracker.supplement_for(gtid(52), body(2))
    assert code(caught) == "schema.changed_before_snapshot"


def test_a_statement_read_again_is_done_once() -> None:
    """A history that is ahead of the frontier meets its own statements again; rows before them are found out."""
    tracker = SchemaTracker(history(t=table("id")))
    stored = tracker.on_statement(gtid(101), "d", "ALTER TABLE t ADD a INT")
    assert stored is not None
    again = SchemaTracker(History.decode(stored), resumed=True)
    assert again.on_statement(gtid(101), "d", "ALTER TABLE t ADD a INT") is None
    assert names_of(again, 102, 2) == ("id", "a")
    early = SchemaTracker(History.decode(stored), resumed=True)
    names_of(early, 100, 2)
    with pytest.raises(DataProblem) as caught:
        early.on_statement(gtid(101), "d", "ALTER TABLE t ADD a INT")
    assert code(caught) == "schema.changed_before_snapshot"


def test_names_fold_where_the_server_folds() -> None:
    """With lower_case_table_names statements may spell names in any case."""
    folded = History(
        parse_server_version("5.6.24"),
        8,
        45,
        True,
        SNAPSHOT,
        databases={"d": DatabaseState(8)},
        tables={T: table("id")},
    )
    tracker = SchemaTracker(folded)
    tracker.on_statement(gtid(101), "D", "ALTER TABLE T ADD a INT")
    assert names_of(tracker, 102, 2) == ("id", "a")


def test_databases_that_are_not_followed() -> None:
    """A table that comes from a database outside the history is in doubt, not assumed to be what it was."""
    tracker = SchemaTracker(history(t=table("id")))
    tracker.on_statement(gtid(101), "elsewhere", "ALTER TABLE x ADD a INT")
    tracker.on_statement(gtid(102), "elsewhere", "RENAME TABLE elsewhere.x TO d.x")
    with pytest.raises(DataProblem) as caught:
        tracker.supplement_for(gtid(103), body(1, "x"))
    assert code(caught) == "schema.ddl_not_understood"
