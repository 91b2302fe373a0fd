"""A strand: one dump and what is made of it, up to the lanes' dispatchers.

    PacketSource -> decoder -> StreamRouter -> dispatchers

A run (actors/stream.py) has one strand that its lanes share, and for a moment a second one, of a lane that is about to join.
Nothing here waits.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Protocol

import structlog

from actors.host import Readable
from ingest.codec import EventPackets, Progress, StreamDecoder
from ingest.lane.router import StreamRouter

_log = structlog.get_logger("ingest.strand")

EVENTS_AT_ONCE = 256
"""How many events are taken before parcels and answers are looked after."""


class PacketSource(Readable, Protocol):
    """A dump (actors/drivers/mysql/dump.py)."""

    def read_available(self) -> EventPackets:
        """Events that are there, without waiting. Problems are final."""

    def close(self) -> None:
        """Let it go."""


class Pace(enum.Enum):
    """How a look at the strand ended: there is more, the socket has nothing, or a lane has no room."""

    MORE = "more"
    DRY = "dry"
    FULL = "full"


class Strand:
    """See the module."""

    def __init__(self, packets: PacketSource, decoder: StreamDecoder, router: StreamRouter) -> None:
        self.packets = packets
        self.router = router
        self.pace = Pace.MORE
        self.bytes_read = 0
        self._decoder = decoder

    def advance(self, may_read: Callable[[], bool], after_event: Callable[[], None]) -> None:
        """Take some events; ``pace`` says how it ended."""
        released = self.router.release()
        after_event()
        if not released or not may_read():
            self.pace = Pace.FULL
            return
        self.pace = Pace.MORE
        for _ in range(EVENTS_AT_ONCE):
            event = self._decoder.next_event()
            if event is None:
                packets = self.packets.read_available()
                if not len(packets):
                    self.pace = Pace.DRY
                    return
                self.bytes_read += packets.size_bytes
                self._decoder.push(packets)
                continue
            self.router.take(event)
            after_event()
            if self.router.dropped:
                self._tell_dropped()
            if isinstance(event, Progress) or not self.router.release() or not may_read():
                return

    def _tell_dropped(self) -> None:
        for lane, one in self.router.dropped:
            large = self.router.lanes[lane].large if lane in self.router.lanes else None
            limits = large.policy.drops if large is not None else ""
            _log.warning(
                "large_transaction.dropped",
                lane=lane, gtid=one.gtid, rows=one.rows, bytes=one.size_bytes, tables=dict(one.tables), limits=limits,
            )  # fmt: skip
        self.router.dropped.clear()
