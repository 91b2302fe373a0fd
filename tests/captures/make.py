"""Makes the captured binlogs beside it, which unit tests read and fuzz: ``python -m tests.captures.make``.

Small on purpose, with one of everything: ``mysql9.binlog`` has row metadata, every type, DDL, compressed and tagged
transactions; ``mysql56.binlog`` is a 5.6 file with neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actors.stack import Mysql
from tests.kit.binlog_capture import capturing

HERE = Path(__file__).parent

_COLUMNS = """a tinyint, b smallint unsigned, c mediumint, d int NOT NULL, e bigint unsigned, f float, g double,
  h decimal(14,4), i bit(11), j year, k date, l time(3), m datetime(6), n timestamp(2) NULL, o char(100),
  p varchar(300) CHARACTER SET latin1, q binary(4), r mediumblob, s text, t enum('x','y') CHARACTER SET latin1,
  u set('p','q','r'), v point"""
_VALUES = """-1, 2, -3, {n}, 5, 0.5, 1e100, -12345.6789, 1234, 2024, '2024-02-29', '-12:34:56.789',
  '2024-02-29 12:34:56.123456', '2024-02-29 12:34:56.12', 'char', 'ä', 'bin', REPEAT('r', 300), 'text', 'y', 'p,r',
  POINT(1, 2)"""


def _write(cursor: Any, extra_columns: str = "", extra_values: str = "") -> None:
    cursor.execute("DROP DATABASE IF EXISTS captured")
    cursor.execute("CREATE DATABASE captured")
    cursor.execute("USE captured")
    cursor.execute(f"CREATE TABLE all_types ({_COLUMNS}{extra_columns}, PRIMARY KEY (d, o(5)))")
    cursor.execute("CREATE TABLE plain (id int PRIMARY KEY, v varchar(20)) ENGINE=InnoDB")
    for n in (1, 2):
        cursor.execute(f"INSERT INTO all_types VALUES ({_VALUES.format(n=n)}{extra_values})")
    cursor.execute("INSERT INTO all_types (d, o) VALUES (3, '')")
    cursor.execute("BEGIN")
    cursor.execute("INSERT INTO plain VALUES (1, 'a'), (2, NULL)")
    cursor.execute("UPDATE all_types SET a = 9, s = NULL")
    cursor.execute("DELETE FROM plain")
    cursor.execute("COMMIT")


def main() -> None:
    """Both files, from fresh servers."""
    with Mysql("9") as server, server.connect() as connection, connection.cursor() as cursor:
        with capturing(server, cursor) as capture:
            _write(cursor, ", w json, x vector(3)", ", '{\"k\": [1]}', STRING_TO_VECTOR('[1,2,3]')")
            cursor.execute("SET gtid_next = 'AUTOMATIC:blue'")
            cursor.execute("SET binlog_transaction_compression = ON")
            cursor.execute("SET binlog_rows_query_log_events = ON")
            cursor.execute("INSERT INTO plain VALUES (7, 'zip'), (8, 'zap')")
        (HERE / "mysql9.binlog").write_bytes(capture.file_bytes)
    with Mysql("5.6") as server, server.connect() as connection, connection.cursor() as cursor:
        with capturing(server, cursor) as capture:
            _write(cursor)
        (HERE / "mysql56.binlog").write_bytes(capture.file_bytes)


if __name__ == "__main__":
    main()
