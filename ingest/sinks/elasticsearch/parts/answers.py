"""What the server's answers to parts mean. Tried against 9.4 and 9.5, with and without Painless.

A scripted update that changes nothing says ``noop``: what is there is newer. A conflict says that the document changed
while it was updated: once more. An exception of the script is the item's; that the server runs no scripts is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingest.problems import DataProblem, declare
from ingest.sinks.contract import DONE, NEWER, ItemResult, Outcome, RequestItem
from ingest.sinks.elasticsearch.classify import entries_of, error_of, item_result

SCRIPTS_FORBIDDEN = declare(
    "elasticsearch.scripts_forbidden",
    "The cluster runs no scripts of the kind that parts of documents need.",
    'Allow inline scripts in updates (script.allowed_types, script.allowed_contexts), or set parts = "optimistic".',
)

_CONFLICT = "version_conflict_engine_exception"
_FORBIDDEN = (
    "cannot execute [inline] scripts",
    "cannot execute scripts using [update] context",
    "script_lang not supported",
)


def part_results(items: Sequence[RequestItem[bytes]], answer: object) -> list[ItemResult]:
    """One result per item, in order; raises as ``classify.results``, and DataProblem where scripts are forbidden."""
    return [_result(item, entry) for item, entry in zip(items, entries_of(items, answer), strict=True)]


def _result(item: RequestItem[bytes], entry: object) -> ItemResult:
    [said] = entry.values() if isinstance(entry, Mapping) and len(entry) == 1 else [None]
    if not isinstance(said, Mapping):
        return item_result(item, entry)  # which says what is wrong with it
    if said.get("status") in (200, 201):
        return NEWER if said.get("result") == "noop" else DONE
    kind, words = error_of(said)
    if kind == _CONFLICT:
        return ItemResult(Outcome.RETRY, kind, words)
    if any(word in words for word in _FORBIDDEN):
        raise DataProblem(SCRIPTS_FORBIDDEN, words, {"target": item.target})
    return item_result(item, entry)
