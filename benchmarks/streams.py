"""The binlogs that are decoded: one MySQL 9 of its own per case, written once, so that it holds nothing else.

A block is one transaction that inserts rows, one that updates them all, and one that deletes every twentieth. The
server makes the values, so writing is quick. MySQL doesn't sync while it writes: only reading is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from actors.stack import Mysql
from benchmarks.scope import Scope

DATABASE = "bench"
USER, PASSWORD = "bench", "bench"
DELETED_OF = 20
FAST_WRITES = {"sync_binlog": "0", "innodb_flush_log_at_trx_commit": "0", "innodb_buffer_pool_size": "512M"}


@dataclass(frozen=True, slots=True)
class StreamCase:
    """``columns``: SQL definitions behind the key; ``values``: an expression of ``n`` for each; ``change``: what an
    update sets. ``rows`` / ``quick_rows``: about how many row changes, block by block over ``tables`` equal tables. ``block``: rows of an insert; 0: every row
    change is a transaction of its own.
    """

    name: str
    columns: tuple[str, ...]
    values: tuple[str, ...]
    change: str
    rows: int
    quick_rows: int
    block: int = 1000
    tables: int = 1
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """A server whose binlog holds a case and nothing else. ``rows``: its row changes; ``uuid``: the server's."""

    case: StreamCase
    mysql: Mysql
    rows: int
    uuid: str

    @property
    def version(self) -> str:
        """The server's, as told in the results."""
        return f"MySQL {self.mysql.version_found}"


_NARROW = ("a INT NOT NULL", "b BIGINT", "c VARCHAR(20)")
_NARROW_VALUES = ("n % 1000", "n * 7919", "CONCAT('name ', n)")
_WIDE_TYPES = (
    ("INT", "n + {0}"),
    ("VARCHAR(20)", "CONCAT('v{0}-', n)"),
    ("DECIMAL(12,2)", "n / 100 + {0}"),
    ("DATETIME", "'2026-01-01' + INTERVAL n SECOND"),
)
_DOCUMENT = (
    "JSON_OBJECT('id', n, 'name', CONCAT('customer ', n), 'active', n % 2 = 0, 'score', n / 7, 'tags',"
    " JSON_ARRAY('a', 'b', n), 'address', JSON_OBJECT('street', CONCAT('Street ', n), 'city', 'Town',"
    " 'at', JSON_ARRAY(n / 1000, n / 2000)), 'lines', JSON_ARRAY(JSON_OBJECT('sku', n, 'count', 3, 'price', 9.5),"
    " JSON_OBJECT('sku', n + 1, 'count', 1, 'price', 19.5)))"
)

CASES = (
    StreamCase("narrow", _NARROW, _NARROW_VALUES, "b = b + 1", 3_000_000, 200_000),
    StreamCase(
        "wide",
        tuple(f"c{i} {_WIDE_TYPES[i % 4][0]}" for i in range(1, 100)),
        tuple(_WIDE_TYPES[i % 4][1].format(i) for i in range(1, 100)),
        "c4 = c4 + 1",
        150_000,
        15_000,
    ),
    StreamCase(
        "json", ("doc JSON", "more JSON"), (_DOCUMENT,) * 2, "doc = JSON_SET(doc, '$.score', 1)", 300_000, 20_000
    ),
    StreamCase(
        "blob", ("b LONGBLOB",), ("REPEAT(UNHEX(SHA2(n, 512)), 160)",), "b = CONCAT(b, 'x')", 40_000, 4_000, 100
    ),
    StreamCase("single", _NARROW, _NARROW_VALUES, "b = b + 1", 400_000, 30_000, 0),
    StreamCase(
        "compressed",
        _NARROW,
        _NARROW_VALUES,
        "b = b + 1",
        2_000_000,
        200_000,
        options={"binlog_transaction_compression": "ON"},
    ),
)


@contextmanager
def written(case: StreamCase, scope: Scope) -> Iterator[Stream]:
    """The case's server with its binlog; gone afterwards."""
    with Mysql(options={**FAST_WRITES, **case.options}, progress=scope.tell) as mysql:
        with mysql.connect() as connection, connection.cursor() as cursor:
            prepare(cursor, case)
            scope.tell(f"{case.name}: writing the binlog")
            rows = write(cursor, case, scope.size(case.rows, case.quick_rows))
            cursor.execute("SELECT @@server_uuid")
            uuid = str(cursor.fetchone()[0])
        log_in_once(mysql)
        yield Stream(case, mysql, rows, uuid)


def prepare(cursor: Any, case: StreamCase) -> None:
    """Account, database and table."""
    cursor.execute(f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
    cursor.execute(f"GRANT ALL ON *.* TO {USER}@'127.0.0.1'")
    cursor.execute(f"CREATE DATABASE {DATABASE}")
    cursor.execute(f"USE {DATABASE}")
    columns = ", ".join(("id INT NOT NULL PRIMARY KEY", *case.columns))
    for number in range(case.tables):
        cursor.execute(f"CREATE TABLE t{number} ({columns})")
    cursor.execute("SET SESSION cte_max_recursion_depth = 1000000")


def write(cursor: Any, case: StreamCase, rows: int) -> int:
    """Write about so many row changes; how many they became."""
    if not case.block:
        return _write_singly(cursor, case, rows)
    written_rows, first = 0, 1
    while written_rows < rows:
        last = first + case.block - 1
        table = f"t{first // case.block % case.tables}"
        for statement in (_insert(case, table, first, last), *_changes(case, table, f"id BETWEEN {first} AND {last}")):
            written_rows += cursor.execute(statement)
        first = last + 1
    return written_rows


def log_in_once(mysql: Mysql) -> None:
    """Make the server remember the account's password: later log-ins need neither TLS nor its public key."""
    mysql.connect(user=USER, password=PASSWORD).close()


def _insert(case: StreamCase, table: str, first: int, last: int) -> str:
    numbers = f"WITH RECURSIVE s (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last})"
    return f"INSERT INTO {table} {numbers} SELECT n, {', '.join(case.values)} FROM s"


def _changes(case: StreamCase, table: str, where: str) -> tuple[str, str]:
    return (
        f"UPDATE {table} SET {case.change} WHERE {where}",
        f"DELETE FROM {table} WHERE {where} AND id % {DELETED_OF} = 0",
    )


def _write_singly(cursor: Any, case: StreamCase, rows: int) -> int:
    """Two thirds inserts, one third updates, by a procedure of the server: a round trip per row would take longer."""
    inserts = rows * 2 // 3
    update = f"UPDATE t0 SET {case.change} WHERE id = n - 1"
    cursor.execute(
        f"CREATE PROCEDURE fill() BEGIN DECLARE n INT DEFAULT 1; WHILE n <= {inserts} DO"
        f" INSERT INTO t0 SELECT n, {', '.join(case.values)};"
        f" IF n % 2 = 0 THEN {update}; END IF; SET n = n + 1; END WHILE; END"
    )
    cursor.execute("CALL fill()")
    return inserts + inserts // 2
