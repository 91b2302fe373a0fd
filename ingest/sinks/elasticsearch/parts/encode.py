"""Operations on parts to items: everything that a parcel says of one document in one item.

So a document with many changed parts costs the server one update, and its parts change in one step. The item has the
highest version of its changes, and is a deletion when all of them are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring

from ingest.problems import DataProblem, declare
from ingest.sinks.batching import by_version, cut
from ingest.sinks.coalesce import CoalescingEncoder
from ingest.sinks.contract import Encoded, Encoder, Operations, Request, RequestItem
from ingest.sinks.elasticsearch.encode import not_text
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget, PartOptions
from ingest.sinks.elasticsearch.parts.exact import inexact_numbers, may_be_inexact
from ingest.sinks.elasticsearch.parts.payload import HEAD
from ingest.sinks.elasticsearch.parts.script import SCRIPT_BYTES
from ingest.sinks.json_documents import json_documents
from ingest.sinks.operation_columns import Same
from ingest.sinks.source_field import source_texts

NUMBER_NOT_EXACT = declare(
    "elasticsearch.number_not_exact",
    "A number has more digits than Elasticsearch's scripts keep.",
    'Set parts = "optimistic" on the sink, or let the rule write the field as text: CAST(... AS CHAR).',
)


@dataclass(slots=True)
class _Document:
    """What a parcel says of one document: each rule's changes as JSON texts."""

    target: str
    key: str
    routing: str | None
    version: int = 0
    delete: bool = True
    changes: dict[int, list[str]] = field(default_factory=dict)


class PartEncoder(CoalescingEncoder[bytes]):
    """Encodes operations on parts. Pure."""

    def __init__(self, options: ElasticsearchOptions, targets: Sequence[ElasticsearchTarget]) -> None:
        """``targets``: the ``to`` of each rule, by rule number."""
        self._options = options
        self._parts = [target.part for target in targets]
        self._keep_source = [target.parts_source for target in targets]
        self._scripted = options.parts == "script"

    def encode(self, operations: Sequence[Operations]) -> Sequence[Request[bytes]]:
        """All operations of a parcel to requests. DataProblem: a field without a JSON form, a key that isn't text, a
        number that the script would round."""
        documents: dict[tuple[str, str, str | None], _Document] = {}
        texts = [self._texts(part) for part in operations]
        fields: dict[int, Sequence[str]] = {}
        for number, row in by_version(operations):
            part = operations[number]
            place = (part.targets[row], part.keys[row], part.routings[row])
            document = documents.setdefault(place, _Document(*place))
            document.version = part.versions[row]
            document.delete = document.delete and bool(part.deletes[row])
            document.changes.setdefault(part.rule, []).append(texts[number][row])
            fields[part.rule] = part.documents.schema.names
        newest = sorted(documents.values(), key=lambda document: document.version)
        items = (self._item(document, fields) for document in newest)
        return cut(items, self._options.bulk_items, self._options.bulk_bytes)

    def _item(self, document: _Document, fields: dict[int, Sequence[str]]) -> RequestItem[bytes]:
        payload = self._payload(document, fields)
        size = len(payload) + (SCRIPT_BYTES if self._scripted else 0)
        return RequestItem(document.key, document.version, document.target, document.delete, payload, size)

    def _payload(self, document: _Document, fields: dict[int, Sequence[str]]) -> bytes:
        place = f'"_index":{encode_basestring(document.target)},"_id":{encode_basestring(document.key)}'
        if document.routing is not None:
            place += f',"routing":{encode_basestring(document.routing)}'
        said = [_source(self._part(rule), fields[rule], changes) for rule, changes in document.changes.items()]
        empty = any(self._part(rule).when_empty == "delete" for rule in document.changes)
        body = f'{{"sources":[{",".join(said)}],"delete_empty":{"true" if empty else "false"}}}'
        return HEAD + f"{{{place}}}}}\n{body}\n".encode()

    def _part(self, rule: int) -> PartOptions:
        part = self._parts[rule]
        assert part is not None, "operations on parts come from rules that own one"
        return part

    def _texts(self, operations: Operations) -> list[str]:
        """Each change: its key, version and part, and where that came from."""
        assert operations.parts is not None
        if self._scripted:
            _check_numbers(operations)
        texts = [
            f"[{encode_basestring(key)},{version},{'null' if delete else document + source}]"
            for key, version, delete, document, source in zip(
                operations.parts.keys,
                operations.versions,
                operations.deletes,
                json_documents(operations.documents),
                self._sources(operations),
                strict=True,
            )
        ]
        try:
            for text in (*texts, *operations.keys):
                text.encode()
        except UnicodeEncodeError as error:
            raise not_text(operations, error) from error
        return texts

    def _sources(self, operations: Operations) -> Sequence[str]:
        if operations.provenance is None or not self._keep_source[operations.rule]:
            return Same("", len(operations.keys))
        return [f",{text}" for text in source_texts(operations)]


def _source(part: PartOptions, fields: Sequence[str], changes: Sequence[str]) -> str:
    into = "null" if part.into is None else encode_basestring(part.into)
    many = "true" if part.key is not None else "false"
    names = ",".join(map(encode_basestring, fields)) if part.into is None else ""
    return (
        f'{{"part":{encode_basestring(part.part)},"into":{into},"many":{many},"fields":[{names}],'
        f'"changes":[{",".join(changes)}]}}'
    )


def _check_numbers(operations: Operations) -> None:
    for column, described in zip(operations.documents.columns, operations.documents.schema, strict=True):
        if may_be_inexact(described):
            for row, number in inexact_numbers(column, described):
                what = f"{number} would be rounded by a script, since Elasticsearch's have doubles only"
                where = {"target": operations.targets[row], "key": operations.keys[row], "field": described.name}
                raise DataProblem(NUMBER_NOT_EXACT, what, where)


class DocumentsAndParts(Encoder[bytes]):
    """Whole documents by one encoder, parts by another: requests hold either."""

    def __init__(self, documents: Encoder[bytes], parts: Encoder[bytes]) -> None:
        self._documents = documents
        self._parts = parts

    def encode(self, operations: Sequence[Operations]) -> Sequence[Request[bytes]]:
        """See ``Encoder.encode``."""
        return [request for encoder, some in self._shares(operations) for request in encoder.encode(some)]

    def encode_newest(self, operations: Sequence[Operations]) -> Encoded[bytes]:
        """See ``Encoder.encode_newest``."""
        encoded = [encoder.encode_newest(some) for encoder, some in self._shares(operations)]
        return Encoded(
            [request for one in encoded for request in one.requests],
            sum(one.upserts for one in encoded),
            sum(one.deletes for one in encoded),
            sum(one.coalesced for one in encoded),
        )

    def _shares(self, operations: Sequence[Operations]) -> Iterator[tuple[Encoder[bytes], list[Operations]]]:
        whole = [one for one in operations if one.parts is None]
        partial = [one for one in operations if one.parts is not None]
        for encoder, some in ((self._documents, whole), (self._parts, partial)):
            if some:
                yield encoder, some
