"""Text comparison under a column's collation.

A text is compared through its sort weights (``ingest.rules.weights``), binary collations through the text itself, in
which UTF-8's order is that of the code points. PAD SPACE collations don't count trailing spaces. Where a batch holds
nothing but printable ASCII, equality needs no weights: upper case does the same, in one Arrow kernel.

Which collation decides, when two texts meet, is MySQL's coercibility (reference manual, "Collation Coercibility in
Expressions"); a meeting that MySQL refuses is refused here, and so is a collation without a table.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ingest.binlog import charset_codecs  # noqa: F401  (registers the codecs that Python lacks)
from ingest.binlog.charsets import codec_of, collation_traits
from ingest.binlog.collation_table import COLLATIONS
from ingest.problems import DataProblem
from ingest.rules.bound import EXPLICIT, NUMBER, Bound, Values, on_distinct
from ingest.rules.refusal import unfollowed_collation
from ingest.rules.weights.table import WeightMap
from ingest.rules.weights.tables import ORDER_UNKNOWN, UNICODE_CHARSETS, weights_of

CONNECTION_COLLATION = 255
"""utf8mb4_0900_ai_ci: that of literals and of text made from numbers, as in a session with SET NAMES utf8mb4."""

_PRINTABLE = r"^[ -~]*$"
_NUMBERS = {name: number for number, name in COLLATIONS.items()}
# Around a space that isn't trailing: does what follows the run of spaces sort before or after a space?
_BEFORE, _END, _AFTER = "\U0010fffb", "\U0010fffc", "\U0010fffd"


@dataclass(frozen=True, slots=True)
class Collation:
    """What comparing needs of a collation. ``weights`` is None for a binary one."""

    number: int
    name: str
    charset: str
    pad_space: bool
    weights: WeightMap | None
    upper_is_enough: bool

    def fold(self, values: Sequence[Values], ordered: bool) -> list[Values]:
        """Several columns (or scalars) to texts that compare as bytes as the originals do under this collation.
        ``ordered``: for < and >, not only for equality.
        """
        if not ordered and self.upper_is_enough and all(_is_printable(one) for one in values):
            folded = [pc.ascii_upper(one) for one in values] if self.weights is not None else list(values)
            return [pc.ascii_rtrim(one, characters=" ") for one in folded] if self.pad_space else folded
        if self.weights is None and not (self.pad_space and ordered):
            return [pc.utf8_rtrim(one, characters=" ") for one in values] if self.pad_space else list(values)
        key = self._order_key if ordered else self._equality_key
        return [on_distinct(one, key, pa.string()) for one in values]

    def _weigh(self, text: str) -> str:
        return text if self.weights is None else text.translate(self.weights)

    @property
    def _space(self) -> str:
        return " " if self.weights is None else self.weights[ord(" ")]

    def _equality_key(self, text: str) -> str:
        weighed = self._weigh(text)
        return weighed.rstrip(self._space) if self.pad_space else weighed

    def _order_key(self, text: str) -> str:
        """A PAD SPACE text goes on in spaces forever, so what sorts before a space sorts before the text's end."""
        weighed = self._equality_key(text)
        space = self._space
        if not self.pad_space:
            return weighed

        def mark(run: re.Match[str]) -> str:
            follows = weighed[run.end() : run.end() + 1]
            return (space + (_BEFORE if follows < space else _AFTER)) * len(run.group())

        return re.sub(re.escape(space) + "+", mark, weighed) + space + _END


def _is_printable(values: Values) -> bool:
    if isinstance(values, pa.Scalar):
        return not values.is_valid or bool(re.match(_PRINTABLE, values.as_py()))
    return pc.all(pc.match_substring_regex(values, _PRINTABLE)).as_py() is not False


@functools.cache
def collation_by_number(number: int) -> Collation:
    """A collation that rules can follow. DataProblem (rule.unsupported_collation)."""
    traits = collation_traits(number)
    weights = None
    if not traits.binary:
        weights = weights_of(number)
        if weights is None:
            raise unfollowed_collation(
                f"text under {traits.name} can't be compared exactly", _bytes_hint(traits.charset)
            )
    ascii_alike = weights is None or all(
        weights[point] == weights[ord(chr(point).upper())] for point in range(0x20, 0x7F)
    )
    distinct = weights is None or len({weights[ord(chr(point).upper())] for point in range(0x20, 0x7F)}) == 0x5F - 26
    return Collation(number, traits.name, traits.charset, traits.pad_space, weights, ascii_alike and distinct)


def collation_by_name(name: str, charset: str) -> int:
    """COLLATE name, on a text of a character set. DataProblem when there is none such, or not for that set."""
    number = _NUMBERS.get(name)
    if number is None:
        raise unfollowed_collation(f"there is no collation {name}", f"Try COLLATE {charset}_bin.")
    if collation_traits(number).charset != charset:
        raise unfollowed_collation(f"{name} is not a collation of {charset}", f"Try COLLATE {charset}_bin.")
    return number


def deciding_collation(sides: Sequence[Bound], text: str, *, ordered: bool = False) -> Collation:
    """The collation under which texts meet. DataProblem (rule.unsupported_collation) where MySQL refuses the meeting
    or rules can't follow it.
    """
    strongest = min(side.coercibility for side in sides)
    numbers = list(dict.fromkeys(_number(side) for side in sides if side.coercibility == strongest))
    number = numbers[0]
    for other in numbers[1:]:
        number = _meeting(number, other, strongest, text)
    try:
        chosen = collation_by_number(number)
    except DataProblem as problem:
        raise unfollowed_collation(f"{problem.what}: {text}", problem.hint) from None
    if ordered and chosen.name in ORDER_UNKNOWN:
        what = f"text under {chosen.name} can be compared for equality only: {text}"
        raise unfollowed_collation(what, _bytes_hint(chosen.charset))
    check_literals(sides, number, text)
    if ordered and chosen.weights is None and chosen.charset not in UNICODE_CHARSETS:
        return Collation(number, chosen.name, chosen.charset, chosen.pad_space, _byte_weights(chosen), False)
    return chosen


def _number(side: Bound) -> int:
    return CONNECTION_COLLATION if side.type.collation is None else side.type.collation


def _meeting(one: int, other: int, coercibility: int, text: str) -> int:
    """The collation of two columns that have different ones."""
    first, second = collation_traits(one), collation_traits(other)
    if coercibility != EXPLICIT:
        if first.charset == second.charset and first.binary != second.binary:
            return one if first.binary else other
        if (first.charset in UNICODE_CHARSETS) != (second.charset in UNICODE_CHARSETS):
            return one if first.charset in UNICODE_CHARSETS else other
    what = f"{first.name} and {second.name} meet, which MySQL refuses too: {text}"
    raise unfollowed_collation(what, "Say which: column COLLATE ...")


def check_literals(sides: Sequence[Bound], collation: int, text: str) -> None:
    """What stands beside text of another character set than Unicode must be writable in it: a literal that fits, or
    digits. DataProblem (rule.unsupported_collation).
    """
    charset = collation_traits(collation).charset
    if charset in UNICODE_CHARSETS:
        return
    for side in sides:
        value = side.constant.as_py() if side.constant is not None else None
        if isinstance(value, str) and not fits(value, collation):
            what = f"{side.text} can't be written in {charset}: {text}"
            raise unfollowed_collation(what, "No row can hold it; leave it out.")
        if side.constant is None and side.coercibility != NUMBER and collation_traits(_number(side)).charset != charset:
            raise unfollowed_collation(f"texts of several character sets: {text}", "CAST them all AS CHAR.")


def fits(value: str | None, collation: int) -> bool:
    """Can the text be written in the collation's character set?"""
    if value is None:
        return True
    try:
        return value.encode(codec_of(collation)).decode(codec_of(collation)) == value
    except (UnicodeError, LookupError, NotImplementedError):
        return value.isascii()


def _byte_weights(collation: Collation) -> WeightMap:
    """The order of a binary collation of another character set than Unicode: that of its bytes."""
    codec = encoder_of(collation.number)
    return WeightMap({}, lambda point: tuple(codec(chr(point))))


@functools.cache
def encoder_of(collation: int) -> Callable[[str], bytes]:
    """Text to the bytes that MySQL stores in the collation's character set. DataProblem where there is no encoder."""
    traits = collation_traits(collation)
    codec = codec_of(collation)
    try:
        "a".encode(codec)
    except (UnicodeError, LookupError, NotImplementedError):
        what = f"text in {traits.charset} can't be turned into its bytes"
        raise unfollowed_collation(what, "CONVERT the column to utf8mb4 in MySQL.") from None

    def encode(text: str) -> bytes:
        return text.encode(codec, "replace")

    return encode


def _bytes_hint(charset: str) -> str:
    return f"Compare bytes instead: column COLLATE {charset}_bin = '...'."
