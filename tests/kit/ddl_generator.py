"""Random table definitions and changes as people and tools write them, for comparing a history with a server.

Statements are mostly valid; one that the server refuses is not in its binlog, so it does no harm. The generator keeps
no model of the tables: it asks for the columns that are there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

ChoiceT = TypeVar("ChoiceT")

Tables = Mapping[str, Sequence[str]]
"""``database.table`` -> its column names."""

DATABASES = ("ddl_a", "ddl_b")
_CHARSETS = ("latin1", "utf8", "utf8mb4", "gbk", "ucs2", "binary", "sjis", "ascii")
_COLLATIONS = ("latin1_bin", "utf8_unicode_ci", "utf8mb4_unicode_ci", "utf8mb4_bin", "gbk_bin", "latin1_german2_ci")
_NUMBERS = (
    "INT",
    "integer(11)",
    "TINYINT(1)",
    "bool",
    "SMALLINT",
    "INT2",
    "MEDIUMINT",
    "MIDDLEINT",
    "BIGINT",
    "INT8",
    "DECIMAL",
    "DECIMAL(12,3)",
    "DEC(5)",
    "NUMERIC(5, 2)",
    "FIXED(4)",
    "FLOAT",
    "FLOAT(7,3)",
    "FLOAT(20)",
    "FLOAT(30)",
    "DOUBLE",
    "DOUBLE PRECISION",
    "REAL",
    "float8",
)
_TEXTS = (
    "CHAR",
    "CHAR(10)",
    "CHARACTER(3)",
    "VARCHAR(20)",
    "CHARACTER VARYING(5)",
    "VARCHARACTER(5)",
    "TINYTEXT",
    "TEXT",
    "TEXT(300)",
    "MEDIUMTEXT",
    "LONGTEXT",
    "LONG VARCHAR",
    "LONG",
    "ENUM('a','b''c','d,e','(x)')",
    "SET('x','y','z')",
    "ENUM('one' , 'two  ')",
)
_OTHERS = (
    "NATIONAL CHAR(5)",
    "NCHAR(5)",
    "NATIONAL VARCHAR(5)",
    "NVARCHAR(5)",
    "NCHAR VARYING(4)",
    "NATIONAL CHARACTER VARYING(4)",
    "BINARY(4)",
    "VARBINARY(9)",
    "BLOB",
    "TINYBLOB",
    "LONGBLOB",
    "LONG VARBINARY",
    "CHAR(4) BYTE",
    "DATE",
    "TIME",
    "TIME(3)",
    "DATETIME",
    "DATETIME(6)",
    "TIMESTAMP NULL",
    "YEAR",
    "BIT",
    "BIT(12)",
    "GEOMETRY",
    "POINT",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
)
_OTHERS_9 = ("JSON", "VECTOR(4)", "GEOMCOLLECTION", "POINT SRID 4326", "INT INVISIBLE", "VARCHAR(5) INVISIBLE")


class DdlGenerator:
    """``statement(tables)`` gives the next statement. Seeded, so that a failure can be seen again."""

    def __init__(self, seed: int, new_server: bool) -> None:
        self._random = random.Random(seed)
        self._new_server = new_server
        self._count = 0

    def statement(self, tables: Tables) -> str:
        """A statement for tables as they are."""
        kinds: list[Callable[[Tables], str]] = [self._create] * (2 if len(tables) < 6 else 0)
        if tables:
            kinds += [self._alter] * 8 + [self._rename, self._drop, self._like, self._index, self._swap, self._truncate]
        kinds += [self._database]
        return self._pick(("", "", "/* app: x */ ", "-- note\n", "# note\n")) + self._pick(kinds)(tables)

    # --- words

    def _pick(self, choices: Iterable[ChoiceT]) -> ChoiceT:
        return self._random.choice(list(choices))

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _new_name(self, prefix: str) -> str:
        self._count += 1
        return self._pick((f"{prefix}{self._count}", f"`{prefix} {self._count}`", f"`{prefix}``{self._count}`"))

    def _quoted(self, name: str) -> str:
        plain = name.replace("_", "").isalnum() and not name[0].isdigit()
        quoted = "`" + name.replace("`", "``") + "`"
        return self._pick((name.upper() if self._chance(0.1) else name, quoted)) if plain else quoted

    def _table(self, name: str) -> str:
        database, _, table = name.partition(".")
        return f"{database}." + "`" + table.replace("`", "``") + "`"

    def _charset(self) -> str:
        style = self._random.randrange(4)
        if style == 0:
            return f" CHARACTER SET {self._pick(_CHARSETS)}"
        if style == 1:
            return f" CHARSET '{self._pick(_CHARSETS)}'"
        collation = self._pick(_COLLATIONS)
        return (
            f" COLLATE {collation}" if style == 2 else f" CHARACTER SET {collation.split('_')[0]} COLLATE {collation}"
        )

    def _type(self) -> str:
        kind = self._random.randrange(5)
        if kind < 2:
            return self._pick(_NUMBERS) + self._pick(("", "", " UNSIGNED", " unsigned zerofill", " ZEROFILL"))
        if kind < 4:
            text = self._pick(_TEXTS)
            if self._chance(0.4):
                text += self._charset()
            elif self._chance(0.15):
                text += self._pick((" BINARY", " ASCII", " UNICODE", " ASCII BINARY"))
            return text
        return str(self._pick(_OTHERS + (_OTHERS_9 if self._new_server else ())))

    def _attributes(self) -> str:
        return str(
            self._pick(
                (
                    "",
                    "",
                    "",
                    " NULL",
                    " DEFAULT NULL",
                    " COMMENT 'first, (after) ''x'' AFTER'",
                    ' COMMENT "it\'s"',
                    " NULL DEFAULT NULL COMMENT 'x'",
                )
            )
        )

    def _column(self, name: str) -> str:
        return f"{name} {self._type()}{self._attributes()}"

    # --- statements

    def _create(self, tables: Tables) -> str:
        database = self._pick(DATABASES)
        columns = [f"{self._new_name('c')}" for _ in range(self._random.randrange(1, 6))]
        parts = [self._column(name) for name in columns]
        key = self._random.randrange(4)
        if key == 0:
            parts[0] = f"{columns[0]} INT AUTO_INCREMENT {self._pick(('PRIMARY KEY', 'KEY'))}"
        elif key == 1:
            parts[0] = f"{columns[0]} INT NOT NULL DEFAULT -1"
            parts.append(f"a1 VARCHAR(9) NOT NULL DEFAULT 'q', PRIMARY KEY USING BTREE (a1(4), {columns[0]})")
        elif key == 2:
            parts.insert(0, "id SERIAL, CONSTRAINT pk PRIMARY KEY (id DESC)" if self._new_server else "id SERIAL")
        if self._chance(0.3):
            parts.append("z9 INT, INDEX (z9), UNIQUE KEY `u k` (z9) COMMENT 'k', KEY kk USING BTREE (z9, z9x), z9x INT")
        if self._new_server and self._chance(0.3):
            parts.append("gv INT AS (1 + 1) VIRTUAL, gs INT GENERATED ALWAYS AS (2) STORED, CHECK (1 = 1)")
        options = self._pick(("", "", " ENGINE=InnoDB", " COMMENT='CHARSET=gbk'", " AUTO_INCREMENT 5, ENGINE InnoDB"))
        if self._chance(0.4):
            options += f" DEFAULT{self._charset()}"
        if self._chance(0.1):
            options += " /*!50100 PARTITION BY KEY () PARTITIONS 2 */"
        exists = self._pick(("", "IF NOT EXISTS "))
        return f"CREATE TABLE {exists}{database}.{self._new_name('t')} ({', '.join(parts)}){options}"

    def _alter(self, tables: Tables) -> str:
        name = self._pick(tables)
        columns = list(tables[name])
        actions = [self._action(columns) for _ in range(self._pick((1, 1, 1, 2, 3)))]
        tail = (
            self._pick(("", "", "", ", ALGORITHM=COPY", ", LOCK = SHARED, FORCE")) if "PARTITION" not in actions else ""
        )
        return f"{self._pick(('ALTER TABLE', 'alter table'))} {self._table(name)} {', '.join(actions)}{tail}"

    def _action(self, columns: list[str]) -> str:
        column = self._quoted(self._pick(columns))
        place = self._pick(("", "", " FIRST", f" AFTER {self._quoted(self._pick(columns))}"))
        new = self._new_name("n")
        choices = [
            f"ADD COLUMN {self._column(new)}{place}",
            f"ADD {self._column(new)}{place}",
            f"ADD ({self._column(new)}, {self._column(self._new_name('n'))}, INDEX ({new}))",
            f"DROP COLUMN {column}",
            f"DROP {column}",
            f"MODIFY COLUMN {self._column(column)}{place}",
            f"MODIFY {self._column(column)}{place}",
            f"CHANGE {column} {self._column(new)}{place}",
            f"CHANGE COLUMN {column} {self._column(column)}{place}",
            f"ADD PRIMARY KEY ({column})",
            f"DROP PRIMARY KEY, ADD PRIMARY KEY ({column})",
            "DROP PRIMARY KEY",
            f"ADD UNIQUE KEY {new} ({column})",
            f"ALTER COLUMN {column} SET DEFAULT 5",
            f"ALTER {column} DROP DEFAULT",
            f"CONVERT TO{self._pick((' CHARACTER SET utf8mb4', ' CHARSET latin1', ' CHARACTER SET gbk COLLATE gbk_bin'))}",
            f"DEFAULT{self._charset()}",
            f"{self._charset()}",
            f"RENAME TO {self._pick(DATABASES)}.{self._new_name('t')}",
            f"RENAME AS {self._new_name('t')}",
            "ENGINE=InnoDB, COMMENT = 'x, ADD y INT'",
            "ENABLE KEYS",
            f"ORDER BY {column}",
        ]
        if self._new_server:
            choices += [
                f"RENAME COLUMN {column} TO {new}",
                f"RENAME COLUMN {column} TO {new}",
                f"ALTER COLUMN {column} SET INVISIBLE",
                f"ALTER COLUMN {column} SET VISIBLE",
                f"ALTER COLUMN {column} SET DEFAULT (CONCAT('a', ',b'))",
                f"ADD CONSTRAINT {new} CHECK ({column} <> 'x') NOT ENFORCED",
                f"ADD {new} INT DEFAULT (1 + (2)) CHECK ({new} > 0){place}",
                f"ADD INDEX {new} ((1 + 1), {column})",
                f"ADD {self._column(new)} /*!80023 INVISIBLE */",
            ]
        return str(self._pick(choices))

    def _rename(self, tables: Tables) -> str:
        return f"RENAME TABLE {self._table(self._pick(tables))} TO {self._pick(DATABASES)}.{self._new_name('t')}"

    def _swap(self, tables: Tables) -> str:
        """As migration tools put a new table in an old one's place."""
        one, two = self._pick(tables), self._pick(tables)
        spare = f"{one.partition('.')[0]}.{self._new_name('old')}"
        return f"RENAME TABLE {self._table(one)} TO {spare}, {self._table(two)} TO {self._table(one)}"

    def _drop(self, tables: Tables) -> str:
        names = ", ".join(self._table(name) for name in self._random.sample(list(tables), min(len(tables), 1)))
        return f"DROP TABLE {self._pick(('', 'IF EXISTS '))}{names}{self._pick(('', ' CASCADE'))}"

    def _like(self, tables: Tables) -> str:
        name = f"{self._pick(DATABASES)}.{self._new_name('l')}"
        source = self._table(self._pick(tables))
        return f"CREATE TABLE {name} {self._pick((f'LIKE {source}', f'(LIKE {source})'))}"

    def _index(self, tables: Tables) -> str:
        name = self._pick(tables)
        return f"CREATE INDEX {self._new_name('i')} ON {self._table(name)} ({self._quoted(self._pick(tables[name]))})"

    def _truncate(self, tables: Tables) -> str:
        return f"TRUNCATE TABLE {self._table(self._pick(tables))}"

    def _database(self, tables: Tables) -> str:
        database = self._pick(DATABASES)
        return str(
            self._pick(
                (
                    f"ALTER DATABASE {database}{self._charset()}",
                    f"ALTER SCHEMA {database} DEFAULT CHARACTER SET {self._pick(_CHARSETS)}",
                    f"CREATE DATABASE IF NOT EXISTS {database}{self._charset()}",
                    f"DROP DATABASE IF EXISTS {database}" if self._chance(0.1) else f"USE {database}",
                    f"CREATE DATABASE {database}",
                    f"CREATE VIEW {database}.{self._new_name('v')} AS SELECT 1 AS a",
                )
            )
        )
