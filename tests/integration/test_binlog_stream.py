"""The pure reader codec on what real MySQL servers write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from actors.stack import Mysql
from ingest.binlog.file import split_file
from ingest.binlog.framing import EventType
from ingest.binlog.gtid import GtidSet, GtidSetBuilder
from ingest.binlog.statements import StatementKind, classify_statement
from ingest.codec import (
    RowsEvent,
    Statement,
    TableMap,
    TransactionBegin,
    TransactionEnd,
)
from ingest.problems import DataProblem
from ingest.slices import Kind
from tests.kit.binlog_capture import capturing, dump
from tests.kit.binlog_reading import CODEC, events_of, file_events, walked
from tests.kit.codecs import needs_native
from tests.kit.oracle import oracle_events
from tests.kit.supplements import supplement_of
from tests.unit.native.test_captured import is_told, transactions_of

pytestmark = pytest.mark.integration

DATABASE = "binlog_stream"


@pytest.fixture
def cursor9(mysql9: Mysql) -> Iterator[Any]:
    with mysql9.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS binlog_stream")
        cursor.execute("USE binlog_stream")
        cursor.execute("SET time_zone = '+00:00'")
        yield cursor


@pytest.fixture
def cursor56(mysql56: Mysql) -> Iterator[Any]:
    with mysql56.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS binlog_stream")
        cursor.execute("USE binlog_stream")
        cursor.execute("SET time_zone = '+00:00'")
        yield cursor


ORDERS = """CREATE TABLE {name} (
  id bigint unsigned NOT NULL AUTO_INCREMENT, shop varchar(10) NOT NULL, kind tinyint NOT NULL, price decimal(10,2),
  note varchar(400) DEFAULT NULL, body mediumtext, made datetime(3), raw varbinary(300), code char(200) DEFAULT 'x',
  PRIMARY KEY (shop, id), KEY (id)) DEFAULT CHARSET=utf8mb4"""


def changes(cursor: Any, name: str, number: int = 300) -> None:
    """Inserts, updates and deletes of many rows, nulls and long values among them."""
    values = [
        (f"s{i % 7}", i % 100, None if i % 5 == 0 else i / 4, None if i % 3 == 0 else "n" * (i % 390),
         None if i % 4 == 0 else "b" * (i * 37 % 70_000), "2024-05-06 07:08:09.123", bytes([i % 256]) * (i % 290))
        for i in range(number)
    ]  # fmt: skip
    cursor.executemany(
        f"INSERT INTO {name} (shop, kind, price, note, body, made, raw) VALUES (%s, %s, %s, %s, %s, %s, %s)", values
    )
    cursor.execute(f"UPDATE {name} SET kind = kind + 1, note = NULL WHERE id % 2 = 0")
    cursor.execute(f"UPDATE {name} SET id = id + 100000 WHERE id % 10 = 0")
    cursor.execute(f"DELETE FROM {name} WHERE id % 3 = 0")


def oracle_rows(data: bytes) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """(kind of event, table, before, after) of each row, as mysql-replication reads it."""
    found = []
    for event in oracle_events(data):
        for row in getattr(event, "rows", None) or []:
            values = row.get("values", {})
            before, after = row.get("before_values", values), row.get("after_values", values)
            found.append((type(event).__name__, event.table, before, after))
    return found


ORACLE_NAMES = {Kind.INSERT: "WriteRowsEvent", Kind.UPDATE: "UpdateRowsEvent", Kind.DELETE: "DeleteRowsEvent"}


def test_rows_and_keys_agree_with_the_oracle(mysql9: Mysql, cursor9: Any) -> None:
    """mysql-replication finds the same rows in the same order, with the same keys and the same schema names."""
    cursor9.execute("DROP TABLE IF EXISTS o1, o2")
    with capturing(mysql9, cursor9) as capture:
        for name in ("o1", "o2"):
            cursor9.execute(ORDERS.format(name=name))
        cursor9.execute("BEGIN")
        changes(cursor9, "o1")
        changes(cursor9, "o2", 50)
        cursor9.execute("COMMIT")
    ours = []
    for rows in walked(file_events(capture.file_bytes)):
        table = rows.schema.name.table
        names = [column.name for column in rows.schema.columns]
        for index in range(len(rows.block.before)):
            before = rows.before_keys[index] if rows.before_keys else None
            after = rows.after_keys[index] if rows.after_keys else None
            ours.append((ORACLE_NAMES[rows.block.kind], table, before, after, names))
    theirs = []
    for kind, table, before, after in oracle_rows(capture.file_bytes):
        old = f"{before['shop']}|{before['id']}" if kind != "WriteRowsEvent" else None
        new = f"{after['shop']}|{after['id']}" if kind != "DeleteRowsEvent" else None
        theirs.append((kind, table, old, new, list(before)))
    assert len(ours) > 600
    assert ours == theirs


def test_transactions_and_positions(mysql9: Mysql, cursor9: Any) -> None:
    """GTIDs, commit times and positions are those that the server tells by other ways."""
    cursor9.execute("DROP TABLE IF EXISTS p1")
    with capturing(mysql9, cursor9) as capture:
        cursor9.execute("SELECT @@GLOBAL.gtid_executed, UNIX_TIMESTAMP(NOW(6)) * 1000000")
        executed_before, now_us = cursor9.fetchone()
        cursor9.execute(ORDERS.format(name="p1"))
        cursor9.execute("SET gtid_next = 'AUTOMATIC:blue_1'")
        changes(cursor9, "p1", 20)
        cursor9.execute("SET gtid_next = 'AUTOMATIC'")
        cursor9.execute("INSERT INTO p1 (shop, kind) VALUES ('a|b\\\\c', 1)")
        cursor9.execute("SELECT @@GLOBAL.gtid_executed")
        (executed_after,) = cursor9.fetchone()
    events = file_events(capture.file_bytes)
    begins = [event for event in events if isinstance(event, TransactionBegin)]
    ends = [event for event in events if isinstance(event, TransactionEnd)]
    builder = GtidSetBuilder(GtidSet.parse(executed_before))
    assert all(builder.add(begin.gtid) for begin in begins)
    assert builder.freeze() == GtidSet.parse(executed_after)
    assert sum(":blue_1:" in begin.gtid for begin in begins) == 4
    assert all(0 <= begin.commit_us - now_us < 60_000_000 for begin in begins)
    assert [begin.position for begin in begins[1:]] == [end.position for end in ends[:-1]]
    assert [begin.gtid for begin in begins] == [end.gtid for end in ends]
    assert walked(events)[-1].after_keys[0].startswith("a\\|b\\\\c|")


@pytest.mark.parametrize("compression", ["ON", "OFF"])
def test_compressed_transactions(mysql9: Mysql, cursor9: Any, compression: str) -> None:
    """A compressed transaction gives the same rows as a plain one, however large it inflates."""
    cursor9.execute("DROP TABLE IF EXISTS c1")
    cursor9.execute("SET binlog_transaction_compression = %s", (compression,))
    with capturing(mysql9, cursor9) as capture:
        cursor9.execute(ORDERS.format(name="c1"))
        cursor9.execute("BEGIN")
        changes(cursor9, "c1", 500)
        cursor9.execute("COMMIT")
    data = capture.file_bytes
    assert any(payload[4] == 40 for payload in split_file(data)) == (compression == "ON")
    rows = walked(file_events(data))
    assert sum(len(part.block.before) for part in rows) == 500 + 250 + 50 + sum(
        1 for number in range(1, 501) if (number + (100_000 if number % 10 == 0 else 0)) % 3 == 0
    )
    kinds = [type(event) for event in file_events(data)]
    assert kinds.count(TransactionBegin) == kinds.count(TransactionEnd) == 2


@needs_native
def test_a_tagged_transaction_states_its_length(mysql9: Mysql, cursor9: Any) -> None:
    """To the byte, as untagged ones do (tests/captures): what can't be large is known by its GTID event."""
    cursor9.execute("CREATE TABLE lengths (id INT PRIMARY KEY)")
    with capturing(mysql9, cursor9) as capture:
        cursor9.execute("SET gtid_next = 'AUTOMATIC:blue'")
        cursor9.execute("INSERT INTO lengths VALUES (1), (2), (3)")
        cursor9.execute("SET gtid_next = 'AUTOMATIC'")
    head, events = transactions_of(capture.file_bytes)
    assert events[0][4] == EventType.GTID_TAGGED
    length = sum(map(len, events))
    assert [is_told(head, events[:2], limit) for limit in (length, length - 1)] == [False, True]


def test_minimal_row_image(mysql9: Mysql, cursor9: Any) -> None:
    """With minimal images the key is in the before image, the after image holds the changed columns, and asking it
    for the key is refused.
    """
    cursor9.execute("DROP TABLE IF EXISTS m1")
    cursor9.execute(ORDERS.format(name="m1"))
    cursor9.execute("SET binlog_row_image = MINIMAL")
    with capturing(mysql9, cursor9) as capture:
        changes(cursor9, "m1", 40)
    events = file_events(capture.file_bytes)
    update = next(event for event in events if isinstance(event, RowsEvent) and event.kind == Kind.UPDATE)
    assert update.before_present[:1] == b"\x03"
    rows = walked(events)
    updated = next(part for part in rows if part.block.kind == Kind.UPDATE)
    numbers = [int(key.split("|")[1]) for key in updated.before_keys]
    assert numbers
    assert updated.before_keys == [f"s{(number - 1) % 7}|{number}" for number in numbers]
    walker = CODEC.walker(updated.schema, update.before_present, update.after_present)
    for after in (True, None):
        with pytest.raises(DataProblem, match=r"row\.key_absent"):
            walker.keys(updated.block.after, updated.schema.primary_key, after=after)


@pytest.mark.parametrize("checksum", ["CRC32", "NONE"])
def test_mysql_56_dump(mysql56: Mysql, cursor56: Any, checksum: str) -> None:
    """A dump from 5.6 decodes with checksums on and off; statements, rows and GTIDs are all there."""
    cursor56.execute(f"SET GLOBAL binlog_checksum = {checksum}")
    try:
        cursor56.execute("SELECT @@GLOBAL.gtid_executed")
        before = GtidSet.parse(cursor56.fetchone()[0])
        cursor56.execute("DROP TABLE IF EXISTS f1")
        cursor56.execute(ORDERS.format(name="f1"))
        changes(cursor56, "f1", 60)
        supplement = supplement_of(cursor56, DATABASE, "f1").encode()
        cursor56.execute("SELECT @@GLOBAL.gtid_executed")
        after = GtidSet.parse(cursor56.fetchone()[0])
        events = events_of(dump(mysql56, before, checksum), checksum=checksum == "CRC32")
    finally:
        cursor56.execute("SET GLOBAL binlog_checksum = CRC32")
    seen = GtidSet.parse(",".join(event.gtid for event in events if isinstance(event, TransactionBegin)))
    assert seen == after.subtract(before)
    assert [event.sql.split()[0] for event in events if isinstance(event, Statement)] == ["DROP", "CREATE"]
    rows = walked(events, supplement)
    assert len(rows[0].block.after) > 1
    assert rows[0].after_keys[:2] == ["s0|1", "s1|2"]
    assert rows[0].schema.primary_key == (1, 0)


def test_missing_metadata_is_named(mysql9: Mysql, cursor9: Any) -> None:
    """With MINIMAL metadata there are no names: without a supplement the schema is refused, with one it is the same
    as from FULL metadata; one of another table is refused.
    """
    cursor9.execute("DROP TABLE IF EXISTS n1")
    bodies = {}
    for metadata in ("MINIMAL", "FULL"):
        cursor9.execute(f"SET GLOBAL binlog_row_metadata = {metadata}")
        with capturing(mysql9, cursor9) as capture:
            cursor9.execute("DROP TABLE IF EXISTS n1")
            cursor9.execute(ALL_KINDS)
            cursor9.execute("INSERT INTO n1 (id) VALUES (1)")
        bodies[metadata] = next(e for e in file_events(capture.file_bytes) if isinstance(e, TableMap)).body
    extra = supplement_of(cursor9, DATABASE, "n1")
    full = CODEC.table_schema(bodies["FULL"], b"")
    minimal = CODEC.table_schema(bodies["MINIMAL"], extra.encode())
    assert [column.name for column in full.columns] == list(extra.names)
    assert full.columns == tuple(
        replace(column, visible=True) if column.name != "hidden" else replace(column, visible=False)
        for column in minimal.columns
    )
    assert full.primary_key == minimal.primary_key == (1, 0)
    assert tuple(column.members for column in full.columns) == extra.members
    assert tuple(column.collation for column in full.columns) == extra.collations
    with pytest.raises(DataProblem, match=r"schema\.unknown"):
        CODEC.table_schema(bodies["MINIMAL"], b"")
    wrong = replace(extra, types=(3, *extra.types[1:]))
    with pytest.raises(DataProblem, match=r"schema\.mismatch"):
        CODEC.table_schema(bodies["MINIMAL"], wrong.encode())


ALL_KINDS = """CREATE TABLE n1 (
  name varchar(20) CHARACTER SET latin1 NOT NULL DEFAULT 'x', id int unsigned NOT NULL, hidden int INVISIBLE,
  e enum('a','ß') CHARACTER SET latin1, s set('x','y'), c char(100), b binary(5), t text, bl blob, j json, g point,
  dec1 decimal(10,2) unsigned, d1 double, vec vector(7), bits bit(9), dt datetime(3), y year,
  PRIMARY KEY (id, name(5))) DEFAULT CHARSET=utf8mb4"""


def test_statement_format_is_seen(mysql9: Mysql, cursor9: Any) -> None:
    """A change written as a statement comes as a Statement that is a data change; its context events stop the
    stream by name.
    """
    cursor9.execute("DROP TABLE IF EXISTS st1")
    cursor9.execute("CREATE TABLE st1 (id int AUTO_INCREMENT PRIMARY KEY, v int)")
    cursor9.execute("SET binlog_format = STATEMENT")
    with capturing(mysql9, cursor9) as capture:
        cursor9.execute("INSERT INTO st1 (id, v) VALUES (7, 1)")
    cursor9.execute("SET binlog_format = ROW")
    (statement,) = [event for event in file_events(capture.file_bytes) if isinstance(event, Statement)]
    assert classify_statement(statement.sql) is StatementKind.DML
    cursor9.execute("SET binlog_format = STATEMENT")
    with capturing(mysql9, cursor9) as capture:
        cursor9.execute("INSERT INTO st1 (v) VALUES (1)")
    cursor9.execute("SET binlog_format = ROW")
    with pytest.raises(DataProblem, match=r"binlog\.statement_format"):
        file_events(capture.file_bytes)


def test_ddl_texts(mysql9: Mysql, cursor9: Any) -> None:
    """DDL comes as its text in any client character set, with database and sql_mode; CREATE TABLE ... SELECT is one
    transaction with rows.
    """
    cursor9.execute("SET sql_mode = 'ANSI_QUOTES'")
    with capturing(mysql9, cursor9) as capture:
        cursor9.execute('CREATE TABLE "d1" ("ä" int) COMMENT \'ö\'')
        cursor9.execute("SET character_set_client = latin1")
        cursor9.execute('ALTER TABLE d1 ADD "ü" int'.encode("latin-1"))
        cursor9.execute("SET character_set_client = utf8mb4")
        cursor9.execute("CREATE TABLE d2 (PRIMARY KEY (i)) SELECT 5 AS i")
        cursor9.execute("DROP TABLE d1, d2")
    events = file_events(capture.file_bytes)
    statements = [event for event in events if isinstance(event, Statement)]
    assert [statement.sql for statement in statements][:2] == [
        'CREATE TABLE "d1" ("ä" int) COMMENT \'ö\'',
        'ALTER TABLE d1 ADD "ü" int',
    ]
    assert all(classify_statement(statement.sql) is StatementKind.DDL for statement in statements)
    assert all(statement.database == DATABASE and statement.sql_mode & 4 for statement in statements)
    (rows,) = walked(events)
    assert rows.after_keys == ["5"]
    assert sum(isinstance(event, TransactionEnd) for event in events) == 4


def test_xa_stops(mysql9: Mysql, cursor9: Any) -> None:
    """An XA transaction with rows stops the stream at its rows, by name."""
    cursor9.execute("CREATE TABLE IF NOT EXISTS x1 (id int PRIMARY KEY)")
    with capturing(mysql9, cursor9) as capture:
        for sql in ("XA START 'a'", "INSERT INTO x1 VALUES (1)", "XA END 'a'", "XA PREPARE 'a'", "XA ROLLBACK 'a'"):
            cursor9.execute(sql)
    with pytest.raises(DataProblem, match=r"binlog\.xa"):
        file_events(capture.file_bytes)


def test_partial_json_is_marked(mysql9: Mysql, cursor9: Any) -> None:
    """JSON differences are told apart from whole rows."""
    cursor9.execute("DROP TABLE IF EXISTS j1")
    cursor9.execute("CREATE TABLE j1 (id int PRIMARY KEY, j json)")
    cursor9.execute("INSERT INTO j1 VALUES (1, JSON_OBJECT('a', REPEAT('x', 200), 'b', 1))")
    cursor9.execute("SET binlog_row_value_options = PARTIAL_JSON")
    with capturing(mysql9, cursor9) as capture:
        cursor9.execute("UPDATE j1 SET j = JSON_SET(j, '$.b', 2)")
    (rows,) = [event for event in file_events(capture.file_bytes) if isinstance(event, RowsEvent)]
    assert rows.partial_json
    assert rows.kind == Kind.UPDATE


def test_extra_row_information(mysql9: Mysql, cursor9: Any) -> None:
    """Partitioned tables write partition ids in front of their rows."""
    cursor9.execute("DROP TABLE IF EXISTS pt1")
    cursor9.execute("CREATE TABLE pt1 (id int PRIMARY KEY, v int) PARTITION BY HASH (id) PARTITIONS 4")
    with capturing(mysql9, cursor9) as capture:
        cursor9.execute("INSERT INTO pt1 VALUES (1, 1), (2, 2), (3, 3)")
        cursor9.execute("UPDATE pt1 SET id = id + 10")
    events = file_events(capture.file_bytes)
    rows = walked(events)
    assert sorted(key for part in rows if part.block.kind == Kind.INSERT for key in part.after_keys) == ["1", "2", "3"]
    assert sorted(key for part in rows if part.block.kind == Kind.UPDATE for key in part.after_keys) == [
        "11",
        "12",
        "13",
    ]


def test_rows_events_of_version_1() -> None:
    """Servers of before 5.6, and later ones set so, write rows events of version 1: the same rows come out."""
    with Mysql("5.6", options={"log_bin_use_v1_row_events": "1"}) as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {DATABASE}")
            cursor.execute(f"USE {DATABASE}")
            with capturing(server, cursor) as capture:
                cursor.execute(ORDERS.format(name="v1"))
                changes(cursor, "v1", 30)
            supplement = supplement_of(cursor, DATABASE, "v1").encode()
    assert {payload[4] for payload in split_file(capture.file_bytes)} >= {23, 24, 25}
    rows = walked(file_events(capture.file_bytes), supplement)
    assert sum(len(part.block.after) for part in rows if part.block.kind == Kind.INSERT) == 30
    assert rows[0].after_keys[:2] == ["s0|1", "s1|2"]
