"""The schema history against real servers: what statements do to tables, and rows read by it."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Iterator

import pymysql
import pytest

from actors.drivers.mysql.schemas import schemas_for, take_snapshot
from actors.stack import Mysql
from ingest.binlog.gtid import GtidSet
from ingest.binlog.table_map import table_schema
from ingest.codec import Statement, TableMap, TransactionBegin
from ingest.mysql.identity import identity_of
from ingest.problems import DataProblem, WorldProblem
from ingest.rules.match import parse_pattern
from ingest.schema import TableName, TableSchema
from ingest.schema_history.history import UNKNOWN_COLLATION, History
from ingest.schema_history.tracker import SchemaTracker
from tests.kit.ddl_generator import DATABASES, DdlGenerator
from tests.kit.mysql_session import DecodedDump, dump_of, execute, executed, open_session

pytestmark = pytest.mark.integration

SCOPE = [parse_pattern("ddl_a.*"), parse_pattern("ddl_b.*"), parse_pattern("hist.*")]


@pytest.fixture(scope="module", params=["9", "5.6"])
def server(request: pytest.FixtureRequest) -> Iterator[Mysql]:
    """Servers whose table maps leave names out."""
    options = {"binlog_row_metadata": "MINIMAL"} if request.param == "9" else {}
    with Mysql(request.param, server_id=95, options=options) as own:
        yield own


def snapshot(server: Mysql) -> History:
    with open_session(server) as session:
        return take_snapshot(session, SCOPE)


def known(history: History, like: History) -> dict[str, tuple[object, ...]]:
    """What can be compared: tables that exist, with names of keys folded (the server keeps the first spelling). Where
    ``like`` doesn't know a table's default collation, it is left out, and so are tables that it is in doubt about."""
    doubtful = {name for name, state in like.tables.items() if state.doubt is not None}
    unknown = {name for name, state in like.tables.items() if state.collation == UNKNOWN_COLLATION}
    return {
        str(name): (
            state.columns,
            tuple(key.lower() for key in state.primary_key),
            None if name in unknown else state.collation,
        )
        for name, state in history.tables.items()
        if state.exists and name.database in DATABASES and name not in doubtful
    }


def stream_of(server: Mysql, start: GtidSet, transactions: int, name: str) -> DecodedDump:
    with open_session(server) as session:
        decoded = DecodedDump(dump_of(session, start, identity_of(name, 777_300)))
        decoded.read_transactions(transactions)
        decoded.dump.close()
    return decoded


@pytest.mark.parametrize("seed", range(3))
def test_statements_change_tables_as_the_server_does(server: Mysql, seed: int) -> None:
    """After each of many random statements, applied as the binlog shows them, the history equals information_schema."""
    execute(server, *(f"DROP DATABASE IF EXISTS {name}" for name in DATABASES))
    execute(
        server,
        *(
            f"CREATE DATABASE {name} CHARACTER SET {cs}"
            for name, cs in zip(DATABASES, ("latin1", "utf8mb4"), strict=True)
        ),
    )
    generator = DdlGenerator(seed, server.version == "9")
    start, first = executed(server), snapshot(server)
    states: list[tuple[str, History]] = []
    accepted = refused = 0
    with open_session(server) as asking, server.connect() as connection, connection.cursor() as cursor:
        before = executed(server)
        for _ in range(120):
            at_last = states[-1][1] if states else first
            tables = {
                f"{name.database}.{name.table}": [column.name for column in state.columns]
                for name, state in at_last.tables.items()
                if name.database in DATABASES
            }
            sql = generator.statement(tables)
            try:
                cursor.execute(sql)
                accepted += 1
            except pymysql.err.Error:
                refused += 1
            cursor.execute("SELECT @@GLOBAL.gtid_executed")
            now = GtidSet.parse(cursor.fetchall()[0][0])
            if now != before:
                states.append((sql, take_snapshot(asking, SCOPE)))
                before = now
    assert accepted > 40, (accepted, refused)
    decoded = stream_of(server, start, len(states), f"random {seed}")
    tracker = SchemaTracker(first)
    gtid, number = "", -1
    for event in decoded.events:
        if isinstance(event, TransactionBegin):
            gtid, number = event.gtid, number + 1
        elif isinstance(event, Statement):
            tracker.on_statement(gtid, event.database, event.sql)
            sql, expected = states[number]
            assert tracker.history is not None
            doubts = {state.doubt.why for state in tracker.history.tables.values() if state.doubt}
            assert doubts <= {"the table's default character set isn't known"}, sql
            assert known(tracker.history, tracker.history) == known(expected, tracker.history), sql
            ours = {name: tracker.history.databases.get(name) for name in DATABASES}
            theirs = {name: expected.databases.get(name) for name in DATABASES}
            assert {k: v and v.collation for k, v in ours.items()} == {
                k: v and v.collation for k, v in theirs.items()
            }, sql
    assert number + 1 == len(states)


# --- rows -----------------------------------------------------------------------------------------------------------


class Described:
    """A stream read through a tracker: (table, column names, key columns) of every table map, in order."""

    def __init__(self, decoded: DecodedDump, tracker: SchemaTracker) -> None:
        self.tables: list[tuple[str, list[str], list[str]]] = []
        self.schemas: list[TableSchema] = []
        gtid = ""
        for event in decoded.events:
            if isinstance(event, TransactionBegin):
                gtid = event.gtid
            elif isinstance(event, Statement):
                tracker.on_statement(gtid, event.database, event.sql)
            elif isinstance(event, TableMap):
                supplement = tracker.supplement_for(gtid, event.body)
                assert supplement, "the table map describes itself: the test tests nothing"
                schema = table_schema(event.body, supplement)
                names = [column.name for column in schema.columns]
                self.schemas.append(schema)
                self.tables.append((str(schema.name), names, [names[index] for index in schema.primary_key]))


LIFE = (
    "CREATE TABLE hist.t (id INT PRIMARY KEY, a VARCHAR(9))",
    "INSERT INTO hist.t VALUES (1, 'x')",
    "ALTER TABLE hist.t ADD b ENUM('p','q') CHARACTER SET gbk FIRST, CHANGE a c VARCHAR(9) AFTER b",
    "INSERT INTO hist.t VALUES ('q', 'x', 2)",
    "CREATE TABLE hist._t_gho LIKE hist.t",
    "ALTER TABLE hist._t_gho ADD d BIGINT UNSIGNED, DROP PRIMARY KEY, ADD PRIMARY KEY (id, d)",
    "INSERT INTO hist._t_gho (b, c, id, d) SELECT b, c, id, 18446744073709551615 FROM hist.t",
    "RENAME TABLE hist.t TO hist._t_del, hist._t_gho TO hist.t",
    "INSERT INTO hist.t VALUES ('p', 'y', 3, 4)",
    "DROP TABLE hist._t_del",
)
WITH_SELECT = ("CREATE TABLE hist.s SELECT id, c AS renamed FROM hist.t", "INSERT INTO hist.s VALUES (7, 'z')")
WITHOUT_SELECT = (  # which 5.6 forbids where GTIDs are on
    "CREATE TABLE hist.s (id INT, renamed VARCHAR(9))",
    "INSERT INTO hist.s SELECT id, c FROM hist.t",
    "INSERT INTO hist.s VALUES (7, 'z')",
)
DESCRIBED = [
    ("hist.t", ["id", "a"], ["id"]),
    ("hist.t", ["b", "c", "id"], ["id"]),
    ("hist._t_gho", ["b", "c", "id", "d"], ["id", "d"]),
    ("hist.t", ["b", "c", "id", "d"], ["id", "d"]),
    ("hist.s", ["id", "renamed"], []),
    ("hist.s", ["id", "renamed"], []),
]


def _life(server: Mysql) -> tuple[str, ...]:
    return LIFE + (WITH_SELECT if server.version == "9" else WITHOUT_SELECT)


def _live(server: Mysql, *statements: str) -> tuple[GtidSet, int]:
    """Run statements; where they begin and how many transactions they were."""
    start = executed(server)
    execute(server, *statements)
    return start, executed(server).subtract(start).count()


def test_rows_get_the_names_of_their_position(server: Mysql) -> None:
    """From a snapshot on, through changes, a migration tool's swap and CREATE ... SELECT, every row has the columns,
    keys, signs and members that its table had when it was written."""
    execute(server, "DROP DATABASE IF EXISTS hist", "CREATE DATABASE hist")
    with open_session(server) as session:
        tracker = schemas_for(session, "", "", SCOPE)
    start, count = _live(server, *_life(server))
    found = Described(stream_of(server, start, count, "life"), tracker)
    assert found.tables == DESCRIBED
    swapped = found.schemas[3]
    assert swapped.columns[0].members == ("p", "q")
    assert [column.unsigned for column in swapped.columns] == [False, False, False, True]


def test_a_stream_from_before_the_snapshot(server: Mysql) -> None:
    """Reading what lies before the snapshot: tables that were born in the stream are described exactly, although the
    snapshot shows what became of them."""
    execute(server, "DROP DATABASE IF EXISTS hist")
    start, count = _live(server, "CREATE DATABASE hist", *_life(server))
    with open_session(server) as session:
        tracker = schemas_for(session, "", "", SCOPE)
    assert Described(stream_of(server, start, count, "before"), tracker).tables == DESCRIBED


def test_a_change_between_rows_and_snapshot_is_found_out(server: Mysql) -> None:
    """Without its birth in the stream, a table that changed before the snapshot was described wrongly: that stops."""
    execute(server, "DROP DATABASE IF EXISTS hist", "CREATE DATABASE hist", "CREATE TABLE hist.t (a INT, b INT)")
    start, count = _live(
        server,
        "INSERT INTO hist.t VALUES (1, 2)",
        "ALTER TABLE hist.t CHANGE a c INT",
        "INSERT INTO hist.t VALUES (3, 4)",
    )
    with open_session(server) as session:
        tracker = schemas_for(session, "", "", SCOPE)
    with pytest.raises(DataProblem) as caught:
        Described(stream_of(server, start, count, "early"), tracker)
    assert caught.value.code.name == "schema.changed_before_snapshot"
    assert "CHANGE a c INT" in caught.value.where["statement"]


def test_a_changed_type_before_the_snapshot_is_a_mismatch(server: Mysql) -> None:
    """A table map that doesn't fit the history is refused at once (invariant 5)."""
    execute(server, "DROP DATABASE IF EXISTS hist", "CREATE DATABASE hist", "CREATE TABLE hist.t (a INT)")
    start, count = _live(server, "INSERT INTO hist.t VALUES (1)", "ALTER TABLE hist.t MODIFY a BIGINT")
    with open_session(server) as session:
        tracker = schemas_for(session, "", "", SCOPE)
    with pytest.raises(DataProblem) as caught:
        Described(stream_of(server, start, count, "mismatch"), tracker)
    assert caught.value.code.name == "schema.mismatch"


def test_a_stored_history_goes_on(server: Mysql) -> None:
    """Stop behind any statement, store, start again from the text: the rows that follow are described the same."""
    execute(server, "DROP DATABASE IF EXISTS hist", "CREATE DATABASE hist")
    with open_session(server) as session:
        tracker = schemas_for(session, "", "", SCOPE)
        start, count = _live(server, *_life(server))
        decoded = stream_of(server, start, count, "stored")
        tables = []
        gtid, stored = "", tracker.encoded
        for event in decoded.events:
            if isinstance(event, TransactionBegin):
                gtid = event.gtid
                tracker = schemas_for(session, stored, "", SCOPE)
            elif isinstance(event, Statement):
                stored = tracker.on_statement(gtid, event.database, event.sql) or stored
            elif isinstance(event, TableMap):
                schema = table_schema(event.body, tracker.supplement_for(gtid, event.body))
                tables.append((str(schema.name), [column.name for column in schema.columns]))
    assert tables == [(name, columns) for name, columns, _ in DESCRIBED]


def test_a_server_that_says_everything_needs_no_history(mysql9: Mysql) -> None:
    """With full row metadata nothing is read from information_schema and nothing is stored."""
    with open_session(mysql9) as session:
        tracker = schemas_for(session, "", "", SCOPE)
    assert tracker.history is None
    assert tracker.encoded == ""


def test_generated_primary_keys_and_quiet_tables(server: Mysql) -> None:
    """A key that the server makes for itself is in the binlog, so it is in the history; temporary tables aren't."""
    execute(server, "DROP DATABASE IF EXISTS hist", "CREATE DATABASE hist")
    first = snapshot(server)
    start = executed(server)
    with server.connect() as connection, connection.cursor() as cursor:
        if server.version == "9":
            cursor.execute("SET SESSION sql_generate_invisible_primary_key = ON")
        cursor.execute("CREATE TABLE hist.plain (a INT)")
        cursor.execute("CREATE TEMPORARY TABLE hist.short (x INT)")
        cursor.execute("INSERT INTO hist.short VALUES (1)")
        cursor.execute("DROP TEMPORARY TABLE hist.short")
        cursor.execute("INSERT INTO hist.plain (a) VALUES (5)")
    count = executed(server).subtract(start).count()
    found = Described(stream_of(server, start, count, "quiet"), SchemaTracker(first))
    expected = (["my_row_id", "a"], ["my_row_id"]) if server.version == "9" else (["a"], [])
    assert found.tables == [("hist.plain", *expected)]


def test_a_server_that_folds_names() -> None:
    """lower_case_table_names=1: statements may spell a table in any case, the table maps are in lower case."""
    with Mysql("5.6", server_id=97, options={"lower-case-table-names": "1"}) as own:
        execute(own, "CREATE DATABASE Hist", "CREATE TABLE HIST.Orders (Id INT PRIMARY KEY)")
        first = snapshot(own)
        start, count = _live(own, "ALTER TABLE hist.ORDERS ADD Note INT", "INSERT INTO Hist.orders VALUES (1, 2)")
        found = Described(stream_of(own, start, count, "fold"), SchemaTracker(first))
    assert found.tables == [("hist.orders", ["Id", "Note"], ["Id"])]


def test_a_snapshot_while_tables_change(server: Mysql) -> None:
    """A snapshot that is taken while another connection changes tables still belongs to its GTID set: statements
    outside the set, applied to it, give what the server has."""
    execute(server, "DROP DATABASE IF EXISTS hist", "CREATE DATABASE hist", "CREATE TABLE hist.t (a INT)")
    stop = threading.Event()

    def change() -> None:
        with server.connect() as connection, connection.cursor() as cursor:
            while not stop.is_set():
                cursor.execute("ALTER TABLE hist.t ADD b INT")
                cursor.execute("ALTER TABLE hist.t CHANGE b c BIGINT")
                time.sleep(random.uniform(0.05, 0.4))
                cursor.execute("ALTER TABLE hist.t DROP c")

    worker = threading.Thread(target=change)
    worker.start()
    try:
        taken = snapshot_between(server)
    finally:
        stop.set()
        worker.join()
    final = snapshot(server)
    count = executed(server).subtract(taken.snapshot).count()
    tracker = SchemaTracker(taken)
    if count:
        Described(stream_of(server, taken.snapshot, count, "motion"), tracker)
    assert tracker.history is not None
    name = TableName("hist", "t")
    assert tracker.history.tables[name].columns == final.tables[name].columns


def snapshot_between(server: Mysql) -> History:
    """A snapshot that is tried again while tables are in motion."""
    for _ in range(20):
        with contextlib.suppress(WorldProblem):
            return snapshot(server)
    raise AssertionError("no snapshot in twenty tries")
