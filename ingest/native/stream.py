"""NativeStreamDecoder: ``ingest.codec.StreamDecoder`` and its short way over the native core's stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ingest.binlog.query import Query
from ingest.binlog.row_layout import stored_size
from ingest.binlog.table_map import table_name_of
from ingest.codec import (
    BinlogEvent,
    EventPackets,
    Heartbeat,
    Progress,
    Rotated,
    RowsEvent,
    Statement,
    TableMap,
    TransactionBegin,
    TransactionEnd,
)
from ingest.lane.flow import LaneFlow
from ingest.lane.routing import ShortRoute
from ingest.mysql.framing import STREAM_CORRUPT
from ingest.native import _core
from ingest.native.flow import NativeFlow
from ingest.native.keys import key_form
from ingest.problems import DataProblem, WorldProblem, catalogue
from ingest.schema import TableSchema
from ingest.slices import Kind


class NativeEventFramer:
    """See ``EventFramer``."""

    def __init__(self, payload_limit_bytes: int) -> None:
        self._core = _core.PacketFramer(1, payload_limit_bytes)

    @property
    def buffered_bytes(self) -> int:
        """See ``EventFramer``."""
        return self._core.buffered_bytes

    def feed(self, data: bytes) -> _core.Packets:
        """See ``EventFramer``."""
        try:
            return self._core.feed(data)
        except _core.CoreProblem as problem:
            found = data_problem(problem)
            raise WorldProblem(found.code, found.what) if found.code is STREAM_CORRUPT else found from None


class NativeStreamDecoder:
    """See ``StreamDecoder`` and ``ShortWay``; one per dump. Arguments as those of ``PureStreamDecoder``."""

    def __init__(self, checksum: bool, file: str = "", position: int = 4) -> None:
        self._core = _core.StreamDecoder(checksum, file, position)
        self._flows: Sequence[NativeFlow] = ()

    @property
    def short_way(self) -> NativeStreamDecoder:
        """See ``StreamDecoder``."""
        return self

    def push(self, packets: EventPackets) -> None:
        """See ``StreamDecoder``."""
        if isinstance(packets, _core.Packets):
            self._core.push_packets(packets)
        else:
            self._core.push([packets[index] for index in range(len(packets))])

    def next_event(self) -> BinlogEvent | None:
        """See ``StreamDecoder``."""
        try:
            found = self._core.next_event()
        except _core.CoreProblem as problem:
            raise data_problem(problem) from None
        if found is None:
            return None
        kind, *values = found
        if kind == "progress":
            values.append(bool(self._core.place[2]))
        try:
            return _EVENTS[str(kind)](*values)
        except DataProblem as problem:
            file, position, gtid = self._core.place
            raise problem.with_where(file=file, position=position, **({"gtid": gtid} if gtid else {})) from None

    def feed(self, payload: bytes) -> Iterator[BinlogEvent]:
        """One event to its BinlogEvents."""
        self._core.push([payload])
        while (event := self.next_event()) is not None:
            yield event

    def flow_into(self, flows: Sequence[LaneFlow], limit_bytes: int | None = None) -> None:
        """See ``ShortWay``: flows of the same codec."""
        native = [flow for flow in flows if isinstance(flow, NativeFlow)]
        assert len(native) == len(flows), "the stream and the flows are of one codec"
        self._flows = native
        self._core.flow_into([flow.core for flow in native], limit_bytes)

    def forget(self) -> None:
        """See ``ShortWay``."""
        self._core.forget()

    def learn(
        self,
        table_map: bytes,
        schema: TableSchema,
        before_present: bytes,
        after_present: bytes,
        lanes: Sequence[tuple[int, Sequence[ShortRoute]]],
    ) -> None:
        """See ``ShortWay``; nothing is learned of tables with a key that Python must render."""
        routes = [route for _, of_lane in lanes for route in of_lane]
        wanted = sorted({column for route in routes for column in (*route.key_columns, *route.place_columns)})
        try:
            forms = [(column, key_form(schema.columns[column])) for column in wanted]
        except DataProblem:
            return  # Python's way names it
        if any(form is None for _, form in forms):
            return
        keys = [(column, form) for column, form in forms if form is not None]
        sizes = [(size.fixed, size.length_bytes) for size in map(stored_size, schema.columns)]
        numbered = [(flow, [self._numbered(flow, route) for route in of_lane]) for flow, of_lane in lanes]
        self._core.learn(table_map, before_present, after_present, sizes, keys, numbered)

    def pass_over(self, table_map: bytes, before_present: bytes, after_present: bytes) -> None:
        """See ``ShortWay``."""
        self._core.learn(table_map, before_present, after_present, [], [], [])

    def _numbered(self, flow: int, route: ShortRoute) -> tuple[int, list[int], list[int]]:
        return self._flows[flow].number_of(route.shape), list(route.key_columns), list(route.place_columns)


def data_problem(problem: _core.CoreProblem) -> DataProblem:
    """The core's problem as one of ours."""
    code, what, where = problem.args
    return DataProblem(catalogue()[code], what, dict(where))


def _table_map(table_id: int, body: bytes) -> TableMap:
    return TableMap(table_id, table_name_of(body), body)


def _rows(
    table_id: int, kind: int, columns: int, before: bytes, after: bytes, images: bytes, partial_json: bool
) -> RowsEvent:
    return RowsEvent(table_id, Kind(kind), columns, before, after, images, partial_json)


def _statement(database: bytes, sql: bytes, status: bytes) -> Statement:
    query = Query(database.decode(), sql, status)
    collation, sql_mode = query.session()
    return Statement(query.database, query.text(collation), sql_mode)


_EVENTS: dict[str, Callable[..., BinlogEvent]] = {
    "begin": TransactionBegin,
    "table_map": _table_map,
    "rows": _rows,
    "statement": _statement,
    "end": TransactionEnd,
    "rotated": Rotated,
    "heartbeat": Heartbeat,
    "progress": Progress,
}
