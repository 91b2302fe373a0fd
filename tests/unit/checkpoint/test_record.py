"""Checkpoint records: what is written is what is read, and damage is never guessed at."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.checkpoint.record import CheckpointRecord, EncodedRecord, decode, encode
from ingest.lane.frontier import Frontier
from ingest.problems import DataProblem

RECORDS = st.builds(
    CheckpointRecord,
    lane=st.text(min_size=1),
    epoch=st.integers(1, 2**22 - 1),
    frontier=st.builds(Frontier, st.text(), st.none() | st.text(), st.integers(0, 2**40)),
    reserve_rows=st.integers(0, 2**40),
    source_uuid=st.text(),
    fingerprint=st.text(),
    schema_history=st.text(),
    applied_rows=st.integers(0, 2**60),
    reach=st.text(),
)


@given(RECORDS)
def test_round_trip(record: CheckpointRecord) -> None:
    """Every field comes back."""
    assert decode(encode(record)) == record


@given(RECORDS, st.data())
def test_any_changed_character_is_noticed(record: CheckpointRecord, data: st.DataObject) -> None:
    """A record that doesn't fit its checksum is refused."""
    encoded = encode(record)
    place = data.draw(st.integers(0, len(encoded.body) - 1))
    changed = encoded.body[:place] + ("x" if encoded.body[place] != "x" else "y") + encoded.body[place + 1 :]
    with pytest.raises(DataProblem, match="checksum"):
        decode(EncodedRecord(changed, encoded.checksum))


def test_older_formats_are_read_and_newer_ones_refused() -> None:
    """A record of format 1, which knew no reach, has none; one of a later version isn't guessed at."""

    def stored(format_number: int) -> EncodedRecord:
        frontier = {"executed": "", "partial_gtid": None, "partial_rows": 0}
        values = {
            "lane": "a",
            "epoch": 3,
            "frontier": frontier,
            "reserve_rows": 5,
            "source_uuid": "u",
            "fingerprint": "f",
        }
        body = json.dumps({"format": format_number, **values})
        return EncodedRecord(body, hashlib.sha256(body.encode()).hexdigest())

    assert decode(stored(1)) == CheckpointRecord("a", 3, Frontier(""), 5, "u", "f", reach="")
    with pytest.raises(DataProblem, match="format is 5"):
        decode(stored(5))
