"""Optional metadata fields, byte by byte."""

from __future__ import annotations

import pytest

from ingest.binlog.cursor import Damage
from ingest.binlog.field_types import FieldType as F
from ingest.binlog.optional_metadata import OptionalMetadata, read_optional_metadata
from tests.kit.binlog_writer import packed

TYPES = [F.LONG, F.VARCHAR, F.ENUM, F.BLOB, F.SET, F.TINY, F.VECTOR, F.GEOMETRY, F.YEAR, F.STRING]


def field(kind: int, *numbers: int) -> bytes:
    value = b"".join(packed(number) for number in numbers)
    return bytes([kind]) + packed(len(value)) + value


def texts(*values: str) -> list[int]:
    return [number for value in values for number in (len(value), *value.encode())]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (bytes([1, 1, 0b01000000]), OptionalMetadata(unsigned={0: False, 5: True, 8: False})),
        (field(2, 255), OptionalMetadata(collations={1: 255, 3: 255, 6: 255, 9: 255})),
        (field(2, 255, 1, 63, 3, 8), OptionalMetadata(collations={1: 255, 3: 63, 6: 255, 9: 8})),
        (field(3, 8, 63, 63, 300), OptionalMetadata(collations={1: 8, 3: 63, 6: 63, 9: 300})),
        (field(10, 45, 1, 8), OptionalMetadata(collations={2: 45, 4: 8})),
        (field(11, 45, 8), OptionalMetadata(collations={2: 45, 4: 8})),
        (field(5, 2, *texts("a", "bc")), OptionalMetadata(members={4: [b"a", b"bc"]})),
        (field(6, 1, *texts("x")), OptionalMetadata(members={2: [b"x"]})),
        (field(7, 4), OptionalMetadata(geometry_types={7: 4})),
        (field(8, 3, 0), OptionalMetadata(primary_key=(3, 0))),
        (field(9, 3, 10, 0, 0), OptionalMetadata(primary_key=(3, 0))),
        (field(13, 768), OptionalMetadata(vector_dimensions={6: 768})),
        (bytes([12, 2, 0b10111111, 0b01000000]), OptionalMetadata(visible=[True, False, *[True] * 6, False, True])),
        (field(4, *texts(*"abcdefghij")), OptionalMetadata(names=[bytes([97 + i]) for i in range(10)])),
        (field(99, 1, 2, 3), OptionalMetadata()),
        (b"", OptionalMetadata()),
    ],
)
def test_fields(data: bytes, expected: OptionalMetadata) -> None:
    """Each field counts only the columns of its kind; one of a newer kind is passed over."""
    assert read_optional_metadata(data, TYPES) == expected


def test_sign_behind_a_year() -> None:
    """A YEAR takes a bit of its own in SIGNEDNESS, so that the columns behind it keep theirs."""
    found = read_optional_metadata(bytes([1, 1, 0b01010000]), [F.LONG, F.YEAR, F.LONG, F.LONG])
    assert found.unsigned == {0: False, 1: True, 2: False, 3: True}


@pytest.mark.parametrize(
    "data",
    [
        field(3, 8, 63),
        field(2, 255, 1),
        field(2, 255, 9, 8),
        field(8, 10),
        field(4, *texts("a")),
        field(4, *texts(*"abcdefghijk")),
        field(7, 1, 2),
        bytes([1, 9, 0]),
        bytes([12, 1, 0]),
    ],
)
def test_fields_that_do_not_fit(data: bytes) -> None:
    """A field for other columns than the table has is damage."""
    with pytest.raises((Damage, IndexError)):
        read_optional_metadata(data, TYPES)
