"""Operations on whole documents to the lines of a ``_bulk`` body (NDJSON, Elasticsearch reference "Bulk API").

    index   {"index":{"_index":..,"_id":..,"version":N,"version_type":"external"}} \\n document \\n
    delete  {"delete":{..the same..}} \\n
    upsert  {"update":{"_index":..,"_id":..}} \\n {"doc":document,"doc_as_upsert":true} \\n

Elasticsearch refuses a version equal to or below the document's (409), so an old or repeated write changes nothing. A
row whose routing changes is deleted and written again by one row change; where both routings lead to one shard the
write wins, because its version is one above the deletion's (``ingest.version``).

Upserts carry no version (Elasticsearch fails the whole request), nor do their deletions: an update counts the internal
version up, which would outrun ours. Parts of documents have versions of their own: ``parts/``.
"""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring

import pyarrow as pa

from ingest.problems import DataProblem
from ingest.sinks.batching import by_version, cut
from ingest.sinks.coalesce import CoalescingEncoder
from ingest.sinks.contract import Operations, Request, RequestItem
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.faults import KEY_NOT_TEXT
from ingest.sinks.json_documents import json_columns, json_documents
from ingest.sinks.source_field import with_source


class ElasticsearchEncoder(CoalescingEncoder[bytes]):
    """Encodes the operations of a lane's rules. Pure."""

    def __init__(self, options: ElasticsearchOptions, targets: Sequence[ElasticsearchTarget]) -> None:
        """``targets``: the ``to`` of each rule, by rule number."""
        self._options = options
        self._targets = targets

    def encode(self, operations: Sequence[Operations]) -> Sequence[Request[bytes]]:
        """All operations of a parcel to requests. DataProblem: a field without a JSON form, a key that isn't text."""
        lines = [self._payloads(part) for part in operations]
        items = (self._item(operations[part], row, lines[part][row]) for part, row in by_version(operations))
        return cut(items, self._options.bulk_items, self._options.bulk_bytes)

    def _item(self, part: Operations, row: int, payload: bytes) -> RequestItem[bytes]:
        return RequestItem(
            part.keys[row], part.versions[row], part.targets[row], part.deletes[row], payload, len(payload)
        )

    def _payloads(self, part: Operations) -> list[bytes]:
        documents = json_documents(with_source(part, self._targets[part.rule].source))
        lines = _upsert_lines if self._targets[part.rule].write == "upsert" else _index_lines
        try:
            return [text.encode() for text in lines(part, documents)]
        except UnicodeEncodeError as error:
            raise not_text(part, error) from error


def not_text(part: Operations, error: UnicodeEncodeError) -> DataProblem:
    """The problem of operations that can't be written as UTF-8."""
    for key, target in zip(part.keys, part.targets, strict=True):
        if not _is_text(key):
            return DataProblem(KEY_NOT_TEXT, f"the key {key!r} isn't valid Unicode", {"target": target})
    return DataProblem(KEY_NOT_TEXT, f"a document isn't valid Unicode: {error.reason}")


def _is_text(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _index_lines(part: Operations, documents: Sequence[str]) -> list[str]:
    quoted = {target: encode_basestring(target) for target in set(part.targets)}
    lines = []
    for key, version, delete, target, routing, document in zip(
        part.keys, part.versions, part.deletes, part.targets, part.routings, documents, strict=True
    ):
        head = f'"_index":{quoted[target]},"_id":{encode_basestring(key)}{_routing(routing)},"version":{version}'
        if delete:
            lines.append(f'{{"delete":{{{head},"version_type":"external"}}}}\n')
        else:
            lines.append(f'{{"index":{{{head},"version_type":"external"}}}}\n{document}\n')
    return lines


def _upsert_lines(part: Operations, documents: Sequence[str]) -> list[str]:
    lines = []
    for key, delete, target, routing, document in zip(
        part.keys, part.deletes, part.targets, part.routings, documents, strict=True
    ):
        head = f'"_index":{encode_basestring(target)},"_id":{encode_basestring(key)}{_routing(routing)}'
        if delete:
            lines.append(f'{{"delete":{{{head}}}}}\n')
        else:
            lines.append(f'{{"update":{{{head}}}}}\n{{"doc":{document},"doc_as_upsert":true}}\n')
    return lines


def _routing(routing: str | None) -> str:
    return "" if routing is None else f',"routing":{encode_basestring(routing)}'


def stored_fields(documents: pa.RecordBatch) -> list[dict[str, bytes]]:
    """What a driver reads back of each document: field name to JSON value text."""
    if documents.num_columns == 0:
        return [{} for _ in range(documents.num_rows)]
    columns = [[text.encode() for text in texts] for texts in json_columns(documents)]
    return [dict(zip(documents.schema.names, row, strict=True)) for row in zip(*columns, strict=True)]
