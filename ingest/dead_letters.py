"""A document that a sink will never take, with all that is known of it.

Kept durably before its parcel is acknowledged (invariant 1: the frontier may pass it then). A later change of the same
document carries a higher version and the whole document, so it simply takes its place in the sink.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """``payload``: the request item as it was sent. ``reason`` and ``detail``: the sink's words. ``gtid``, ``file`` and
    ``position``: where the change came from."""

    lane: str
    target: str
    key: str
    version: int
    delete: bool
    payload: bytes
    reason: str
    detail: str
    gtid: str
    file: str
    position: int
