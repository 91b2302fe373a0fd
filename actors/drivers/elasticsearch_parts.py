"""Requests about parts of documents on their way to Elasticsearch: by a script, or read, put in and written by us.

Thin: what is sent and what answers mean is decided by ``ingest.sinks.elasticsearch.parts``. A document that changed while
we had it is told as RETRY, so the lane's own backoff and bound hold for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.drivers.elasticsearch_http import JSON, NDJSON, ElasticsearchHttp
from ingest.problems import DataProblem, WorldProblem
from ingest.sinks.batching import Refused
from ingest.sinks.contract import ItemResult, Request, RequestItem
from ingest.sinks.elasticsearch.classify import problem_of, refusal
from ingest.sinks.elasticsearch.options import ElasticsearchOptions
from ingest.sinks.elasticsearch.parts.answers import part_results
from ingest.sinks.elasticsearch.parts.optimistic import Found, reading, writing
from ingest.sinks.elasticsearch.parts.payload import DocumentChanges, parsed
from ingest.sinks.elasticsearch.parts.script import scripted_body
from ingest.sinks.elasticsearch.raw_json import documents

BULK = (
    "/_bulk?filter_path=items.*.status,items.*.result,items.*.error.type,items.*.error.reason,"
    "items.*.error.caused_by,error"
)
READ_DOCUMENTS = 1_000
"""Documents read in one call."""


class ElasticsearchParts:
    """Sends requests about parts for one driver."""

    def __init__(self, options: ElasticsearchOptions, http: ElasticsearchHttp) -> None:
        self._scripted = options.parts == "script"
        self._http = http

    def attempt(self, request: Request[bytes]) -> Sequence[ItemResult] | Refused:
        """Every item's result, or why the server refused all of them. Raises as ``SinkDriver.send``."""
        try:
            if self._scripted:
                return self._bulk(request.items, scripted_body(request))
            return self._put_in(request.items)
        except (DataProblem, WorldProblem) as problem:
            raise self._http.placed(problem) from None

    def _put_in(self, items: Sequence[RequestItem[bytes]]) -> Sequence[ItemResult] | Refused:
        said = [parsed(item.payload) for item in items]
        found = [
            one for at in range(0, len(said), READ_DOCUMENTS) for one in self._read(said[at : at + READ_DOCUMENTS])
        ]
        plan = writing(items, said, found)
        left = [item for item, result in zip(items, plan.settled, strict=True) if result is None]
        answers = self._bulk(left, plan.body) if left else []
        if isinstance(answers, Refused):
            return answers
        rest = iter(answers)
        return [next(rest) if result is None else result for result in plan.settled]

    def _read(self, said: Sequence[DocumentChanges]) -> list[Found]:
        reply = self._http.ask("POST", "/_mget", reading(said), JSON)
        if reply.status != 200:
            raise problem_of(reply.status, reply.json())
        return list(documents(reply.body.decode(), ("docs",), "_source"))

    def _bulk(self, items: Sequence[RequestItem[bytes]], body: bytes) -> Sequence[ItemResult] | Refused:
        reply = self._http.ask("POST", BULK, body, NDJSON)
        answer = reply.json()
        return refusal(reply.status, answer) or part_results(items, answer)
