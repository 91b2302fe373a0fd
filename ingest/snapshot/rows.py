"""A table's selected rows as rows of a lane's tail: what the router would make of an insert of each.

They have no ordinal of their own: ordinal 0 is what stood before the epoch's first change, so each version is below that of
any change of the epoch, and above all of older epochs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.codec import ReaderCodec
from ingest.keys import shard_of
from ingest.lane.buffers import SliceShape
from ingest.lane.document_changes import identities
from ingest.lane.routing import RuleRoute
from ingest.lane.tail import TailRow
from ingest.schema import TableSchema
from ingest.slices import Kind
from ingest.snapshot.chunks import TableQueries, Texts
from ingest.snapshot.images import RowImages, image_expression
from ingest.snapshot.table_map import table_map_of

BEFORE_ALL = 0
"""The ordinal of what stood before the epoch's first change."""


class TableRows:
    """One table and the rules that take it. DataProblem for a column of a type that isn't known."""

    def __init__(self, schema: TableSchema, routes: Sequence[RuleRoute], codec: ReaderCodec, shards: int) -> None:
        self.queries = TableQueries(schema, tuple(range(len(schema.columns))), image_expression)
        self._images = RowImages(schema)
        self._routes = [(route, shape_of(schema, route, self._images.present)) for route in routes]
        self._walker = codec.walker(schema, self._images.present, self._images.present)
        self._shards = shards

    def of(self, texts: Sequence[Texts], stamp: bytes) -> Iterator[tuple[str, TailRow]]:
        """Each row for each rule, with its identity; ``texts``: values column by column, as ``queries`` ask for them.
        DataProblem names the column, or says that a key is NULL."""
        images = self._images.of(texts)
        for route, shape in self._routes:
            named = identities(self._walker, images, route, after=True)
            for (key, identity), image in zip(named, images, strict=True):
                shard = shard_of(key, self._shards)
                yield identity, TailRow(shard, shape, Kind.INSERT, BEFORE_ALL, b"", image, stamp)


def shape_of(schema: TableSchema, route: RuleRoute, present: bytes) -> SliceShape:
    """The shape of a table's rows for one rule, all columns present."""
    body, supplement = table_map_of(schema)
    return SliceShape(route.rule, body, supplement, present, present, route.place)
