"""Elasticsearch's driver: ready-made bulk bodies out, every item's answer in; documents read back for comparison.

Place in the flow: the shard gives it requests of ``ingest.sinks.elasticsearch.encode`` and gets every item's result;
what an answer means is decided by ``ingest.sinks.elasticsearch.classify``. Requests about parts of documents go through
``elasticsearch_parts``.

Invariants: a result DONE was said of that item by the server; while the server pushes back, bodies become smaller, so
that one above its memory limit passes in the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from actors.drivers.credentials import NO_CREDENTIALS, Credentials
from actors.drivers.elasticsearch_http import JSON, NDJSON, ElasticsearchHttp
from actors.drivers.elasticsearch_indices import ElasticsearchIndices
from actors.drivers.elasticsearch_parts import ElasticsearchParts
from ingest.problems import DataProblem, WorldProblem
from ingest.sinks.batching import Refused, around_unsendable, halving, pieces
from ingest.sinks.contract import DONE, ItemResult, Request, body_of
from ingest.sinks.elasticsearch.classify import (
    ID_BYTES_MAX,
    INDEX_MISSING,
    all_plain,
    problem_of,
    refusal,
    results,
    unsendable,
)
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.elasticsearch.parts.payload import is_part
from ingest.sinks.elasticsearch.raw_json import Members, documents, object_members
from ingest.sinks.faults import BUSY, NOT_UNDERSTOOD, TARGET_MISSING, TIMEOUT, UNREACHABLE, WRONG_VERSION
from ingest.sinks.stored import StoredDocument

MAJORS_SUPPORTED = (8, 9)

BULK = "/_bulk?filter_path=items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by,error"
"""Only what ``classify`` reads: an answer of 25 bytes an item instead of 200."""

BODY_BYTES_MIN = 65_536
"""Bodies don't become smaller than this when the server pushes back."""

_HALVED_AFTER = (BUSY, TIMEOUT, UNREACHABLE)
"""What makes the next request smaller: a server may also hang up on a large body before its 413 is read."""

FETCH_DOCUMENTS = 1_000
"""Documents asked for in one call when reading back."""

SCAN_KEYS = 10_000
"""Ids asked for in one call: as many as an index gives by default (index.max_result_window)."""

Hit = tuple[Members, Members | None]
"""What is said of a document, and its source."""

PIT_KEPT = "5m"
"""How long a scan's point in time outlives each page."""


class ElasticsearchDriver:
    """One shard's connection to an Elasticsearch cluster."""

    def __init__(
        self,
        options: ElasticsearchOptions,
        targets: Sequence[ElasticsearchTarget],
        credentials: Credentials = NO_CREDENTIALS,
        lease_ms: float = 0.0,
    ) -> None:
        """``lease_ms``: how long a shard may go on writing unheard; indices must remember deletions for longer."""
        self._options = options
        self._http = ElasticsearchHttp(options, credentials)
        self._indices = ElasticsearchIndices(options, targets, self._http, lease_ms)
        self._parts = ElasticsearchParts(options, self._http)
        self._body_bytes = options.bulk_bytes

    # --- SinkDriver ---------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect, and check that it is an Elasticsearch of a supported version that takes the credentials."""
        found = self._version()
        if not found.partition(".")[0].isdigit() or int(found.partition(".")[0]) not in MAJORS_SUPPORTED:
            supported = " or ".join(str(major) for major in MAJORS_SUPPORTED)
            what = f"the server is Elasticsearch {found}; supported are versions {supported}"
            raise self._http.placed(DataProblem(WRONG_VERSION, what))

    def close(self) -> None:
        """Let the connections go. Never raises."""
        self._http.close()

    def prepare(self, targets: Sequence[str]) -> None:
        """Create missing indices where the rule says so, and compare existing ones with its mapping."""
        self._indices.prepare(targets)

    def check(self, targets: Sequence[str]) -> None:
        """Compare the indices that exist with the rules' mappings and the lease; write nothing."""
        self._indices.check(targets)

    def send(self, request: Request[bytes]) -> Sequence[ItemResult]:
        """Send a bulk request; an item that makes the server refuse all of it is found by halving, and is POISON."""
        return around_unsendable(request, unsendable, self._send, ID_BYTES_MAX)

    # --- SinkReader ---------------------------------------------------------------------------------------------

    def fetch(
        self, target: str, keys: Sequence[str], routings: Sequence[str | None] | None = None
    ) -> list[StoredDocument | None]:
        """The documents of these ids, in their order; sees writes that no search sees yet."""
        wanted = list(zip(keys, routings or [None] * len(keys), strict=True))
        found: list[StoredDocument | None] = []
        for start in range(0, len(wanted), FETCH_DOCUMENTS):
            body = {
                "docs": [
                    {"_id": key} if routing is None else {"_id": key, "routing": routing}
                    for key, routing in wanted[start : start + FETCH_DOCUMENTS]
                ]
            }
            text = self._read("POST", f"/{quote(target)}/_mget", target, body)  # filter_path would rewrite _source
            found.extend(_fetched(*document, target) for document in documents(text, ("docs",), "_source"))
        return found

    def scan(self, target: str, batch: int = 1_000) -> Iterator[StoredDocument]:
        """Every document of an index, as of the start of the scan."""
        for hits in self._pages(target, {"size": batch, "version": True}):
            yield from (_document(*hit) for hit in hits)

    def scan_keys(self, target: str) -> Iterator[str]:
        """The id of every document of an index, as of the start of the scan."""
        for hits in self._pages(target, {"size": SCAN_KEYS, "_source": False}):
            yield from (str(json.loads(hit["_id"])) for hit, _ in hits)

    # --- inside -------------------------------------------------------------------------------------------------

    def _pages(self, target: str, search: Mapping[str, object]) -> Iterator[list[Hit]]:
        self._read("POST", f"/{quote(target)}/_refresh", target)
        opened = object_members(self._read("POST", f"/{quote(target)}/_pit?keep_alive={PIT_KEPT}", target))
        pit: object = json.loads(opened["id"])
        try:
            after: object = None
            while hits := self._page(target, pit, after, search):
                yield hits
                after = json.loads(hits[-1][0]["sort"])
        finally:
            self._http.ask("DELETE", "/_pit", json.dumps({"id": pit}).encode())

    def _version(self) -> str:
        """The server's version; builds without ``GET /`` (405) tell it in their node information."""
        answer = self._http.ask("GET", "/")
        if answer.status == 405:
            answer = self._http.ask("GET", "/_nodes/_local?filter_path=nodes.*.version")
        if answer.status != 200:
            raise self._http.placed(problem_of(answer.status, answer.json()))
        try:
            members = object_members(answer.body.decode())
            if "nodes" in members:
                [node] = object_members(members["nodes"]).values()
                return str(json.loads(object_members(node)["version"]))
            return str(json.loads(object_members(members["version"])["number"]))
        except (ValueError, KeyError) as error:
            what = "the server answers, but not as Elasticsearch does"
            raise self._http.placed(DataProblem(NOT_UNDERSTOOD, what)) from error

    def _send(self, request: Request[bytes]) -> list[ItemResult]:
        answers: list[ItemResult] = []
        try:
            for piece in pieces(request, self._body_bytes):
                answers += halving(piece, self._attempt)
        except WorldProblem as problem:
            if problem.code in _HALVED_AFTER:
                self._body_bytes = max(BODY_BYTES_MIN, min(self._body_bytes, request.size_bytes) // 2)
            raise
        self._body_bytes = min(self._options.bulk_bytes, self._body_bytes * 2)
        return answers

    def _attempt(self, request: Request[bytes]) -> Sequence[ItemResult] | Refused:
        answers = self._parts.attempt(request) if is_part(request.items[0]) else self._bulk(request)
        if not isinstance(answers, Refused):
            missing = [place for place, result in enumerate(answers) if result.reason == INDEX_MISSING]
            self.prepare(sorted({request.items[place].target for place in missing}))
        return answers

    def _bulk(self, request: Request[bytes]) -> Sequence[ItemResult] | Refused:
        reply = self._http.ask("POST", BULK, body_of(request), NDJSON)
        if reply.status == 200 and all_plain(reply.body, len(request.items)):
            return [DONE] * len(request.items)
        answer = reply.json()
        try:
            return refusal(reply.status, answer) or results(request.items, answer)
        except (DataProblem, WorldProblem) as problem:
            raise self._http.placed(problem) from None

    def _page(self, target: str, pit: object, after: object, search: Mapping[str, object]) -> list[Hit]:
        body: dict[str, object] = {
            **search,
            "sort": [{"_shard_doc": "asc"}],
            "pit": {"id": pit, "keep_alive": PIT_KEPT},
            "track_total_hits": False,
        }
        if after is not None:
            body["search_after"] = after
        text = self._read("POST", "/_search?allow_partial_search_results=false", target, body)
        return list(documents(text, ("hits", "hits"), "_source"))

    def _read(self, method: str, path: str, target: str, body: object = None) -> str:
        encoded = None if body is None else json.dumps(body).encode()
        answer = self._http.ask(method, path, encoded, JSON)
        if answer.status == 404:
            raise self._http.placed(DataProblem(TARGET_MISSING, f"there is no index {target!r}", {"index": target}))
        if not 200 <= answer.status < 300:
            raise self._http.placed(problem_of(answer.status, answer.json()).with_where(index=target))
        return answer.body.decode()


def _fetched(members: Members, source: Members | None, target: str) -> StoredDocument | None:
    if "error" in members:
        raise DataProblem(TARGET_MISSING, f"the index {target!r} can't be read: {members['error'][:300]}")
    return _document(members, source) if members.get("found") == "true" else None


def _document(members: Members, source: Members | None) -> StoredDocument:
    if source is None:
        raise DataProblem(NOT_UNDERSTOOD, f"the index gives no _source of the document {members['_id']}")
    fields = {name: text.encode() for name, text in source.items()}
    routing = members.get("_routing")
    return StoredDocument(
        str(json.loads(members["_id"])),
        int(members["_version"]),
        fields,
        None if routing is None else str(json.loads(routing)),
    )
