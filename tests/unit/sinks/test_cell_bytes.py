"""ingest.sinks.cell_bytes: Arrow columns to HBase cells."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from ingest.problems import DataProblem
from ingest.sinks.cell_bytes import cell_texts


def cells(values: list[object], kind: pa.DataType, **metadata: str) -> list[bytes | None]:
    marks = {f"mysql.{name}": value for name, value in metadata.items()}
    return cell_texts(pa.array(values, kind), pa.field("f", kind, metadata=marks))


@pytest.mark.parametrize(
    ("values", "kind", "metadata", "expected"),
    [
        ([1, None, -(2**63)], pa.int64(), {}, [b"1", None, b"-9223372036854775808"]),
        ([0, 2024], pa.uint16(), {"type": "year"}, [b"0000", b"2024"]),
        ([Decimal("-12.50"), None], pa.decimal128(10, 2), {}, [b"-12.50", None]),
        ([Decimal("1E-30")], pa.decimal256(65, 30), {}, [b"0." + b"0" * 29 + b"1"]),
        ([0.1, 1.0, 1e15, None], pa.float32(), {}, [b"0.1", b"1", b"1e15", None]),
        ([True, False], pa.bool_(), {}, [b"1", b"0"]),
        (["aé\0", "", None], pa.string(), {}, ["aé\0".encode(), b"", None]),
        (['{"a": 1}'], pa.string(), {"type": "json"}, [b'{"a": 1}']),
        ([b"\x00\xff", None], pa.binary(), {}, [b"\x00\xff", None]),
        ([b"\x00\x00\x00\x00\x01"], pa.binary(), {"type": "geometry"}, [b"\x00\x00\x00\x00\x01"]),
        ([datetime.date(2024, 1, 2)], pa.date32(), {}, [b"2024-01-02"]),
        ([1704164645123456], pa.timestamp("us"), {"type": "datetime", "fsp": "2"}, [b"2024-01-02 03:04:05.12"]),
        ([1704164645000000], pa.timestamp("us", "UTC"), {"type": "timestamp", "fsp": "0"}, [b"2024-01-02 03:04:05"]),
        ([3723000000], pa.duration("us"), {"type": "time", "fsp": "1"}, [b"01:02:03.0"]),
        ([["a", "b"], [], None], pa.list_(pa.string()), {"type": "set"}, [b"a,b", b"", None]),
        ([[0.1, -2.0]], pa.list_(pa.float32()), {"type": "vector"}, [b"[0.1, -2.0]"]),
        ([None], pa.null(), {}, [None]),
    ],
)
def test_each_type(
    values: list[object], kind: pa.DataType, metadata: dict[str, str], expected: list[bytes | None]
) -> None:
    """Each Arrow type becomes the cell that configs/types.md promises."""
    assert cells(values, kind, **metadata) == expected


def test_unsupported_type() -> None:
    """An Arrow type without a cell form stops with a problem that names field and type."""
    with pytest.raises(DataProblem, match=r"document\.type_unsupported[\s\S]*field f"):
        cells([1], pa.time64("us"))
