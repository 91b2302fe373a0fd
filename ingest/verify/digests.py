"""Documents in sixteen bytes each: a hash of the key and one of the fields, so that both ends are read but once.

MySQL's rows and the sink's documents each become one ``Digests``, in whatever order they are read; ``match`` says
which keys agree. What doesn't agree is only in doubt: the exact comparison decides (``comparison.py``). So a digest may
differ where the documents mean the same, but equal digests must mean equal documents: two documents that differ share
one with a chance of 2^-64.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ingest.sinks.stored import StoredFields
from ingest.verify.key_set import KeySet

KEY_ONLY = 0
"""The digest of a document of which only the key counts."""


def fields_digest(fields: StoredFields, routing: str | None) -> int:
    """A 64-bit digest of a document's fields and where it is, whatever the fields' order and however a JSON value is
    spaced."""
    for value in fields.values():
        if value[:1] in (b"{", b"["):
            return hash((routing, frozenset((name, _plain(text)) for name, text in fields.items())))
    return hash((routing, frozenset(fields.items())))


def _plain(value: bytes) -> bytes | str:
    """A JSON object or array without its spacing; numbers keep their digits and are told from texts."""
    if value[:1] not in (b"{", b"["):
        return value
    try:
        return repr(json.loads(value, parse_int=_number, parse_float=_number))
    except ValueError:  # a text that begins like one (HBase)
        return value


def _number(digits: str) -> tuple[str]:
    return (digits,)


class Digests:
    """Add documents in any order. A key that comes twice is there twice."""

    def __init__(self) -> None:
        self._keys = array("q")
        self._digests = array("q")

    def add(self, keys: Iterable[str], digests: Iterable[int]) -> None:
        """More documents: their keys and ``fields_digest`` (or ``KEY_ONLY``), in the same order."""
        self._keys.extend(map(hash, keys))
        self._digests.extend(digests)

    def __len__(self) -> int:
        return len(self._keys)

    def table(self) -> pa.Table:
        """Columns ``key`` and ``digest``, a row per document."""
        return pa.table({"key": _int64(self._keys), "digest": _int64(self._digests)})


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Keys: ``doubtful`` should be there as MySQL says and aren't, or differ; ``surplus`` nobody asks for;
    ``repeated`` are there more than once."""

    doubtful: KeySet
    surplus: KeySet
    repeated: KeySet


def match(expected: Digests, found: Digests) -> Mismatch:
    """What MySQL's rows ask for against what the sink holds."""
    wanted, held = expected.table(), found.table()
    doubtful = wanted.join(held, keys=["key", "digest"], join_type="left anti")["key"]
    surplus = held.join(wanted.select(["key"]), keys="key", join_type="left anti")["key"]
    counted = held.group_by("key").aggregate([("key", "count")])
    repeated = counted.filter(pc.greater(counted["key_count"], 1))["key"]
    return Mismatch(KeySet.of(doubtful), KeySet.of(surplus), KeySet.of(repeated))


def _int64(values: array[int]) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values.tobytes())])
