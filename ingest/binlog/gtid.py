"""GTID sets: exact interval algebra, MySQL's text and MySQL's wire encoding, tags included.

The frontier of a lane is a ``GtidSet``; the reader asks the source for everything outside it. A set is kept as
half-open intervals per *tsid* (source UUID, with ``:tag`` where the GTID has one, MySQL 8.3 and newer) and is never
flattened: a gap in it is a transaction that was not seen. ``GtidSet`` is a value; ``GtidSetBuilder`` is its mutable
twin for the one GTID per transaction of the hot path.

Sources: MySQL's sql/rpl_gtid_set.cc (text, encoding), libs/mysql/gtid (tags).
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.problems import DataProblem, declare

GTID_TEXT = declare(
    "gtid.text",
    "A GTID or GTID set can't be read.",
    "Write it as MySQL does: uuid:1-5:7 or uuid:tag:1-5, several sources joined by commas (see @@gtid_executed).",
)
GTID_ENCODING = declare(
    "gtid.encoding",
    "A binary GTID set from the server can't be read.",
    "The bytes are damaged or of a newer format: read the stream again; if it comes back, report it with the bytes.",
)

#: One more than the largest transaction number (GNO_END in MySQL's rpl_gtid.h).
GNO_END = (1 << 63) - 1

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TAG = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,31}")
_INTERVAL = re.compile(r"([0-9]{1,19})\s*(?:-\s*([0-9]{1,19}))?")
_TAGGED_FORMAT = 1

#: Interval bounds s1, e1, s2, e2 ... with s < e and e1 < s2: strictly rising, so a number is inside exactly when an
#: odd count of bounds is at or below it.
_Bounds = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GtidSet:
    """An exact, immutable set of GTIDs. Build it with ``parse``, ``decode`` or ``GtidSetBuilder.freeze``."""

    _bounds: Mapping[str, _Bounds] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> GtidSet:
        """MySQL's text to a set; white space, upper case and overlaps are allowed, as in MySQL. DataProblem else."""
        builder = GtidSetBuilder()
        for part in text.split(","):
            if part.strip():
                _parse_source(part, text, builder)
        return builder.freeze()

    @classmethod
    def decode(cls, data: bytes) -> GtidSet:
        """A set as PREVIOUS_GTIDS holds it (both encodings, see ``encode``). DataProblem for anything else."""
        try:
            return _decode(data)
        except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
            raise DataProblem(GTID_ENCODING, f"{len(data)} bytes are not a GTID set: {error}") from error

    def encode(self) -> bytes:
        """The set for COM_BINLOG_DUMP_GTID, as Gtid_set::encode does.

        Classic: u64 count of sources; each 16 bytes of UUID, u64 count of intervals, each interval two u64 (first,
        one past the last). With a tag anywhere, the tagged encoding of MySQL 8.3: the count is ``1 | count << 8 |
        1 << 56`` and each UUID is followed by its tag (length as a variable-length integer, then the characters).
        """
        tagged = any(len(tsid) > 36 for tsid in self._bounds)
        count = len(self._bounds)
        parts = [struct.pack("<Q", _TAGGED_FORMAT | count << 8 | _TAGGED_FORMAT << 56 if tagged else count)]
        for tsid in sorted(self._bounds):
            bounds = self._bounds[tsid]
            tag = tsid[37:].encode("ascii")
            parts.append(bytes.fromhex(tsid[:36].replace("-", "")))
            if tagged:  # at most 32 characters, so the length is one byte: the number shifted by one
                parts.append(bytes([len(tag) << 1]) + tag)
            parts.append(struct.pack(f"<Q{len(bounds)}Q", len(bounds) // 2, *bounds))
        return b"".join(parts)

    def __str__(self) -> str:
        """MySQL's canonical text on one line (MySQL itself puts a line feed behind each comma)."""
        sources: dict[str, list[str]] = {}
        for tsid in sorted(self._bounds):
            uuid, tag = tsid[:36], tsid[37:]
            words = sources.setdefault(uuid, [uuid])
            if tag:
                words.append(tag)
            words.extend(_interval_text(first, end) for first, end in _pairs(self._bounds[tsid]))
        return ",".join(":".join(words) for words in sources.values())

    def __repr__(self) -> str:
        return f"GtidSet({str(self)!r})"

    def __bool__(self) -> bool:
        return bool(self._bounds)

    def __hash__(self) -> int:
        return hash(frozenset(self._bounds.items()))

    def __contains__(self, gtid: object) -> bool:
        """Whether one GTID, as text, is in the set."""
        return isinstance(gtid, str) and _holds(self._bounds, gtid)

    def count(self) -> int:
        """How many GTIDs."""
        return sum(end - first for bounds in self._bounds.values() for first, end in _pairs(bounds))

    def intervals(self) -> Iterator[tuple[str, int, int]]:
        """(tsid, first, last) of every interval, in canonical order; ``last`` is included."""
        for tsid in sorted(self._bounds):
            for first, end in _pairs(self._bounds[tsid]):
                yield tsid, first, end - 1

    def union(self, other: GtidSet) -> GtidSet:
        """All GTIDs of either set."""
        return self._combine(other, lambda mine, theirs: mine or theirs)

    def subtract(self, other: GtidSet) -> GtidSet:
        """The GTIDs of this set that are not in the other (GTID_SUBTRACT)."""
        return self._combine(other, lambda mine, theirs: mine and not theirs)

    def intersect(self, other: GtidSet) -> GtidSet:
        """The GTIDs of both sets."""
        return self._combine(other, lambda mine, theirs: mine and theirs)

    def issubset(self, other: GtidSet) -> bool:
        """Whether the other set has all of this one (GTID_SUBSET)."""
        return not self.subtract(other)

    def _combine(self, other: GtidSet, keep: Callable[[bool, bool], bool]) -> GtidSet:
        combined: dict[str, _Bounds] = {}
        for tsid in self._bounds.keys() | other._bounds.keys():
            bounds = _sweep(self._bounds.get(tsid, ()), other._bounds.get(tsid, ()), keep)
            if bounds:
                combined[tsid] = bounds
        return GtidSet(combined)


class GtidSetBuilder:
    """A GTID set that grows one transaction at a time: appending costs O(1), anywhere else O(log n)."""

    __slots__ = ("_bounds",)

    def __init__(self, start: GtidSet | None = None) -> None:
        self._bounds: dict[str, list[int]] = (
            {tsid: list(bounds) for tsid, bounds in start._bounds.items()} if start is not None else {}
        )

    def add(self, gtid: str) -> bool:
        """Add one GTID. False when it was there already. DataProblem when the text isn't a GTID."""
        tsid, _, number = gtid.rpartition(":")
        bounds = self._bounds.get(tsid)
        if bounds is not None and number.isdecimal() and bounds[-1] == int(number) < GNO_END - 1:
            bounds[-1] += 1  # the next transaction of a source in canonical spelling: nothing else to check
            return True
        tsid, gno = split_gtid(gtid)
        return _insert(self._bounds.setdefault(tsid, []), gno, gno + 1)

    def add_interval(self, tsid: str, first: int, last: int) -> None:
        """Add ``first``..``last`` (included) of a source. DataProblem when they aren't GTIDs."""
        tsid, _ = split_gtid(f"{tsid}:{first}")
        if not first <= last < GNO_END:
            raise DataProblem(GTID_TEXT, f"{first}-{last} is not an interval of GTIDs")
        _insert(self._bounds.setdefault(tsid, []), first, last + 1)

    def __contains__(self, gtid: object) -> bool:
        return isinstance(gtid, str) and _holds(self._bounds, gtid)

    def freeze(self) -> GtidSet:
        """The set as a value; the builder may go on."""
        return GtidSet({tsid: tuple(bounds) for tsid, bounds in self._bounds.items() if bounds})


def _holds(bounds_of: Mapping[str, Sequence[int]], gtid: str) -> bool:
    tsid, _, number = gtid.rpartition(":")
    bounds = bounds_of.get(tsid)
    if bounds is not None and number.isascii() and number.isdecimal() and 0 < (gno := int(number)) < GNO_END:
        return bisect_right(bounds, gno) & 1 == 1  # in canonical spelling: nothing else to check
    tsid, gno = split_gtid(gtid)
    return bisect_right(bounds_of.get(tsid, ()), gno) & 1 == 1


def split_gtid(gtid: str) -> tuple[str, int]:
    """One GTID's text to (tsid in canonical spelling, transaction number). DataProblem when it isn't one."""
    tsid, _, number = gtid.strip().rpartition(":")
    uuid, tag = tsid[:36], tsid[37:]
    if not _UUID.fullmatch(uuid) or (len(tsid) > 36 and not (tsid[36] == ":" and _TAG.fullmatch(tag))):
        raise DataProblem(GTID_TEXT, f"{gtid!r} is not a GTID")
    return tsid.lower(), _gno(number, gtid)


def _gno(number: str, text: str) -> int:
    gno = int(number) if number.strip().isascii() and number.strip().isdecimal() else 0
    if not 0 < gno < GNO_END:
        raise DataProblem(GTID_TEXT, f"{number!r} in {text!r} is not a transaction number (1..{GNO_END - 1})")
    return gno


def _parse_source(part: str, text: str, builder: GtidSetBuilder) -> None:
    """One source: ``uuid`` and then, joined by colons, intervals and tags; a tag holds for the intervals behind it."""
    uuid, *words = [word.strip() for word in part.split(":")]
    if not _UUID.fullmatch(uuid):
        raise DataProblem(GTID_TEXT, f"{uuid!r} in {text!r} is not a UUID")
    tsid = uuid.lower()
    for word in words:
        if _TAG.fullmatch(word):
            tsid = f"{uuid}:{word}".lower()
            continue
        match = _INTERVAL.fullmatch(word)
        if not match:
            raise DataProblem(GTID_TEXT, f"{word!r} in {text!r} is neither an interval nor a tag")
        first = _gno(match[1], text)
        builder.add_interval(tsid, first, _gno(match[2], text) if match[2] else first)


def _pairs(bounds: Sequence[int]) -> Iterator[tuple[int, int]]:
    return zip(bounds[::2], bounds[1::2], strict=True)


def _interval_text(first: int, end: int) -> str:
    return str(first) if end == first + 1 else f"{first}-{end - 1}"


def _insert(bounds: list[int], first: int, end: int) -> bool:
    """Put [first, end) into rising bounds, joining what it touches. False when it was there already."""
    around = bisect_right(bounds, first)
    if around & 1 and end <= bounds[around]:
        return False
    low = bisect_left(bounds, first)  # odd: an interval is open before ``first``, or ends at it
    high = bisect_right(bounds, end)  # odd: an interval is open after ``end``, or starts at it
    bounds[low:high] = ([] if low & 1 else [first]) + ([] if high & 1 else [end])
    return True


def _sweep(mine: _Bounds, theirs: _Bounds, keep: Callable[[bool, bool], bool]) -> _Bounds:
    """Walk both bound lists in order; a bound of the result is where ``keep`` changes its answer."""
    result: list[int] = []
    left = right = 0
    inside = False
    while left < len(mine) or right < len(theirs):
        at = min(mine[left] if left < len(mine) else GNO_END, theirs[right] if right < len(theirs) else GNO_END)
        left += left < len(mine) and mine[left] == at
        right += right < len(theirs) and theirs[right] == at
        if keep(left & 1 == 1, right & 1 == 1) != inside:
            inside = not inside
            result.append(at)
    return tuple(result)


def _decode(data: bytes) -> GtidSet:
    (head,) = struct.unpack_from("<Q", data)
    form = head >> 56
    if form not in (0, _TAGGED_FORMAT):
        raise ValueError(f"encoding format {form} isn't known")
    count = (head & 0x00FFFFFFFFFFFFFF) >> 8 if form else head
    builder = GtidSetBuilder()
    at = 8
    for _ in range(count):
        tsid = data[at : at + 16].hex()
        tsid = "-".join((tsid[:8], tsid[8:12], tsid[12:16], tsid[16:20], tsid[20:]))
        at += 16
        if form:
            length = data[at] >> 1
            if data[at] & 1 or length > 32:
                raise ValueError("a tag is longer than 32 characters")
            tag = data[at + 1 : at + 1 + length].decode("ascii")
            tsid = f"{tsid}:{tag}" if tag else tsid
            at += 1 + length
        at = _decode_intervals(data, at, tsid, builder)
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes too many")
    return builder.freeze()


def _decode_intervals(data: bytes, at: int, tsid: str, builder: GtidSetBuilder) -> int:
    intervals: int = struct.unpack_from("<Q", data, at)[0]
    at += 8
    if intervals * 16 > len(data) - at:
        raise ValueError(f"{intervals} intervals don't fit")
    for first, end in struct.iter_unpack("<QQ", data[at : at + intervals * 16]):
        builder.add_interval(tsid, first, end - 1)
    return at + intervals * 16
