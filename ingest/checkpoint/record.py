"""One checkpoint record as bytes: JSON with a format number, and a SHA-256 beside it.

The text is JSON so that an operator can read it; the checksum is over the text's UTF-8 bytes. State of a sink stands in it as
base64, so frontier and state are one write.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from ingest.lane.frontier import Frontier
from ingest.problems import DataProblem, declare

FORMAT = 4
READABLE = frozenset({1, 2, 3, 4})
"""Format 1 had no ``reach``, format 2 no ``lost``, format 3 no ``state``, ``drops`` and ``exempt``; what is missing has its
default."""

CORRUPT = declare(
    "checkpoint.corrupt",
    "A checkpoint record doesn't fit its checksum or its format.",
    "Restore the store from a backup, or delete the lane's records and start it anew.",
)


@dataclass(frozen=True, slots=True)
class KeptState:
    """State of a lane's sink exactly as of the record's frontier (``ingest.sinks.state``). ``name``: what the bytes are;
    ``shards``: those of each shard, none for a state that begins at the frontier."""

    name: str
    shards: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckpointRecord:
    """What a lane's next epoch needs.

    ``reserve_rows``: how many row changes beyond the frontier this epoch may have dispatched before the next record
    is durable. ``source_uuid``: the server (server_uuid) whose order they were read in. ``fingerprint``: of the rules
    that decide which rows are counted. ``schema_history``: encoded history, "" when the stream describes itself.
    ``applied_rows``: row changes wholly applied in all epochs (a counter for people). ``reach``: a GTID set of which an
    earlier epoch may have applied anything, where ``reserve_rows`` doesn't say it (after a rewind; while files are read):
    the source must have all of it, and the tail goes to the source's end. "" when the reserve says all.
    ``lost``: transactions that the lane applied and that a failover lost (``on_lost = "continue"``): not in the frontier, and
    never waited for again. ``state``: None for a sink that keeps none.
    ``drops``: the limits above which transactions were dropped, "" for none; ``exempt``: a GTID set of what isn't, since it may
    have been applied under another policy (``ingest.lane.large``).
    """

    lane: str
    epoch: int
    frontier: Frontier
    reserve_rows: int
    source_uuid: str
    fingerprint: str
    schema_history: str = ""
    applied_rows: int = 0
    reach: str = ""
    lost: str = ""
    state: KeptState | None = None
    drops: str = ""
    exempt: str = ""


@dataclass(frozen=True, slots=True)
class EncodedRecord:
    """A record as it lies in the store."""

    body: str
    checksum: str


def encode(record: CheckpointRecord) -> EncodedRecord:
    """A record to its text and checksum."""
    body = json.dumps({"format": FORMAT, **asdict(record)}, sort_keys=True, default=_base64)
    return EncodedRecord(body, _checksum(body))


def decode(encoded: EncodedRecord) -> CheckpointRecord:
    """Text and checksum to a record. DataProblem ``checkpoint.corrupt`` when they don't fit."""
    if _checksum(encoded.body) != encoded.checksum:
        raise DataProblem(CORRUPT, "the record's checksum doesn't fit its text")
    try:
        values = json.loads(encoded.body)
        if (found := values.pop("format")) not in READABLE:
            raise DataProblem(CORRUPT, f"the record's format is {found}; this version reads 1 to {FORMAT}")
        return CheckpointRecord(
            **{**values, "frontier": Frontier(**values["frontier"]), "state": _state(values.get("state"))}
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataProblem(CORRUPT, f"the record can't be read: {error!r}") from error


def _base64(state: bytes) -> str:
    return base64.b64encode(state).decode()


def _state(values: dict[str, Any] | None) -> KeptState | None:
    if values is None:
        return None
    return KeptState(values["name"], tuple(base64.b64decode(state, validate=True) for state in values["shards"]))


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
