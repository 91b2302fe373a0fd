"""The indices that a lane writes to: created where missing, compared with the rule's mapping where not.

Invariants: an index that this creates remembers deletions for ``gc_deletes_s``; one that exists is never changed except
for fields that it doesn't have yet; a conflict is a DataProblem that names the field and both types.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import structlog

from actors.drivers.elasticsearch_http import Answer, ElasticsearchHttp
from ingest.problems import DataProblem, Problem, ProblemCode, declare
from ingest.sinks.elasticsearch.classify import error_of, problem_of
from ingest.sinks.elasticsearch.index_settings import gc_deletes_s
from ingest.sinks.elasticsearch.mapping import conflicts, missing_fields
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.faults import TARGET_MISSING, TARGET_REFUSED
from ingest.sinks.target_match import target_of

MAPPING_CONFLICT = declare(
    "elasticsearch.mapping_conflict",
    "An index has a field with another type than the rule's mapping says.",
    "Change the rule's mapping, or let the rule write to a new index.",
)

UNMAPPED: Mapping[str, object] = {"date_detection": False}
"""The mapping of an index without a configured one: the first text that looks like a date would make its field a date,
and refuse every later text that doesn't."""

_log = structlog.get_logger("ingest.sinks.elasticsearch")


class ElasticsearchIndices:
    """Sees to the indices of one driver."""

    def __init__(
        self, options: ElasticsearchOptions, targets: Sequence[ElasticsearchTarget], http: ElasticsearchHttp
    ) -> None:
        self._options = options
        self._targets = targets
        self._http = http
        self._warned: set[str] = set()

    def prepare(self, names: Sequence[str]) -> None:
        """Create or check these indices. DataProblem: missing, refused, conflicting."""
        for name in names:
            target = target_of(name, self._targets)
            if target is not None:
                self._prepare(name, target)

    def _prepare(self, name: str, target: ElasticsearchTarget) -> None:
        found = self._found(name)
        if found is None and target.create:
            self._create(name, target)
            found = self._found(name)
        if found is None:
            raise self._problem(TARGET_MISSING, f"there is no index {name!r}", name)
        self._check_alias(name, found)
        for index, description in found.items():
            self._check_index(name, index, description, target)

    def _found(self, name: str) -> dict[str, Mapping[str, object]] | None:
        """The concrete indices behind an index or alias, each with its mappings, settings, aliases; None: missing."""
        answer = self._http.ask("GET", f"/{quote(name)}")
        if answer.status == 404:
            return None
        body = answer.json()
        if answer.status != 200 or not isinstance(body, Mapping):
            raise self._refused(name, answer)
        return {str(index): _section(body, index) for index in body}

    def _create(self, name: str, target: ElasticsearchTarget) -> None:
        settings = {"index.gc_deletes": f"{self._options.gc_deletes_s}s", **target.settings}
        mapping = UNMAPPED if target.mapping is None else target.mapping
        body = json.dumps({"settings": settings, "mappings": mapping}).encode()
        answer = self._http.ask("PUT", f"/{quote(name)}", body)
        if answer.status != 200 and error_of(answer.json())[0] != "resource_already_exists_exception":
            raise self._refused(name, answer)

    def _check_alias(self, name: str, found: Mapping[str, Mapping[str, object]]) -> None:
        for index, description in found.items():
            if "data_stream" in description:
                what = f"{name!r} is a data stream ({index}); data streams take no versions"
                raise self._problem(TARGET_REFUSED, what, name)
        writable = [
            index
            for index, description in found.items()
            if _section(_section(description, "aliases"), name).get("is_write_index") is True
        ]
        if len(found) > 1 and not writable:
            what = f"the alias {name!r} stands for {', '.join(sorted(found))}, and none is its write index"
            raise self._problem(TARGET_REFUSED, what, name)

    def _check_index(
        self, name: str, index: str, description: Mapping[str, object], target: ElasticsearchTarget
    ) -> None:
        mapping, there = target.mapping or {}, _section(description, "mappings")
        differing = conflicts(mapping, there)
        if differing:
            fields = "; ".join(
                f"field {one.field!r} is {one.found} there and {one.configured} in the rule's mapping"
                for one in differing
            )
            raise self._problem(MAPPING_CONFLICT, f"the index {index!r} has another mapping: {fields}", name)
        if missing_fields(mapping, there) and target.create:
            self._add_fields(name, index, mapping)
        self._check_gc_deletes(index, description)

    def _add_fields(self, name: str, index: str, mapping: Mapping[str, object]) -> None:
        body = json.dumps({"properties": mapping["properties"]}).encode()
        answer = self._http.ask("PUT", f"/{quote(index)}/_mapping", body)
        if answer.status != 200:
            raise self._refused(name, answer)

    def _check_gc_deletes(self, index: str, description: Mapping[str, object]) -> None:
        remembered_s = gc_deletes_s(_section(_section(description, "settings"), "index"))
        if remembered_s < self._options.gc_deletes_s and index not in self._warned:
            self._warned.add(index)
            _log.warning(
                "the index forgets deletions early; a write that comes later could bring a document back",
                index=index,
                gc_deletes_s=remembered_s,
                hint=f'set "index.gc_deletes": "{self._options.gc_deletes_s}s" on it',
            )

    def _refused(self, name: str, answer: Answer) -> Problem:
        """400: as configured it can't be; anything else is the server's state."""
        kind, words = error_of(answer.json())
        if answer.status == 400:
            return self._problem(TARGET_REFUSED, f"Elasticsearch refuses the index {name!r}: {kind}: {words}", name)
        return self._http.placed(problem_of(answer.status, answer.json()).with_where(index=name))

    def _problem(self, code: ProblemCode, what: str, index: str) -> Problem:
        return self._http.placed(DataProblem(code, what, {"index": index}))


def _section(description: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A member that is an object; empty when it isn't there."""
    section = description.get(name)
    return section if isinstance(section, Mapping) else {}
