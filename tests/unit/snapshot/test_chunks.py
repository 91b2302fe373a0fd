"""SELECT statements by key."""

from ingest.binlog.field_types import FieldType as F
from ingest.schema import Column, TableName, TableSchema
from ingest.snapshot.chunks import TableQueries
from ingest.verify.selected_values import select_expression


def _table(*columns: Column, key: tuple[int, ...] = (0,)) -> TableQueries:
    schema = TableSchema(TableName("d`b", "t"), columns, key)
    return TableQueries(schema, tuple(range(len(columns))), select_expression)


ID = Column("id", F.LONGLONG, 0, nullable=False, unsigned=True)
CODE = Column("code", F.STRING, 0, nullable=False, collation=255)
KIND = Column("kind", F.ENUM, 0, nullable=False, collation=255, members=("a", "b"))


def test_first_chunk_has_no_condition() -> None:
    """It begins at the lowest key; the key's parts come behind the values."""
    assert _table(ID, CODE).chunk(None, 5) == "SELECT `id`, `code`, `id` FROM `d``b`.`t` ORDER BY `id` LIMIT 5"


def test_next_chunk_goes_on_after_a_composite_key() -> None:
    """(a, b) > (x, y) is written out, so that the index is used; an ENUM is compared by its number."""
    sql = _table(ID, KIND, key=(0, 1)).chunk((b"7", b"2"), 5)
    assert "WHERE `id` > 7 OR (`id` = 7 AND `kind` + 0 > 2) ORDER BY `id`, `kind` LIMIT 5" in sql
    assert sql.startswith("SELECT `id`, `kind`, `id`, `kind` + 0 FROM")


def test_key_texts_are_never_pasted() -> None:
    """A text key travels in hexadecimal, so nothing in it can end the literal."""
    sql = _table(CODE).rows([(b"x' OR '1'='1",)])
    assert "OR '1'" not in sql
    assert "`code` = _utf8mb4 X'" in sql


def test_binary_and_temporal_keys() -> None:
    """A binary key has no character set; a date is quoted."""
    binary = Column("b", F.STRING, 0, nullable=False, collation=63)
    day = Column("d", F.DATE, 0, nullable=False)
    sql = _table(binary, day, key=(0, 1)).rows([(b"\x00'", b"2024-01-01")])
    assert "WHERE (`b` = X'0027' AND `d` = '2024-01-01')" in sql


def test_last_rows() -> None:
    """Highest keys first; any rows where there is no key."""
    assert _table(ID).last(3).endswith("ORDER BY `id` DESC LIMIT 3")
    assert _table(ID, key=()).last(3) == "SELECT `id` FROM `d``b`.`t` LIMIT 3"
