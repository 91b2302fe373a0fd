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
from ingest.sinks.elasticsearch.options import PARTS_FIELD, ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.elasticsearch.parts.mapping import keeps_versions_apart, speaker, with_parts_field
from ingest.sinks.elasticsearch.source_mapping import maps_field, refuses_unmapped, with_source_field
from ingest.sinks.faults import TARGET_MISSING, TARGET_REFUSED
from ingest.sinks.target_match import target_of

MAPPING_CONFLICT = declare(
    "elasticsearch.mapping_conflict",
    "An index has a field with another type than the rule's mapping says.",
    "Change the rule's mapping, or let the rule write to a new index.",
)

FORGETS_DELETIONS = declare(
    "elasticsearch.forgets_deletions",
    "An index forgets deletions before the lease of a shard is over, so a late write could bring a document back.",
    'Raise "index.gc_deletes" on the index (new indices get the sink\'s gc_deletes_s), or shorten checkpoint.lease_ms.',
)
PARTS_UNMAPPED = declare(
    "elasticsearch.parts_unmapped",
    "An index doesn't map the field that holds the versions of its documents' parts, or maps it as fields.",
    'Map "ingest_parts" as {"properties": {"live": {"type": "boolean"}, "sources": {"type": "object", "enabled": false}}}.',
)

SOURCE_UNMAPPED = declare(
    "elasticsearch.source_unmapped",
    "A strict index doesn't map the field that says where documents came from.",
    'Map it as {"type": "object", "enabled": false}, or set source_field = false on the rule.',
)

UNMAPPED: Mapping[str, object] = {"date_detection": False}
"""The mapping of an index without a configured one: the first text that looks like a date would make its field a date,
and refuse every later text that doesn't."""

_log = structlog.get_logger("ingest.sinks.elasticsearch")


class ElasticsearchIndices:
    """Sees to the indices of one driver."""

    def __init__(
        self,
        options: ElasticsearchOptions,
        targets: Sequence[ElasticsearchTarget],
        http: ElasticsearchHttp,
        lease_ms: float,
    ) -> None:
        self._options = options
        self._targets = targets
        self._http = http
        self._lease_ms = lease_ms
        self._warned: set[tuple[str, str]] = set()

    def prepare(self, names: Sequence[str]) -> None:
        """Create or check these indices. DataProblem: missing, refused, conflicting, forgetting deletions too early."""
        for name in names:
            target = target_of(name, self._targets)
            if target is not None:
                self._prepare(name, speaker(self._targets, target))

    def check(self, names: Sequence[str]) -> None:
        """Check those that exist, and write nothing. DataProblem as ``prepare``."""
        for name in names:
            target, found = target_of(name, self._targets), self._found(name)
            if target is not None and found is not None:
                self._check(name, found, speaker(self._targets, target), add=False)
            elif target is not None and not target.create:
                raise self._problem(TARGET_MISSING, f"there is no index {name!r}", name)

    def _prepare(self, name: str, target: ElasticsearchTarget) -> None:
        found = self._found(name)
        if found is None and target.create:
            self._create(name, target)
            found = self._found(name)
        if found is None:
            raise self._problem(TARGET_MISSING, f"there is no index {name!r}", name)
        self._check(name, found, target, add=target.create)

    def _check(
        self, name: str, found: Mapping[str, Mapping[str, object]], target: ElasticsearchTarget, *, add: bool
    ) -> None:
        """``add``: fields that an index doesn't have yet may be added to it."""
        self._check_alias(name, found)
        for index, description in found.items():
            self._check_index(name, index, description, target, add)

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
        mapping: Mapping[str, object] = UNMAPPED if target.mapping is None else target.mapping
        mapping = _whole(mapping, target)
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
        self, name: str, index: str, description: Mapping[str, object], target: ElasticsearchTarget, add: bool
    ) -> None:
        mapping = _whole(target.mapping or {}, target)
        there = _section(description, "mappings")
        differing = conflicts(mapping, there)
        if differing:
            fields = "; ".join(
                f"field {one.field!r} is {one.found} there and {one.configured} in the rule's mapping"
                for one in differing
            )
            raise self._problem(MAPPING_CONFLICT, f"the index {index!r} has another mapping: {fields}", name)
        missing = missing_fields(mapping, there)
        if missing and add:
            self._add_fields(name, index, mapping)
        if (
            target.part is not None
            and not keeps_versions_apart(there)
            and not (f"{PARTS_FIELD}.sources" in missing and target.create)
        ):
            what = f"the index {index!r} would make fields of the versions of its documents' parts"
            raise self._problem(PARTS_UNMAPPED, what, name)
        self._check_source(name, index, target, there)
        if target.write == "document":
            self._check_gc_deletes(name, index, description)

    def _add_fields(self, name: str, index: str, mapping: Mapping[str, object]) -> None:
        body = json.dumps({"properties": mapping["properties"]}).encode()
        answer = self._http.ask("PUT", f"/{quote(index)}/_mapping", body)
        if answer.status != 200:
            raise self._refused(name, answer)

    def _check_source(self, name: str, index: str, target: ElasticsearchTarget, there: Mapping[str, object]) -> None:
        """The field of documents' sources, where it can't be added."""
        if target.source is None or target.create or maps_field(there, target.source):
            return
        what = f"the index {index!r} doesn't map the field {target.source!r}"
        if refuses_unmapped(there):
            raise self._problem(SOURCE_UNMAPPED, f"{what}, and takes no other fields", name)
        if (index, target.source) not in self._warned:
            self._warned.add((index, target.source))
            hint = f'map "{target.source}" as {{"type": "object", "enabled": false}}, or set source_field = false'
            _log.warning("an index makes fields of where documents came from", index=index, hint=hint)

    def _check_gc_deletes(self, name: str, index: str, description: Mapping[str, object]) -> None:
        remembered_s = gc_deletes_s(_section(_section(description, "settings"), "index"))
        if remembered_s * 1000 <= self._lease_ms:
            what = (
                f"the index {index!r} remembers deletions for {remembered_s:g} s, but a shard that nobody hears any more "
                f"may write for {self._lease_ms / 1000:g} s (checkpoint.lease_ms)"
            )
            raise self._problem(FORGETS_DELETIONS, what, name)
        if remembered_s < self._options.gc_deletes_s and (index, "") not in self._warned:
            self._warned.add((index, ""))
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


def _whole(mapping: Mapping[str, object], target: ElasticsearchTarget) -> Mapping[str, object]:
    """A rule's mapping with the fields that are ours."""
    return with_source_field(mapping if target.part is None else with_parts_field(mapping), target.source)


def _section(description: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A member that is an object; empty when it isn't there."""
    section = description.get(name)
    return section if isinstance(section, Mapping) else {}
