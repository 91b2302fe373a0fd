"""Operations to row mutations for Thrift 1's ``mutateRowsTs``, as ready-made bytes.

A document is a put of each field that has a value, and a delete of each that is NULL; a deletion deletes families or
columns (``HbaseTarget.delete``).

**One timestamp a request.** Thrift 1 gives all rows of a request one timestamp: the highest version in it (``T``). Why
nothing goes back in time:

- Requests of one table hold versions that rise from request to request: items are in the order of their versions, in a
  parcel here (``by_version``) and from parcel to parcel by the dispatcher. So every later change of a row, which comes
  in a later request, has a version, and so a timestamp, above T. A row stands once in a request, or two changes of it
  would share T.
- A request that is retried, whole or in part, takes the highest version of *its* items, T' <= T. Where the first try
  was applied, the same cells stand at T, and at T' they change nothing; where it wasn't, T' is still at least the
  version of each of its rows and above all that came before. Later requests are above T. So their order doesn't
  matter either.
- What an older epoch still sends has lower timestamps: HBase stores it beneath, where no reader looks. A delete at T
  masks everything at or below T, also what is put later, until a major compaction; and it wins over a put of the same
  T. A late write below a delete that a major compaction has cleared away would show: leases are far shorter than that.

Where a rule asks for commit times instead (``timestamps = "commit_time"``, for TTLs), T is the newest commit time of the
request in milliseconds. What then rises from request to request is what the source's clock says: changes of one row that
were committed in one millisecond, or after the clock went back, may lie beneath older ones (``ingest/PROMISES.md``).

A put and a delete of one row aren't applied at once (HBase applies the puts of a request, then its deletes): a reader
may see, for a moment, a new row whose emptied column still has its old value.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from ingest.problems import DataProblem
from ingest.sinks.batching import by_version, cut
from ingest.sinks.cell_bytes import cell_texts
from ingest.sinks.coalesce import CoalescingEncoder
from ingest.sinks.contract import Operations, PackedItems, Request, RequestItem
from ingest.sinks.faults import FIELD_MISSING, KEY_NOT_TEXT
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget
from ingest.sinks.hbase.thrift_bytes import deletion, puts, row_mutations
from ingest.sinks.operation_columns import Same
from ingest.sinks.source_field import with_source


class HbaseEncoder(CoalescingEncoder[bytes]):
    """Encodes the operations of a lane's rules; the operations' keys are the row keys. Pure."""

    def __init__(self, options: HbaseOptions, targets: Sequence[HbaseTarget]) -> None:
        """``targets``: the ``to`` of each rule, by rule number."""
        self._options = options
        self._targets = targets

    def encode(self, operations: Sequence[Operations]) -> Sequence[Request[bytes]]:
        """All operations of a parcel to requests of one table each, in order within a table. DataProblem: a field
        without a cell form, a key that isn't text, a target that names a field which isn't there.
        """
        rows = [_rows(part, self._targets[part.rule]) for part in operations]
        tables: dict[str, list[RequestItem[bytes]]] = {}
        for part, row in by_version(operations):
            item = rows[part][row]
            tables.setdefault(item.target, []).append(item)
        return [
            request
            for items in tables.values()
            for request in cut(items, self._options.batch_rows, self._options.batch_bytes)
        ]


def timestamp_of(request: Request[bytes]) -> int:
    """The timestamp of all rows of a request: its highest version."""
    items = request.items
    return items.newest if isinstance(items, PackedItems) else max(item.version for item in items)


def commit_ms_of(request: Request[bytes]) -> int:
    """The timestamp of all rows of a request where those are commit times: its newest, milliseconds since 1970.
    ValueError when no commit time is known."""
    items = request.items
    newest_us = items.newest_commit_us if isinstance(items, PackedItems) else max(item.commit_us for item in items)
    if newest_us <= 0:
        raise ValueError("a request of changes whose commit times aren't known")
    return newest_us // 1000


def column_of(field: str, target: HbaseTarget) -> list[str]:
    """The columns (``family:qualifier``) that a field is written to; none when the target leaves it out."""
    named = [column for column, source in target.columns.items() if source == field]
    return named or ([] if target.family is None else [f"{target.family}:{field}"])


def commit_times(part: Operations, target: HbaseTarget) -> Sequence[int]:
    """When each operation was committed, microseconds since 1970; 0 where the target doesn't ask for it."""
    if target.timestamps == "version" or part.provenance is None:
        return Same(0, len(part.keys))
    return part.provenance.commits_us(part.sources)


def source_cell(source: str, target: HbaseTarget) -> str | None:
    """The cell (``family:qualifier``) that holds the rows' source; None when the target leaves the field out."""
    return next(iter(column_of(source, target)), None)


def _rows(part: Operations, target: HbaseTarget) -> list[RequestItem[bytes]]:
    documents = with_source(part, target.source)
    columns = written_columns(documents.schema, target)
    mutations = [puts(name.encode(), cell_texts(documents.column(index), field)) for index, field, name in columns]
    written = list(zip(*mutations, strict=True)) or [()] * len(part.keys)
    gone = deletions(target, [name.encode() for _, _, name in columns])
    items = []
    for key, version, delete, name, cells, commit_us in zip(
        part.keys, part.versions, part.deletes, part.targets, written, commit_times(part, target), strict=True
    ):
        payload = row_mutations(_row_key(key, name), gone if delete else cells)
        items.append(RequestItem(key, version, name, delete, payload, len(payload), commit_us))
    return items


def deletions(target: HbaseTarget, columns: Sequence[bytes]) -> list[bytes]:
    """The mutations that delete a document."""
    whole = [family.encode() for family in target.families] if target.delete == "row" else []
    return [deletion(column) for column in whole or columns]


def written_columns(schema: pa.Schema, target: HbaseTarget) -> list[tuple[int, pa.Field, str]]:
    """(index of the document's column, its field, ``family:qualifier``) of everything that is written."""
    missing = sorted(set(target.columns.values()) - {*schema.names, target.source})
    if missing:
        what = f"the target's columns name the field {missing[0]!r}; the documents have {', '.join(schema.names)}"
        raise DataProblem(FIELD_MISSING, what, {"table": target.table})
    return [(index, field, name) for index, field in enumerate(schema) for name in column_of(field.name, target)]


def _row_key(key: str, table: str) -> bytes:
    try:
        return key.encode()
    except UnicodeEncodeError as error:
        raise DataProblem(KEY_NOT_TEXT, f"the row key {key!r} isn't valid Unicode", {"table": table}) from error


def stored_fields(documents: pa.RecordBatch, target: HbaseTarget) -> list[dict[str, bytes]]:
    """What a driver reads back of each document: ``family:qualifier`` to cell; NULLs have none. A document without
    any cell isn't there at all.
    """
    rows: list[dict[str, bytes]] = [{} for _ in range(documents.num_rows)]
    for index, field, name in written_columns(documents.schema, target):
        for row, cell in zip(rows, cell_texts(documents.column(index), field), strict=True):
            if cell is not None:
                row[name] = cell
    return rows
