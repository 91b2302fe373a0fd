"""Statements of the binlog to changes: all that is understood, and all that must not be guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.mysql.server_version import parse_server_version
from ingest.schema_history.changes import (
    AddColumn,
    AddPrimaryKey,
    AlterTable,
    ChangeColumn,
    ChangeDatabase,
    Charset,
    ConvertCharset,
    CreateTable,
    CreateTableLike,
    DropColumn,
    DropPrimaryKey,
    DropTables,
    Name,
    Place,
    RenameColumn,
    RenameTables,
    RenameTo,
    SetDefaultCharset,
    ShowColumn,
    Unclear,
)
from ingest.schema_history.statements import read_statement

V9 = parse_server_version("9.7.4")
T = Name("", "t")


def read(sql: str) -> object:
    return read_statement(sql, V9)


def created(sql: str) -> CreateTable:
    change = read(sql)
    assert isinstance(change, CreateTable), change
    return change


def brief(action: object) -> object:
    """An action without its column's type."""
    if isinstance(action, AddColumn):
        return ("add", action.definition.name, action.place)
    if isinstance(action, ChangeColumn):
        return ("change", action.name, action.definition.name, action.place)
    return action


def actions(body: str) -> list[object]:
    change = read(f"ALTER TABLE t {body}")
    assert isinstance(change, AlterTable), change
    assert change.name == T
    return [brief(action) for action in change.actions]


@pytest.mark.parametrize(
    "sql",
    [
        "BEGIN",
        "COMMIT",
        "TRUNCATE TABLE t",
        "truncate t",
        "CREATE INDEX i ON t (a)",
        "CREATE UNIQUE INDEX i ON t (a)",
        "create fulltext index i on t (a)",
        "DROP INDEX i ON t",
        "CREATE VIEW v AS SELECT 1",
        "CREATE OR REPLACE ALGORITHM=MERGE VIEW v AS SELECT 1",
        "ALTER DEFINER=`a`@`b` VIEW v AS SELECT 2",
        "DROP VIEW IF EXISTS v",
        "CREATE DEFINER=`root`@`%` TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.a = 'ALTER TABLE t'; END",
        "CREATE PROCEDURE p() BEGIN ALTER TABLE t ADD a INT; END",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
        "GRANT SELECT ON *.* TO u",
        "CREATE USER u",
        "DROP USER u",
        "RENAME USER a TO b",
        "FLUSH PRIVILEGES",
        "ANALYZE TABLE t",
        "OPTIMIZE TABLE t",
        "SET PASSWORD FOR u = 'x'",
        "SAVEPOINT `a`",
        "XA START 'x'",
        "INSERT INTO t VALUES (1)",
        "CREATE TEMPORARY TABLE t (a INT)",
        "DROP TEMPORARY TABLE IF EXISTS t",
        "DROP /*!40005 TEMPORARY */ TABLE IF EXISTS `t`",
        "CREATE ROLE r",
        "ALTER INSTANCE ROTATE INNODB MASTER KEY",
        "CREATE TABLESPACE s ADD DATAFILE 'f'",
        "ALTER EVENT e DISABLE",
        "CREATE SPATIAL REFERENCE SYSTEM 1 NAME 'x'",
        "/* only a comment */",
        "",
        "# note",
    ],
)
def test_no_table_changes(sql: str) -> None:
    """What surely leaves all columns alone is passed over."""
    assert read(sql) is None


@pytest.mark.parametrize(
    "sql",
    [
        "FROBNICATE TABLE t",
        "IMPORT TABLE FROM 'x.sdi'",
        "CREATE FROB x",
        "DROP FROB x",
        "`quoted`",
        "CREATE TABLE",
        "DROP TABLE a b",
        "RENAME TABLE a b",
        "CREATE DATABASE d FROB 3",
        "'unended",
    ],
)
def test_what_cannot_be_understood_at_all(sql: str) -> None:
    """A statement that could be about any table is unclear for all of them."""
    change = read(sql)
    assert isinstance(change, Unclear)
    assert change.names == ()


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (a INT) SELECT 1 AS b",
        "CREATE TABLE t SELECT 1",
        "CREATE TABLE t AS SELECT 1",
        "CREATE TABLE t (a INT) ENGINE=InnoDB AS SELECT 1",
        "CREATE TABLE t (a INT) PARTITION BY HASH (a) PARTITIONS 2 SELECT 1 AS b",
        "CREATE TABLE t (SELECT 1)",
        "CREATE TABLE t (a FROB)",
        "CREATE TABLE t (a INT FROB)",
        "CREATE TABLE t (a INT) FROB=1",
        "CREATE TABLE t (a INT, FROB b)",
        "CREATE TABLE t (a ENUM('x\\\\y'))",
        "CREATE TABLE t (a INT) COLLATE=utf8_bin CHARSET=utf8",
        "ALTER TABLE t FROB",
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT",
        "ALTER TABLE t ADD a INT, FROB b",
        "ALTER TABLE t ADD a INT FROB",
        "ALTER TABLE t DROP",
        "ALTER TABLE t ADD COLUMN a",
        "ALTER TABLE t CONVERT TO FROB",
        "ALTER TABLE t ENABLE FROB",
        "ALTER TABLE t ADD a INT ADD b INT",
    ],
)
def test_what_is_unclear_for_one_table(sql: str) -> None:
    """A statement about a known table that isn't understood in full is unclear for that table only."""
    change = read(sql)
    assert isinstance(change, Unclear), change
    assert change.names == (T,)
    assert change.why


def test_create_table() -> None:
    """Columns, keys, options and comments of a full definition."""
    change = created(
        """/* app */ CREATE TABLE IF NOT EXISTS `shop`.`orders` (
          `id` bigint unsigned NOT NULL AUTO_INCREMENT COMMENT 'a, b) PRIMARY KEY',
          no varchar(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'x''y',
          kind ENUM('a','b') CHARSET gbk DEFAULT 'a',
          price decimal(10,2) DEFAULT -1.50, rate FLOAT DEFAULT .5, e DOUBLE DEFAULT 1e5, g DOUBLE DEFAULT 1.,
          at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
          made datetime DEFAULT now(), bits BIT(3) DEFAULT b'101', raw VARBINARY(3) DEFAULT x'00', n2 CHAR(3) DEFAULT N'x',
          u VARCHAR(3) DEFAULT _utf8mb4'x' COLLATE utf8mb4_bin, j JSON DEFAULT (JSON_ARRAY(1, ')')), flag BOOL DEFAULT TRUE,
          v INT GENERATED ALWAYS AS (`id` + (1)) VIRTUAL, s INT AS (id) STORED NOT NULL, hidden INT INVISIBLE,
          c INT CHECK (c > 0) NOT ENFORCED, d INT CONSTRAINT dd CHECK (d > 0), p POINT NOT NULL SRID 4326,
          r INT REFERENCES other (id) MATCH FULL ON DELETE SET NULL ON UPDATE NO ACTION,
          st INT COLUMN_FORMAT FIXED STORAGE DISK, `key` INT UNIQUE KEY, `primary` INT UNIQUE,
          PRIMARY KEY (`id`, no(10) DESC) USING BTREE COMMENT 'k', KEY (c), KEY `k 2` USING BTREE (c, d) KEY_BLOCK_SIZE=4,
          UNIQUE INDEX (d), FULLTEXT KEY f (no) WITH PARSER ngram, SPATIAL INDEX (p), INDEX fn ((c + 1)) INVISIBLE,
          CONSTRAINT fk FOREIGN KEY ix (r) REFERENCES shop.other (id) ON DELETE CASCADE, FOREIGN KEY (r) REFERENCES o (i),
          CHECK (c <> d), CONSTRAINT CHECK (1), CONSTRAINT uq UNIQUE (c)
        ) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC COMMENT='x) y'
          STATS_PERSISTENT=0, KEY_BLOCK_SIZE 8 DATA DIRECTORY='/x' UNION=(a,b) START TRANSACTION
        /*!50100 PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10) ENGINE = InnoDB) */"""
    )
    assert change.name == Name("shop", "orders")
    assert change.if_not_exists
    assert change.primary_key == ("id", "no")
    assert change.charset == Charset("utf8mb4", "utf8mb4_bin")
    names = [
        "id",
        "no",
        "kind",
        "price",
        "rate",
        "e",
        "g",
        "at",
        "made",
        "bits",
        "raw",
        "n2",
        "u",
        "j",
        "flag",
        "v",
        "s",
        "hidden",
        "c",
        "d",
        "p",
        "r",
        "st",
        "key",
        "primary",
    ]
    assert [column.name for column in change.columns] == names
    by_name = {column.name: column for column in change.columns}
    assert by_name["no"].collation == "latin1_bin"
    assert by_name["u"].collation == "utf8mb4_bin"
    assert by_name["kind"].type.members == ("a", "b")
    assert by_name["id"].type.unsigned
    assert [name for name, column in by_name.items() if not column.visible] == ["hidden"]


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ("id INT PRIMARY KEY", ("id",)),
        ("id INT KEY, b INT", ("id",)),
        ("id INT NOT NULL AUTO_INCREMENT COMMENT 'x' PRIMARY KEY", ("id",)),
        ("a INT, b INT, PRIMARY KEY (b, a)", ("b", "a")),
        ("a INT, CONSTRAINT `x` PRIMARY KEY `y` USING HASH (a ASC)", ("a",)),
        ("a INT UNIQUE KEY, KEY (a)", ()),
        ("id SERIAL", ()),
    ],
)
def test_primary_keys(body: str, key: tuple[str, ...]) -> None:
    """Keys of the table and of a column; unique isn't primary."""
    assert created(f"CREATE TABLE t ({body})").primary_key == key


def test_create_like() -> None:
    """Both forms of LIKE."""
    expected = CreateTableLike(Name("a", "t"), Name("b", "u"))
    assert read("CREATE TABLE a.t LIKE b.u") == read("create table a.t (like b.u)") == expected
    assert read("CREATE TABLE IF NOT EXISTS t LIKE u") == CreateTableLike(T, Name("", "u"), if_not_exists=True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("ADD a INT", [("add", "a", None)]),
        ("ADD COLUMN a INT FIRST", [("add", "a", Place())]),
        ("ADD a INT NOT NULL DEFAULT 3 AFTER `b c`", [("add", "a", Place("b c"))]),
        ("ADD (a INT, b INT DEFAULT (1), KEY (a))", [("add", "a", None), ("add", "b", None)]),
        ("ADD (a INT PRIMARY KEY)", [("add", "a", None), AddPrimaryKey(("a",))]),
        ("ADD a INT PRIMARY KEY FIRST", [("add", "a", Place()), AddPrimaryKey(("a",))]),
        ("ADD a INT, ADD b INT AFTER a", [("add", "a", None), ("add", "b", Place("a"))]),
        ("DROP a", [DropColumn("a")]),
        ("DROP COLUMN a CASCADE", [DropColumn("a")]),
        ("DROP PRIMARY KEY, ADD PRIMARY KEY (a, b(3))", [DropPrimaryKey(), AddPrimaryKey(("a", "b"))]),
        ("ADD CONSTRAINT x PRIMARY KEY (a)", [AddPrimaryKey(("a",))]),
        ("MODIFY a BIGINT UNSIGNED FIRST", [("change", "a", "a", Place())]),
        ("MODIFY COLUMN a INT PRIMARY KEY", [("change", "a", "a", None), AddPrimaryKey(("a",))]),
        ("CHANGE a b VARCHAR(3) AFTER c", [("change", "a", "b", Place("c"))]),
        ("RENAME COLUMN a TO b", [RenameColumn("a", "b")]),
        ("RENAME TO u", [RenameTo(Name("", "u"))]),
        ("RENAME AS d.u", [RenameTo(Name("d", "u"))]),
        ("RENAME u", [RenameTo(Name("", "u"))]),
        ("RENAME = u", [RenameTo(Name("", "u"))]),
        ("ALTER a SET INVISIBLE", [ShowColumn("a", False)]),
        ("ALTER COLUMN a SET VISIBLE", [ShowColumn("a", True)]),
        ("CONVERT TO CHARACTER SET gbk COLLATE gbk_bin", [ConvertCharset(Charset("gbk", "gbk_bin"))]),
        ("CONVERT TO CHARSET DEFAULT", [ConvertCharset(Charset(inherit=True))]),
        ("DEFAULT CHARACTER SET = gbk", [SetDefaultCharset(Charset("gbk"))]),
        ("CHARSET gbk COLLATE gbk_bin", [SetDefaultCharset(Charset("gbk", "gbk_bin"))]),
        ("COLLATE=gbk_bin", [SetDefaultCharset(Charset("", "gbk_bin"))]),
        ("ENGINE=InnoDB DEFAULT CHARSET=gbk, COMMENT 'x'", [SetDefaultCharset(Charset("gbk"))]),
        ("COMMENT = 'x', ADD a INT", [("add", "a", None)]),
    ],
)
def test_alterations(body: str, expected: list[object]) -> None:
    """Each action, alone and beside others."""
    assert actions(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "",
        "FORCE",
        "ENGINE=InnoDB",
        "ENGINE InnoDB ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8",
        "ADD INDEX (a)",
        "ADD KEY k USING BTREE (a) COMMENT 'x'",
        "ADD UNIQUE (a), ADD FULLTEXT f (b), ADD SPATIAL INDEX (c)",
        "ADD CONSTRAINT x UNIQUE KEY y (a)",
        "ADD CONSTRAINT x FOREIGN KEY (a) REFERENCES b (c) ON DELETE CASCADE",
        "ADD CONSTRAINT x CHECK (a > 0) ENFORCED",
        "DROP INDEX i, DROP KEY k, DROP FOREIGN KEY f, DROP CHECK c, DROP CONSTRAINT d",
        "RENAME INDEX a TO b",
        "ALTER INDEX i INVISIBLE",
        "ALTER CHECK c NOT ENFORCED",
        "ALTER a SET DEFAULT 'x', ALTER COLUMN b DROP DEFAULT, ALTER c SET DEFAULT (1 + (2))",
        "ENABLE KEYS, DISABLE KEYS",
        "DISCARD TABLESPACE",
        "ALGORITHM=INPLACE, LOCK NONE, WITHOUT VALIDATION",
        "ORDER BY a, b DESC",
        "ADD PARTITION (PARTITION p1 VALUES LESS THAN (3))",
        "DROP PARTITION p0, p1",
        "TRUNCATE PARTITION ALL",
        "EXCHANGE PARTITION p WITH TABLE u WITH VALIDATION",
        "REORGANIZE PARTITION p0, p1 INTO (PARTITION p VALUES IN (1))",
        "PARTITION BY HASH (a) PARTITIONS 4",
        "REMOVE PARTITIONING",
        "ENGINE=InnoDB PARTITION BY KEY () PARTITIONS 2",
        "AUTO_INCREMENT = 5, STATS_SAMPLE_PAGES 3",
        "SECONDARY_LOAD",
    ],
)
def test_alterations_that_change_no_column(body: str) -> None:
    """Keys, constraints, options, partitions: nothing to do, and nothing unclear."""
    assert actions(body) == []


def test_actions_before_partitions_count() -> None:
    """What stands before PARTITION BY is done."""
    assert actions("ADD a INT PARTITION BY HASH (a)") == [("add", "a", None)]
    assert actions("ADD a INT, DROP b REMOVE PARTITIONING") == [("add", "a", None), DropColumn("b")]


def test_rename_and_drop() -> None:
    """Pairs and lists, in order."""
    pairs = ((Name("a", "t"), Name("b", "t")), (Name("", "x y"), Name("", "z")))
    assert read("RENAME TABLE a.t TO b.t, `x y` TO z") == RenameTables(pairs)
    assert read("DROP TABLE IF EXISTS `a`.`t`, u /* generated by server */") == DropTables(
        (Name("a", "t"), Name("", "u"))
    )
    assert read("drop tables t restrict") == DropTables((T,))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE DATABASE d", ChangeDatabase("create", "d")),
        ("CREATE SCHEMA IF NOT EXISTS `d d`", ChangeDatabase("create", "d d", Charset(), True)),
        (
            "CREATE DATABASE d CHARACTER SET = gbk COLLATE gbk_bin",
            ChangeDatabase("create", "d", Charset("gbk", "gbk_bin")),
        ),
        ("CREATE DATABASE d DEFAULT ENCRYPTION='N'", ChangeDatabase("create", "d")),
        ("ALTER DATABASE d CHARSET gbk", ChangeDatabase("alter", "d", Charset("gbk"))),
        ("ALTER DATABASE DEFAULT COLLATE gbk_bin", ChangeDatabase("alter", "", Charset("", "gbk_bin"))),
        ("ALTER DATABASE d READ ONLY = 1", ChangeDatabase("alter", "d")),
        ("DROP DATABASE IF EXISTS d", ChangeDatabase("drop", "d")),
    ],
)
def test_databases(sql: str, expected: ChangeDatabase) -> None:
    """Databases with their character sets."""
    assert read(sql) == expected


def test_executable_comments_go_by_the_servers_version() -> None:
    """What an old server didn't execute didn't happen."""
    sql = "ALTER TABLE t ADD a INT /*!80023 INVISIBLE */"
    new, old = read(sql), read_statement(sql, parse_server_version("5.6.24"))
    assert isinstance(new, AlterTable) and isinstance(old, AlterTable)
    assert not new.actions[0].definition.visible  # type: ignore[union-attr]
    assert old.actions[0].definition.visible  # type: ignore[union-attr]


WORDS = [
    "CREATE",
    "ALTER",
    "DROP",
    "TABLE",
    "ADD",
    "COLUMN",
    "a",
    "INT",
    "t",
    "(",
    ")",
    ",",
    ".",
    "'x'",
    "`y`",
    "PRIMARY",
    "KEY",
    "DEFAULT",
    "CHARSET",
    "=",
    "gbk",
    "FIRST",
    "AFTER",
    "1",
    "ENUM",
    "LIKE",
    "TO",
]


@given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_any_words_give_an_answer(words: list[str]) -> None:
    """Whatever stands there, the reader answers: a change, nothing, or unclear. It never raises and never hangs."""
    read(" ".join(words))
