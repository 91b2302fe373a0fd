"""Weight tables: how they are packed, and a mapping for ``str.translate`` that knows every character.

Packed form, base 85 of zlib of three runs of variable-length numbers (7 bits a byte, low first, zigzag for signs),
each run preceded by its count of numbers as 4 bytes little-endian: entries in the order of their weights, equal
steps joined:

    counts   how often a step is repeated
    points   difference of the code point from the entry before
    shapes   weights kept from the entry before, number of new ones, and each new one minus the one in its place
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Weights = tuple[int, ...]

_SURROGATES = 0xD800
_SHIFT = 0x2000

Step = tuple[int, ...]
"""Code point difference, weights kept, weights new, differences."""


def weight_text(weights: Iterable[int]) -> str:
    """Weights as characters in the same order."""
    return "".join(chr(one if one < _SURROGATES else one + _SHIFT) for one in weights)


class WeightMap(dict[int, str]):
    """Code point to weights as text, for ``str.translate``: the explicit ones, and a rule for all others."""

    def __init__(self, explicit: Mapping[int, Weights], implicit: Callable[[int], Weights]) -> None:
        super().__init__((point, weight_text(weights)) for point, weights in explicit.items())
        self.explicit = explicit
        self._implicit = implicit

    def __missing__(self, point: int) -> str:
        self[point] = text = weight_text(self._implicit(point))
        return text


def unpack(packed: str) -> dict[int, Weights]:
    """Packed form to weights by code point."""
    raw = zlib.decompress(base64.b85decode(packed))
    runs = []
    at = 0
    for _ in range(3):
        size = int.from_bytes(raw[at : at + 4], "little")
        at += 4
        run = []
        for _ in range(size):
            number, at = _number(raw, at)
            run.append(number)
        runs.append(run)
    return dict(_entries(*(iter(run) for run in runs)))


def _number(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1 if value % 2 == 0 else -(value >> 1) - 1), at


def _entries(counts: Iterator[int], points: Iterator[int], shapes: Iterator[int]) -> Iterator[tuple[int, Weights]]:
    point = 0
    weights: Weights = ()
    for count in counts:
        step, keep, new = next(points), next(shapes), next(shapes)
        differences = [next(shapes) for _ in range(new)]
        for _ in range(count):
            point += step
            weights = _applied(weights, keep, differences)
            yield point, weights


def _applied(before: Weights, keep: int, differences: Sequence[int]) -> Weights:
    new = [
        (before[place] if place < len(before) else 0) + difference
        for place, difference in enumerate(differences, start=keep)
    ]
    return (*before[:keep], *new)


def pack(explicit: Mapping[int, Weights]) -> str:
    """Weights by code point to the packed form (used to make the tables, and to test ``unpack``)."""
    counts: list[int] = []
    points: list[int] = []
    shapes: list[int] = []
    last: Step | None = None
    for step in _steps(explicit):
        if step == last:
            counts[-1] += 1
            continue
        last = step
        counts.append(1)
        points.append(step[0])
        shapes.extend(step[1:])
    raw = bytearray()
    for run in (counts, points, shapes):
        raw += len(run).to_bytes(4, "little")
        for number in run:
            _put(raw, number)
    return base64.b85encode(zlib.compress(bytes(raw), 9)).decode()


def _steps(explicit: Mapping[int, Weights]) -> Iterator[Step]:
    before_point = 0
    before: Weights = ()
    for weights, point in sorted((weights, point) for point, weights in explicit.items()):
        keep = 0
        while keep < min(len(weights), len(before)) and weights[keep] == before[keep]:
            keep += 1
        new = [weights[place] - (before[place] if place < len(before) else 0) for place in range(keep, len(weights))]
        yield (point - before_point, keep, len(new), *new)
        before_point, before = point, weights


def _put(raw: bytearray, number: int) -> None:
    value = number << 1 if number >= 0 else (-number << 1) - 1
    while value >= 0x80:
        raw.append(value & 0x7F | 0x80)
        value >>= 7
    raw.append(value)
