"""Columns of operations that aren't a Python object per row: one value for all rows, texts in an Arrow array, flags.

All are sequences like the lists that they stand for; what is made of many rows at once (``ingest.native``) asks for
``value``, ``array`` and ``data`` instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, Literal, TypeVar, overload

import pyarrow as pa
import pyarrow.compute as pc

ValueT = TypeVar("ValueT")


class Same(Sequence[ValueT], Generic[ValueT]):
    """One value, ``count`` times."""

    def __init__(self, value: ValueT, count: int) -> None:
        self.value = value
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[ValueT]:
        return iter([self.value] * self._count)

    @overload
    def __getitem__(self, index: int) -> ValueT: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ValueT]: ...
    def __getitem__(self, index: int | slice) -> ValueT | Sequence[ValueT]:
        if isinstance(index, slice):
            return Same(self.value, len(range(self._count)[index]))
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self.value

    def count(self, value: object) -> int:
        """How many times a value stands in it."""
        return self._count if self.value == value else 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Iterable) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Same({self.value!r}, {self._count})"


class TextColumn(Sequence[str]):
    """The texts of an Arrow string array without nulls. They become Python's when one is asked for."""

    def __init__(self, array: pa.Array) -> None:
        self.array = array
        self._texts: list[str] | None = None

    def _list(self) -> list[str]:
        if self._texts is None:
            self._texts = self.array.to_pylist()
        return self._texts

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[str]:
        return iter(self._list())

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._list()[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Iterable) and self._list() == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"TextColumn({self._list()!r})"


class Flags(Sequence[bool]):
    """Booleans, a byte each."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @classmethod
    def of(cls, array: pa.Array) -> Flags:
        """An Arrow boolean array without nulls."""
        return cls(packed(pc.cast(array, pa.uint8())).tobytes())

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[bool]:
        return map(bool, self.data)

    @overload
    def __getitem__(self, index: int) -> bool: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bool]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return Flags(self.data[index]) if isinstance(index, slice) else bool(self.data[index])

    def count(self, value: object) -> int:
        """How many times a value stands in it."""
        return self.data.count(1 if value else 0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Iterable) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Flags({self.data!r})"


_Format = Literal["B", "I", "Q", "q"]
_FORMATS: dict[pa.DataType, _Format] = {pa.uint8(): "B", pa.uint32(): "I", pa.uint64(): "Q", pa.int64(): "q"}


def packed(array: pa.Array) -> memoryview[int]:
    """The numbers of an Arrow integer array without nulls, as they are."""
    width = array.type.bit_width // 8
    data: memoryview[int] = memoryview(array.buffers()[1] or b"").cast("B")
    return data[array.offset * width : (array.offset + len(array)) * width].cast(_FORMATS[array.type])


def taken(values: Sequence[ValueT], rows: Sequence[int]) -> Sequence[ValueT]:
    """Some of a column's rows, by number."""
    if isinstance(values, Same):
        return Same(values.value, len(rows))
    return [values[row] for row in rows]
