"""What a sink should hold against what it holds: per document, field for field.

Fields are bytes as the sink stores them: JSON value texts (Elasticsearch) or cells (HBase). Equal bytes are equal.
Where they differ, two values of a MySQL JSON column still are equal when they mean the same: spacing and the order of
keys are nobody's promise. Nothing else is forgiven.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from ingest.sinks.stored import StoredDocument, StoredFields

SHOWN_BYTES = 300
"""How much of a value a difference shows."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement. ``missing``: MySQL's row has no document; ``differs``: a field does, ``expected`` and
    ``found`` say how (None: the field isn't there); ``surplus``: a document that no row asks for."""

    kind: Literal["missing", "differs", "surplus"]
    target: str
    key: str
    field: str = ""
    expected: str | None = None
    found: str | None = None

    def __str__(self) -> str:
        text = f"{self.kind} {self.target}/{self.key}"
        return f"{text} {self.field}: expected {self.expected}, found {self.found}" if self.field else text


@dataclass(frozen=True, slots=True)
class Reading:
    """How a rule's documents are to be read back. ``own``: the fields that the rule writes, when others write into the
    same documents (None: it alone does, so a field more is a difference); ``json_fields``: those that hold a MySQL
    JSON value; ``empty_is_absent``: a document without fields isn't there (HBase)."""

    own: Collection[str] | None = None
    json_fields: Collection[str] = ()
    empty_is_absent: bool = False


def compare(
    target: str, key: str, expected: StoredFields, found: StoredDocument | None, reading: Reading
) -> Sequence[Difference]:
    """The differences of one document, by field name; empty when it is as it should be."""
    if found is None:
        absent = reading.empty_is_absent and not expected
        return [] if absent else [Difference("missing", target, key)]
    own = reading.own
    present = found.fields if own is None else {name: found.fields[name] for name in own if name in found.fields}
    if present == expected:
        return []
    return [
        Difference("differs", target, key, name, _shown(expected.get(name)), _shown(present.get(name)))
        for name in sorted({*expected, *present})
        if not _same(expected.get(name), present.get(name), name in reading.json_fields)
    ]


def _same(expected: bytes | None, found: bytes | None, is_json: bool) -> bool:
    if expected == found:
        return True
    if expected is None or found is None or not is_json:
        return False
    try:
        return same_json(_parsed(expected), _parsed(found))
    except ValueError:
        return False


def _parsed(text: bytes) -> Any:
    return json.loads(text, parse_int=Decimal, parse_float=Decimal, parse_constant=_refuse)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def same_json(left: Any, right: Any) -> bool:
    """Whether two parsed JSON values (numbers as Decimal) mean the same; numbers by exact value and sign."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same_json(value, right[name]) for name, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same_json(*pair) for pair in zip(left, right, strict=True))
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return left == right and left.is_signed() == right.is_signed()
    return type(left) is type(right) and bool(left == right)


def _shown(value: bytes | None) -> str | None:
    if value is None:
        return None
    text = value[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return text if len(value) <= SHOWN_BYTES else f"{text}... ({len(value)} bytes)"
