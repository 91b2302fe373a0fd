"""Row images to columns of raw values: cuts each image once, for the columns that are wanted.

A row image is a null bitmap over the columns present, then the value of each present column that isn't null (MySQL
doc page "Rows_event"). Which bytes are which depends on the nulls alone, so a plan is made per null bitmap seen: runs
of fixed-size columns melt into one ``struct`` that ends with the next variable column's length; columns that aren't
wanted are pad bytes of it.

Invariants: every image ends exactly where its span ends, else DataProblem; plans kept are bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ingest.binlog.row_layout import StoredSize, stored_size
from ingest.binlog.values.malformed import malformed
from ingest.schema import TableSchema

Span = tuple[int, int]
"""Where an image starts and ends; an absent image has both alike."""

Raw = bytes | None

_PLANS_MAX = 4096
_LENGTH_CODES = {1: "B", 2: "H", 3: "3s", 4: "I"}
_VALUE_WANTED, _VALUE_SKIPPED, _LENGTH_OF_3 = 1, 2, 4


class _Step(NamedTuple):
    """One ``struct``; ``tail`` says what its last item is: 0 a value like the others, else the length of the value
    that follows, wanted or skipped, as a number or (_LENGTH_OF_3) as three bytes.
    """

    unpack: Callable[[bytes, int], tuple[Any, ...]]
    size: int
    tail: int


_Plan = tuple[tuple[_Step, ...], tuple[int, ...]]
"""How to cut an image with one null bitmap: the steps, and the places of NULLs among the wanted columns, rising."""


class ImageSplitter:
    """Cuts images of one table with one columns-present bitmap."""

    def __init__(self, schema: TableSchema, present: bytes, columns: Sequence[int]) -> None:
        """``columns``: the wanted columns, by index into the schema, all of them present."""
        self._present = [index for index in range(len(schema.columns)) if present[index // 8] >> (index % 8) & 1]
        self._sizes = {index: stored_size(schema.columns[index]) for index in self._present}
        self._wanted = sorted(set(columns))
        self._order = [self._wanted.index(column) for column in columns]
        self._null_bytes = (len(self._present) + 7) // 8
        self._plans: dict[bytes, _Plan] = {}

    def split(self, images: bytes, spans: Sequence[Span]) -> list[Sequence[Raw]]:
        """One sequence of raw values (None for NULL) per wanted column, one value per span.

        DataProblem ``value.malformed`` when an image isn't cut exactly at its end.
        """
        try:
            columns: list[Sequence[Raw]] = list(zip(*self._rows(images, spans), strict=True))
        except struct.error:
            raise malformed("a row image goes beyond the end of its slice") from None
        return [columns[place] if columns else () for place in self._order]

    def _rows(self, images: bytes, spans: Sequence[Span]) -> list[list[Raw]]:
        """The wanted values of each image, in binlog order. The hot loop of the decoder."""
        plans, null_bytes = self._plans, self._null_bytes
        absent: list[Raw] = [None] * len(self._wanted)
        rows = []
        for start, end in spans:
            if start == end:
                rows.append(absent)
                continue
            at = start + null_bytes
            steps, nulls = plans.get(images[start:at]) or self._plan(images[start:at])
            values: list[Any] = []
            for unpack, size, tail in steps:
                values += unpack(images, at)
                at += size
                if tail:
                    length = values.pop()
                    if tail & _LENGTH_OF_3:
                        length = int.from_bytes(length, "little")
                    if tail & _VALUE_WANTED:
                        values.append(images[at : at + length])
                    at += length
            if at != end:
                raise malformed(f"a row image of {end - start} bytes is cut after {at - start}")
            for place in nulls:
                values.insert(place, None)
            rows.append(values)
        return rows

    def _plan(self, bitmap: bytes) -> _Plan:
        """Makes and keeps the plan of a null bitmap."""
        if len(bitmap) != self._null_bytes:
            raise malformed("a row image ends within its null bitmap")
        null = {index for place, index in enumerate(self._present) if bitmap[place // 8] >> (place % 8) & 1}
        values = [(self._sizes[index], index in self._wanted) for index in self._present if index not in null]
        places = [place for place, index in enumerate(self._wanted) if index in null]
        if len(self._plans) >= _PLANS_MAX:
            self._plans.clear()
        plan = self._plans[bitmap] = (tuple(_steps(values)), tuple(places))
        return plan


def _steps(values: Sequence[tuple[StoredSize, bool]]) -> Iterator[_Step]:
    """The steps over values in their order: (size, whether it is wanted)."""
    codes = ""
    for size, is_wanted in values:
        if not size.length_bytes:
            codes += f"{size.fixed}{'s' if is_wanted else 'x'}"
            continue
        tail = _VALUE_WANTED if is_wanted else _VALUE_SKIPPED
        yield _step(codes + _LENGTH_CODES[size.length_bytes], tail | (_LENGTH_OF_3 if size.length_bytes == 3 else 0))
        codes = ""
    if codes:
        yield _step(codes, 0)


def _step(codes: str, tail: int) -> _Step:
    layout = struct.Struct("<" + codes)
    return _Step(layout.unpack_from, layout.size, tail)
