"""HBase's driver: ready-made row mutations through happybase's connections; rows read back for comparison.

Place in the flow: the shard gives it requests of ``ingest.sinks.hbase.encode`` and gets every row's result; what an
error means is decided by ``ingest.sinks.hbase.classify``.

Invariants: all rows of a request get one timestamp, the highest version in it; no connection is used after an error;
a result DONE means that HBase answered without an exception.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import happybase
from Hbase_thrift import AlreadyExists, ColumnDescriptor
from Hbase_thrift import IllegalArgument as HbaseIllegalArgument
from Hbase_thrift import IOError as HbaseIOError

from actors.clock import Clock, SystemClock
from actors.drivers.hbase_connection import HbaseConnection, text_of
from ingest.problems import DataProblem, Problem, WorldProblem
from ingest.sinks.batching import Refused, around_unsendable, halving
from ingest.sinks.contract import DONE, ItemResult, Request, payloads
from ingest.sinks.faults import BUSY, TARGET_REFUSED
from ingest.sinks.hbase.classify import (
    ROW_KEY_BYTES_MAX,
    argument_refusal,
    first_line,
    illegal_name,
    io_refusal,
    missing_family,
    missing_table,
    says_nothing,
    unsendable,
)
from ingest.sinks.hbase.encode import commit_ms_of, timestamp_of
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget
from ingest.sinks.stored import StoredDocument
from ingest.sinks.target_match import target_of
from ingest.version import version_base

FETCH_ROWS = 1_000
"""Rows asked for in one call when reading back."""

SCAN_KEYS = 10_000
"""Row keys asked for in one call."""

VERSIONS_BEGIN = version_base(1, 1)

STRIPE_ROWS_MIN = 500
"""Requests are dealt out to several connections in parts of at least so many rows."""


class HbaseDriver:
    """One shard's connections to HBase."""

    def __init__(self, options: HbaseOptions, targets: Sequence[HbaseTarget], clock: Clock | None = None) -> None:
        self._options = options
        self._targets = targets
        clock = clock or SystemClock()
        self._connections = [HbaseConnection(options, clock) for _ in range(options.connections)]
        self._threads: ThreadPoolExecutor | None = None

    @property
    def connections_opened(self) -> int:
        """How many connections were made so far."""
        return sum(connection.opened for connection in self._connections)

    # --- SinkDriver ---------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect, and check that it is a Thrift 1 server with an HBase behind it."""
        if self._threads is None and len(self._connections) > 1:
            self._threads = ThreadPoolExecutor(len(self._connections), thread_name_prefix="hbase")
        self._connections[0].ask(lambda connection: connection.client.getTableNames())

    def close(self) -> None:
        """Let the connections go. Never raises."""
        for connection in self._connections:
            connection.close()
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None

    def prepare(self, targets: Sequence[str]) -> None:
        """Check the tables and their families; create tables where the rule says so."""
        for name in targets:
            target = target_of(name, self._targets)
            if target is not None:
                self._prepare(self._table(name), target)

    def check(self, targets: Sequence[str]) -> None:
        """Check the tables that the rules don't let us create."""
        for name in targets:
            target = target_of(name, self._targets)
            if target is not None and not target.create:
                self._prepare(self._table(name), target)

    def send(self, request: Request[bytes]) -> Sequence[ItemResult]:
        """Send a request for one table; a row that HBase can't store is found by halving, and is POISON."""
        return around_unsendable(
            request, unsendable, lambda sendable: halving(sendable, self._attempt), ROW_KEY_BYTES_MAX
        )

    # --- SinkReader ---------------------------------------------------------------------------------------------

    def fetch(
        self, target: str, keys: Sequence[str], routings: Sequence[str | None] | None = None
    ) -> list[StoredDocument | None]:
        """The rows of these row keys, in their order; ``routings`` mean nothing here."""
        table = self._table(target)
        found: dict[str, StoredDocument] = {}
        for start in range(0, len(keys), FETCH_ROWS):
            documents = self._connections[0].ask(partial(_rows, table, keys[start : start + FETCH_ROWS]), table)
            found.update((document.key, document) for document in documents)
        return [found.get(key) for key in keys]

    def scan(self, target: str, batch: int = 1_000) -> Iterator[StoredDocument]:
        """Every row of a table, by row key. Each page is a scan of its own, so a slow reader loses no scanner."""
        table = self._table(target)
        start = b""
        while page := self._connections[0].ask(partial(_page, table, start, batch), table):
            yield from page
            start = _row_bytes(page[-1].key) + b"\0"

    def scan_keys(self, target: str) -> Iterator[str]:
        """Every row key of a table, in order."""
        table = self._table(target)
        start = b""
        while page := self._connections[0].ask(partial(_keys, table, start), table):
            yield from (row.decode("utf-8", "surrogateescape") for row in page)
            start = page[-1] + b"\0"

    # --- inside -------------------------------------------------------------------------------------------------

    def _table(self, target: str) -> str:
        """The table's full name; HBase lists those of its default namespace without one."""
        return (self._options.table_prefix + target).removeprefix("default:")

    def _prepare(self, table: str, target: HbaseTarget) -> None:
        illegal = illegal_name(table)
        if illegal is not None:
            raise self._connections[0].placed(illegal)
        if not self._exists(table):
            if not target.create:
                raise self._connections[0].placed(missing_table(table, target.families))
            self._create(table, target)
        ask = self._connections[0].ask
        described = ask(lambda connection: connection.client.getColumnDescriptors(table.encode()), table)
        families = {name.decode().rstrip(":") for name in described}
        for family in target.families:
            if family not in families:
                raise self._connections[0].placed(missing_family(table, family))
        if target.timestamps == "commit_time":
            self._check_timestamps(table)
        if not ask(lambda connection: connection.client.isTableEnabled(table.encode()), table):
            what, hint = f"the HBase table {table!r} is disabled", f"In `hbase shell`: enable '{table}'"
            raise self._connections[0].placed(WorldProblem(BUSY, what, {"table": table}, hint))

    def _check_timestamps(self, table: str) -> None:
        """Versions are far above commit times: a table that has them would show nothing that is written since."""
        for document in self._connections[0].ask(partial(_page, table, b"", 1), table):
            if document.version >= VERSIONS_BEGIN:
                what = f"the rows of {table!r} have versions as timestamps; commit times would lie beneath them"
                hint = 'Set timestamps = "version", or write to a new table.'
                raise self._connections[0].placed(DataProblem(TARGET_REFUSED, what, {"table": table}, hint))

    def _exists(self, table: str) -> bool:
        """By the list of all tables: asking for one that isn't there is an error, and which one depends on why."""
        return table.encode() in self._connections[0].ask(lambda connection: connection.client.getTableNames(), table)

    def _create(self, table: str, target: HbaseTarget) -> None:
        families = [
            ColumnDescriptor(
                name=f"{family}:".encode(), maxVersions=target.max_versions, compression=target.compression
            )
            for family in target.families
        ]
        try:
            self._connections[0].call(lambda connection: connection.client.createTable(table.encode(), families))
        except AlreadyExists:
            return  # another shard was first
        except (HbaseIOError, HbaseIllegalArgument) as error:
            if "TableExistsException" in text_of(error):
                return
            problem = DataProblem(
                TARGET_REFUSED, f"the table can't be created: {first_line(text_of(error))}", {"table": table}
            )
            raise self._connections[0].placed(problem) from error

    def _attempt(self, request: Request[bytes]) -> Sequence[ItemResult] | Refused:
        tables = sorted(request.targets)
        if len(tables) != 1:
            raise ValueError(f"an HBase request is for one table, not for {tables}")
        [target] = tables
        table = self._table(target)
        try:
            timestamp = commit_ms_of(request) if self._by_commit_time(target) else timestamp_of(request)
            self._mutate(table, payloads(request), timestamp)
        except HbaseIllegalArgument as error:
            return argument_refusal(text_of(error))
        except HbaseIOError as error:
            return self._io_refusal(text_of(error), target)
        return [DONE] * len(request.items)

    def _by_commit_time(self, name: str) -> bool:
        target = target_of(name, self._targets)
        return target is not None and target.timestamps == "commit_time"

    def _io_refusal(self, message: str, target: str) -> Refused:
        if says_nothing(message):
            self.prepare([target])  # raises what is missing
        try:
            return io_refusal(message, self._table(target))
        except Problem as problem:
            raise self._connections[0].placed(problem) from None

    def _mutate(self, table: str, rows: Sequence[bytes], timestamp: int) -> None:
        stripes = min(len(self._connections), max(1, len(rows) // STRIPE_ROWS_MIN))
        if stripes == 1 or self._threads is None:
            self._connections[0].mutate(table, rows, timestamp)
            return
        sent = [
            self._threads.submit(connection.mutate, table, rows[index::stripes], timestamp)
            for index, connection in enumerate(self._connections[:stripes])
        ]
        errors = [error for future in sent if (error := future.exception()) is not None]  # waits for every one
        if errors:
            raise errors[0]


def _rows(table: str, keys: Sequence[str], connection: happybase.Connection) -> list[StoredDocument]:
    rows = connection.client.getRows(table.encode(), [_row_bytes(key) for key in keys], {})
    return [
        _document(row.row, [(name, cell.value, cell.timestamp) for name, cell in row.columns.items()]) for row in rows
    ]


def _page(table: str, start: bytes, batch: int, connection: happybase.Connection) -> list[StoredDocument]:
    rows = connection.table(table).scan(row_start=start, limit=batch, batch_size=batch, include_timestamp=True)
    return [_document(row, [(name, value, ts) for name, (value, ts) in cells.items()]) for row, cells in rows]


def _keys(table: str, start: bytes, connection: happybase.Connection) -> list[bytes]:
    keys_only = b"FirstKeyOnlyFilter() AND KeyOnlyFilter()"
    rows = connection.table(table).scan(row_start=start, limit=SCAN_KEYS, batch_size=SCAN_KEYS, filter=keys_only)
    return [row for row, _ in rows]


def _document(row: bytes, cells: Sequence[tuple[bytes, bytes, int]]) -> StoredDocument:
    fields = {name.decode("utf-8", "surrogateescape"): value for name, value, _ in cells}
    return StoredDocument(row.decode("utf-8", "surrogateescape"), max(timestamp for _, _, timestamp in cells), fields)


def _row_bytes(key: str) -> bytes:
    """A row key as read (``_document``) or as ours, as bytes; rows of others needn't be UTF-8."""
    return key.encode("utf-8", "surrogateescape")
