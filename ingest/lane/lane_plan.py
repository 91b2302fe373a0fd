"""A lane's sizes and identity for one epoch, as the configuration and the checkpoint store give them to its dispatcher."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LanePlan:
    """What a dispatcher needs to know of its lane; all numbers are at least 1. ``state``: what its sink keeps beside the
    frontier, "" for nothing."""

    lane: str
    epoch: int
    shards: int
    batch_rows: int
    batch_bytes: int
    buffer_bytes: int
    window: int
    flush_ms: int
    reserve_rows: int
    checkpoint_ms: int
    source_uuid: str
    fingerprint: str
    state: str = ""
