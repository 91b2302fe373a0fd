"""Socket bytes to packet payloads (MySQL source documentation, page "MySQL Packets"). Sans-IO.

A packet is a 3-byte little-endian length, a sequence number that rises by one modulo 256, and the payload. A payload of
exactly 2^24-1 bytes goes on in the next packet. Invariants: payloads come out in order, whole, each once, however the
bytes were cut; nothing is kept beyond one unfinished payload and one feed; a payload above the bound is refused
before it is collected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.mysql.packets import STATUS_OK
from ingest.problems import DataProblem, WorldProblem, declare

HEADER_BYTES = 4
FULL_PACKET_BYTES = 0xFFFFFF

STREAM_CORRUPT = declare(
    "mysql.stream_corrupt",
    "The bytes from the server don't form MySQL packets: the sequence number of a packet isn't the next one.",
    "Bytes were lost or changed between server and client; the connection is made again from the frontier. If it"
    " comes back, look at proxies and network devices on the way.",
)
PAYLOAD_TOO_LARGE = declare(
    "mysql.payload_too_large",
    "The server sent an event that is larger than the configured bound.",
    "Raise the cluster's bound on one event if the memory is there, or find the transaction that wrote such a row.",
)


@dataclass(frozen=True, slots=True)
class PureEventPackets:
    """``ingest.codec.EventPackets`` as a tuple of bytes."""

    events: Sequence[bytes]
    ending: bytes | None = None

    def __len__(self) -> int:
        return len(self.events)

    def __getitem__(self, index: int, /) -> bytes:
        return self.events[index]

    @property
    def size_bytes(self) -> int:
        """The size of all events."""
        return sum(map(len, self.events))


class PureEventFramer:
    """``ingest.codec.EventFramer`` over a PacketFramer."""

    def __init__(self, payload_limit_bytes: int) -> None:
        self._framer = PacketFramer(1, payload_limit_bytes)

    @property
    def buffered_bytes(self) -> int:
        """See ``EventFramer``."""
        return self._framer.buffered_bytes

    def feed(self, data: bytes) -> PureEventPackets:
        """See ``EventFramer``."""
        events: list[bytes] = []
        for payload in self._framer.feed(data):
            if payload[:1] != STATUS_OK:
                return PureEventPackets(events, payload)
            events.append(payload[1:])
        return PureEventPackets(events)


class PacketFramer:
    """Cuts a byte stream into payloads.

    ``next_sequence`` is the number that the first packet must carry (1 after a command). ``payload_limit_bytes``
    bounds one joined payload. After a Problem the framer is of no more use: the stream's place is lost.
    """

    def __init__(self, next_sequence: int = 1, payload_limit_bytes: int = 256 << 20) -> None:
        self._sequence = next_sequence
        self._limit_bytes = payload_limit_bytes
        self._chunks: list[bytes] = []
        self._have_bytes = 0
        self._need_bytes = HEADER_BYTES
        self._parts: list[bytes] = []
        self._parts_bytes = 0

    @property
    def buffered_bytes(self) -> int:
        """Bytes held back because their payload isn't whole yet; 0 at a packet boundary."""
        return self._have_bytes + self._parts_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that ``data`` completes. WorldProblem: a sequence gap. DataProblem: a payload over the bound."""
        if self._chunks:
            self._chunks.append(data)
            self._have_bytes += len(data)
            if self._have_bytes < self._need_bytes:
                return []
            data = b"".join(self._chunks)
            self._chunks.clear()
        payloads, rest = self._cut(data)
        self._have_bytes = len(data) - rest
        if self._have_bytes:
            self._chunks.append(data[rest:])
        return payloads

    def _cut(self, data: bytes) -> tuple[list[bytes], int]:
        """All whole packets of ``data``, and where the first unfinished one starts."""
        payloads: list[bytes] = []
        at, size, sequence = 0, len(data), self._sequence
        while True:
            if size - at < HEADER_BYTES:
                self._need_bytes = HEADER_BYTES
                break
            length = data[at] | data[at + 1] << 8 | data[at + 2] << 16
            if data[at + 3] != sequence:
                raise self._gap(data[at + 3], sequence)
            if self._parts_bytes + length > self._limit_bytes:
                raise self._too_large(length)
            end = at + HEADER_BYTES + length
            if end > size:
                self._need_bytes = end - at
                break
            sequence = (sequence + 1) & 0xFF
            payload = data[at + HEADER_BYTES : end]
            at = end
            if length == FULL_PACKET_BYTES or self._parts:
                joined = self._join(payload)
                if joined is None:
                    continue
                payload = joined
            payloads.append(payload)
        self._sequence = sequence
        return payloads, at

    def _join(self, payload: bytes) -> bytes | None:
        """Collect one packet of a payload that spans several; the whole one after its last packet."""
        self._parts.append(payload)
        self._parts_bytes += len(payload)
        if len(payload) == FULL_PACKET_BYTES:
            return None
        whole = b"".join(self._parts)
        self._parts.clear()
        self._parts_bytes = 0
        return whole

    def _gap(self, found: int, expected: int) -> WorldProblem:
        return WorldProblem(STREAM_CORRUPT, f"a packet carries sequence number {found}, {expected} was due")

    def _too_large(self, length: int) -> DataProblem:
        size = self._parts_bytes + length
        return DataProblem(
            PAYLOAD_TOO_LARGE, f"an event of at least {size} bytes, the bound is {self._limit_bytes} bytes"
        )
