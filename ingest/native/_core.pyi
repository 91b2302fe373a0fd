"""The native core's extension. A test compares this with what the library holds."""

from collections.abc import Sequence
from typing import final

__all__ = [
    "CoreProblem",
    "ImageColumns",
    "LaneFlow",
    "PacketFramer",
    "Packets",
    "StreamDecoder",
    "encode_requests",
    "lags",
]

class CoreProblem(Exception):
    """A problem by the name of its code; ``args`` is (code, what, [(place's name, value)])."""

@final
class LaneFlow:
    """A lane's buffers and ledger: see ``ingest.lane.flow.LaneFlow``; shapes are numbers here."""

    def __new__(
        cls, shards: int, batch_rows: int, batch_bytes: int, buffer_bytes: int, ordinal_max: int
    ) -> LaneFlow: ...
    def resume(self, executed: list[tuple[str, int, int]], partial_gtid: str | None, partial_rows: int) -> None: ...
    @property
    def ordinal(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def wants(self) -> bool: ...
    def begin(self, gtid: str, commit_us: int, file: str, position: int) -> bool: ...
    def next_ordinal(self) -> int | None: ...
    def add(
        self,
        shard: int,
        shape: int,
        kind: int,
        ordinal: int,
        before: bytes,
        after: bytes,
        stamp: bytes | None = None,
    ) -> None: ...
    def end(self, gtid: str) -> None: ...
    def shard_rows(self, shard: int) -> int: ...
    def first_ordinal(self, shard: int) -> int | None: ...
    def next_last_ordinal(self, shard: int, partial: bool) -> int | None: ...
    def take(
        self, shard: int
    ) -> tuple[int, int, int, int, list[tuple[int, bytes, bytes, bytes, bytes, bytes, bytes]]]: ...
    @property
    def open_gtid(self) -> str | None: ...
    def cut(self) -> None: ...
    def advance(self, watermark: int) -> tuple[list[tuple[str, int, int]], tuple[str, int] | None, bool]: ...

@final
class ImageColumns:
    """Row images of one table and columns-present bitmap to Arrow buffers: see ``ingest.native.slice_decoder``.

    ``columns``: (index into the schema, form: ``ingest.native.column_forms``). ValueError when one isn't present.
    """

    def __new__(
        cls, sizes: list[tuple[int, int]], present: bytes, columns: list[tuple[int, tuple[object, ...]]]
    ) -> ImageColumns: ...
    def decode(
        self, images: bytes, ends: bytes, kinds: bytes, after: bool
    ) -> list[tuple[int, int, bool, bytes | None, bytes | None, bytes]] | None: ...

def encode_requests(
    parts: list[tuple[object, ...]], items: int, most_bytes: int, by_target: bool, newest: bool
) -> tuple[list[tuple[bytes, bytes, bytes, bytes, int, int]], int, int] | None:
    """Requests (body, ends, parts, rows, shortest and longest key), upserts and deletes: see
    ``ingest.native.request_encoder``."""

def lags(slices: Sequence[bytes], now_us: int, bounds_ms: Sequence[float]) -> tuple[list[int], float] | None:
    """Transactions per bucket, and their sum in milliseconds: see ``ingest.lane.lag``."""

@final
class Packets:
    """The events of a dump that came together: see ``ingest.codec.EventPackets``."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> bytes: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def ending(self) -> bytes | None: ...

@final
class PacketFramer:
    """Socket bytes to packets: see ``ingest.codec.EventFramer``."""

    def __new__(cls, next_sequence: int, payload_limit_bytes: int) -> PacketFramer: ...
    @property
    def buffered_bytes(self) -> int: ...
    def feed(self, data: bytes) -> Packets: ...

@final
class StreamDecoder:
    """The packets of one dump: see ``ingest.codec.StreamDecoder``; events are tuples that begin with their kind."""

    def __new__(cls, checksum: bool, file: str = "", position: int = 4) -> StreamDecoder: ...
    def push(self, payloads: list[bytes]) -> None: ...
    def push_packets(self, packets: Packets) -> None: ...
    @property
    def waiting_bytes(self) -> int: ...
    @property
    def place(self) -> tuple[str, int, str]: ...
    def flow_into(self, flows: list[LaneFlow], limit_bytes: int | None = None) -> None: ...
    def forget(self) -> None: ...
    def learn(
        self,
        table_map: bytes,
        before: bytes,
        after: bytes,
        sizes: list[tuple[int, int]],
        keys: list[tuple[int, tuple[object, ...]]],
        lanes: list[tuple[int, list[tuple[int, list[int], list[int]]]]],
    ) -> bool: ...
    def next_event(self) -> tuple[object, ...] | None: ...
