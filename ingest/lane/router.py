"""Events of one stream to the lanes that want them.

Owns what the reader knows of tables: which table map stands behind a table id, which rules of which lane match it,
which columns make the document key. Rows are cut once per event, whatever the number of lanes.

Invariants: an event that isn't understood raises (5); a table that no rule matches isn't even walked; a statement
that changes data or empties a captured table stops the lanes that capture it, it is never skipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.binlog.gtid import GtidSet, GtidSetBuilder
from ingest.binlog.walker import KEY_NULL
from ingest.codec import (
    BinlogEvent,
    Heartbeat,
    Progress,
    ReaderCodec,
    Rotated,
    RowBlock,
    RowsEvent,
    RowWalker,
    ShortWay,
    Statement,
    TableMap,
    TransactionBegin,
    TransactionEnd,
)
from ingest.lane.buffers import SliceShape
from ingest.lane.dispatcher import DocumentChange
from ingest.lane.routing import NOWHERE, NULL_PLACE, RoutedLane, RuleRoute, SchemaSource, ShortRoute
from ingest.problems import DataProblem, declare
from ingest.schema import TableSchema
from ingest.slices import Kind, TransactionStamp

PARTIAL_JSON = declare(
    "binlog.partial_json",
    "The server writes partial JSON updates, which can't be turned into whole documents.",
    "SET GLOBAL binlog_row_value_options = '' on the server (and in the sessions that set it), then start again.",
)
UNMAPPED = declare(
    "binlog.unmapped_table",
    "A rows event names a table id without a table map.",
    "The stream is damaged: report it with the position; start again from the frontier.",
)


@dataclass(slots=True)
class _Table:
    """A table map and what was worked out for it. ``routes``: per lane name; filled when rows come."""

    map: TableMap
    supplement: bytes | None = None
    schema: TableSchema | None = None
    routes: dict[str, Sequence[RuleRoute]] | None = None


class StreamRouter:
    """See the module. ``lanes`` by name; a lane may be taken out at any time. ``held``: what the stream leaves out.
    ``short_way``: the stream's, if it has one; it is taken while no lane has a tail or is ahead. ``is_within``: a
    transaction has begun and not ended."""

    def __init__(
        self,
        codec: ReaderCodec,
        schemas: SchemaSource,
        lanes: Mapping[str, RoutedLane],
        held: GtidSet,
        short_way: ShortWay | None = None,
    ) -> None:
        self._codec = codec
        self._schemas = schemas
        self.lanes = dict(lanes)
        self._tables: dict[int, _Table] = {}
        self._known: dict[tuple[bytes, bytes], _Table] = {}
        self._walkers: dict[tuple[bytes, bytes, bytes, bytes], RowWalker] = {}
        self._shapes: dict[tuple[int, str, bytes, bytes, bytes, bytes], SliceShape] = {}
        self._short_way = short_way
        self._flowing: list[RoutedLane] = []
        self._learned: set[tuple[bytes, bytes, bytes]] = set()
        self._read = GtidSetBuilder(held)
        self.gtid = ""
        self.is_within = False
        self._wanting: list[RoutedLane] = []
        self.file = ""
        self.position = 0
        self.commit_us = 0
        self.transactions = 0
        self.row_changes = 0

    def take(self, event: BinlogEvent) -> None:
        """One event. DataProblem: the whole stream can't go on; a lane's own trouble is put into ``failed``."""
        if isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, RowsEvent):
            self._rows(event)
        elif isinstance(event, TableMap):
            self._table_map(event)
        elif isinstance(event, TransactionBegin):
            self._begin(event)
        elif isinstance(event, TransactionEnd):
            self._end(event)
        elif isinstance(event, Statement):
            self._statement(event)
        elif isinstance(event, Rotated | Heartbeat):
            self.file, self.position = event.file or self.file, event.position
            if isinstance(event, Rotated):
                self._tables.clear()

    def read_gtids(self) -> GtidSet:
        """Every transaction read to its end, and those held before."""
        return self._read.freeze()

    def seen(self, lane: str) -> GtidSet:
        """All of which a lane may have been handed changes: what was read, what is being read, and what the lane had read
        when it joined."""
        routed = self.lanes.get(lane)
        ahead = routed.ahead if routed is not None and routed.ahead is not None else GtidSet()
        return self.read_gtids().union(GtidSet.parse(self.gtid)).union(ahead)

    def remove(self, lane: str) -> None:
        """A lane leaves the stream, if it is in it."""
        gone = self.lanes.pop(lane, None)
        self._wanting = [one for one in self._wanting if one is not gone]
        self._choose_way()

    def hand_over(self, lane: str) -> RoutedLane:
        """A lane leaves for another stream, between two transactions (not ``is_within``)."""
        leaving = self.lanes[lane]
        self.remove(lane)
        return leaving

    def add(self, lane: str, routed: RoutedLane, ahead: GtidSet) -> None:
        """A lane comes, between two transactions: it has what was read here, and ``ahead`` of what will be."""
        if self.is_within:
            raise AssertionError(f"{lane} joins within {self.gtid}")
        routed.ahead = ahead or None
        self.lanes[lane] = routed
        self._choose_way()

    # --- transactions -------------------------------------------------------------------------------------------

    def _begin(self, event: TransactionBegin) -> None:
        self.gtid = event.gtid
        self.is_within = True
        self.file, self.position, self.commit_us = event.file, event.position, event.commit_us
        stamp = TransactionStamp(event.gtid, event.commit_us, event.file, event.position)
        self._wanting = [
            lane
            for lane in self.lanes.values()
            if (lane.ahead is None or event.gtid not in lane.ahead) and lane.dispatcher.begin(stamp)
        ]

    def _end(self, event: TransactionEnd) -> None:
        self.position = event.position
        self.transactions += 1
        self._read.add(event.gtid)
        for lane in self._wanting:
            lane.dispatcher.end(event.gtid)
        self._wanting = []
        self.is_within = False
        for lane in self.lanes.values():
            if lane.ahead is not None and lane.ahead.issubset(self.read_gtids()):
                lane.ahead = None
        self._choose_way()

    def _progress(self, event: Progress) -> None:
        self.gtid = event.gtid or self.gtid
        self.is_within = event.is_within
        self.file, self.position = event.file, event.position
        self.commit_us = event.commit_us or self.commit_us
        self.transactions += event.transactions
        self.row_changes += event.row_changes
        for source, first, last in event.executed:
            self._read.add_interval(source, first, last)
        self._wanting = [lane for lane in self.lanes.values() if lane.dispatcher.wants]

    def _choose_way(self) -> None:
        """Rows may go to the flows by themselves while every lane takes its changes at once."""
        if self._short_way is None:
            return
        lanes = list(self.lanes.values())
        if not all(lane.dispatcher.is_flowing and lane.ahead is None for lane in lanes):
            lanes = []
        if lanes != self._flowing:
            self._flowing = lanes
            self._learned.clear()
            self._short_way.flow_into([lane.dispatcher.flow for lane in lanes])

    def _statement(self, event: Statement) -> None:
        history = self._schemas.on_statement(self.gtid, event.database, event.sql)
        if self._short_way is not None:
            self._learned.clear()
            self._short_way.forget()  # what completes a table map may have changed
        for lane in self._wanting:
            if history is not None:
                lane.dispatcher.schema_changed(self.gtid, history)
            problem = lane.statements.judge(event, lane.routes.captures)
            if problem is not None and lane.failed is None:
                lane.failed = problem.with_where(**self._where(lane))  # type: ignore[assignment]

    # --- rows ---------------------------------------------------------------------------------------------------

    def _table_map(self, event: TableMap) -> None:
        table = self._tables.get(event.table_id)
        if table is None or table.map.body != event.body:
            self._tables[event.table_id] = _Table(event)

    def _rows(self, event: RowsEvent) -> None:
        table = self._tables.get(event.table_id)
        if table is None:
            raise DataProblem(UNMAPPED, f"table id {event.table_id} has no table map", self._where(None))
        takers = [lane for lane in self._wanting if lane.failed is None and lane.routes.captures(table.map.name)]
        if not takers:
            self._learn(table, event)
            return
        table = self._resolve(table, event.table_id)
        if event.partial_json:
            raise DataProblem(PARTIAL_JSON, f"a partial update of {table.map.name}", self._where(None))
        walker = self._walker(table, event)
        block = walker.walk(event)
        self._learn(table, event)
        self.row_changes += len(block.before)
        for lane in takers:
            try:
                self._deliver(lane, table, event, block, walker)
            except DataProblem as problem:
                lane.failed = problem.with_where(table=table.map.name, **self._where(lane))  # type: ignore[assignment]

    def _learn(self, table: _Table, event: RowsEvent) -> None:
        """From the next event on, rows of this table and these bitmaps take the short way."""
        key = (table.map.body[8:], event.before_present, event.after_present)
        if self._short_way is None or not self._flowing or event.partial_json or key in self._learned:
            return
        lanes = []
        for number, lane in enumerate(self._flowing):
            if lane.failed is not None or not lane.routes.captures(table.map.name):
                continue
            if table.schema is None:
                return  # a lane wants it, but not this transaction's: the next event tells
            try:
                routes = [
                    ShortRoute(self._shape(route, table, event), route.key_columns, route.place_columns)
                    for route in self._routes_of(lane, table)
                ]
            except DataProblem:
                return  # the lane's own way names it
            lanes.append((number, routes))
        self._learned.add(key)
        schema = table.schema
        if schema is None:
            self._short_way.pass_over(table.map.body, event.before_present, event.after_present)
        else:
            self._short_way.learn(table.map.body, schema, event.before_present, event.after_present, lanes)

    def _routes_of(self, lane: RoutedLane, table: _Table) -> Sequence[RuleRoute]:
        assert table.schema is not None and table.routes is not None
        name = lane.dispatcher.plan.lane
        routes = table.routes.get(name)
        if routes is None:
            routes = table.routes[name] = lane.routes.routes(table.schema)
        return routes

    def _resolve(self, table: _Table, table_id: int) -> _Table:
        """The table with its schema; equal maps share one, so that rows of one shape share slices."""
        if table.schema is not None:
            return table
        supplement = self._schemas.supplement_for(self.gtid, table.map.body)
        known = self._known.get((table.map.body, supplement))
        if known is None:
            schema = self._codec.table_schema(table.map.body, supplement)
            known = self._known[(table.map.body, supplement)] = _Table(table.map, supplement, schema, {})
        self._tables[table_id] = known
        return known

    def _walker(self, table: _Table, event: RowsEvent) -> RowWalker:
        assert table.schema is not None and table.supplement is not None
        shape = (table.map.body, table.supplement, event.before_present, event.after_present)
        walker = self._walkers.get(shape)
        if walker is None:
            walker = self._codec.walker(table.schema, event.before_present, event.after_present)
            self._walkers[shape] = walker
        return walker

    def _deliver(self, lane: RoutedLane, table: _Table, event: RowsEvent, block: RowBlock, walker: RowWalker) -> None:
        routes = self._routes_of(lane, table)
        changes: list[list[DocumentChange]] = [[] for _ in block.before]
        for route in routes:
            shape = self._shape(route, table, event)
            _collect(changes, event.kind, block, walker, route, shape)
        for change in changes:
            lane.dispatcher.change(change)

    def _shape(self, route: RuleRoute, table: _Table, event: RowsEvent) -> SliceShape:
        """The shape of an event's rows. An absent image has no bitmap of its own: with the other's, inserts, updates
        and deletes of full images share one shape, hence one slice.
        """
        assert table.supplement is not None
        before = event.before_present or event.after_present
        after = event.after_present or before
        key = (route.rule, route.place, table.map.body, table.supplement, before, after)
        shape = self._shapes.get(key)
        if shape is None:
            shape = SliceShape(route.rule, table.map.body, table.supplement, before, after, route.place)
            self._shapes[key] = shape
        return shape

    def _where(self, lane: RoutedLane | None) -> dict[str, object]:
        where: dict[str, object] = {"gtid": self.gtid, "file": self.file, "position": self.position}
        return where if lane is None else {"lane": lane.dispatcher.plan.lane, **where}


def _collect(
    changes: list[list[DocumentChange]],
    kind: Kind,
    block: RowBlock,
    walker: RowWalker,
    route: RuleRoute,
    shape: SliceShape,
) -> None:
    """What one rule makes of each row of a block; a changed identity gives a delete and an insert."""
    before = identities(walker, block.before, route, after=False) if kind is not Kind.INSERT else []
    after = identities(walker, block.after, route, after=True) if kind is not Kind.DELETE else []
    if kind is Kind.INSERT:
        for change, (key, identity), image in zip(changes, after, block.after, strict=True):
            change.append((key, identity, shape, kind, b"", image))
    elif kind is Kind.DELETE:
        for change, (key, identity), image in zip(changes, before, block.before, strict=True):
            change.append((key, identity, shape, kind, image, b""))
    else:
        images = zip(block.before, block.after, strict=True)
        for change, old, new, (was, now) in zip(changes, before, after, images, strict=True):
            if old == new:
                change.append((*new, shape, kind, was, now))
            else:
                change.append((*old, shape, Kind.DELETE, was, b""))
                change.append((*new, shape, Kind.INSERT, b"", now))


def identities(walker: RowWalker, images: Sequence[bytes], route: RuleRoute, *, after: bool) -> list[tuple[str, str]]:
    """(document key, identity) of each image for a rule. A place column may be NULL; a key column only where a row may be nowhere."""
    try:
        keys = walker.keys(images, route.key_columns, after)
    except DataProblem as problem:
        if problem.code != KEY_NULL or not route.may_be_nowhere:
            raise
        if len(images) == 1:
            return [NOWHERE]
        return [one for image in images for one in identities(walker, [image], route, after=after)]
    if not route.place_columns:
        return list(zip(keys, keys, strict=True))
    columns = route.key_columns + route.place_columns
    return list(zip(keys, walker.keys(images, columns, after, NULL_PLACE), strict=True))
