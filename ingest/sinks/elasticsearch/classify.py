"""What an answer to ``_bulk`` means, for the request as a whole and for each item. Pure.

Sources: Elasticsearch reference "Bulk API" (items in order, one each, with ``status`` and ``error.type``), and trials
against 9.5: three kinds of 429, two of 403; a whole-request 400 may come after items were applied, so a refused
request is tried again by halves, which the versions make harmless.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ingest.problems import DataProblem, Problem, WorldProblem
from ingest.sinks.batching import Refused
from ingest.sinks.contract import DONE, NEWER, ItemResult, Outcome, RequestItem
from ingest.sinks.faults import BUSY, NOT_UNDERSTOOD, UNAUTHORIZED, UNREACHABLE

ID_BYTES_MAX = 512
"""Elasticsearch fails a whole request for one id above this."""

INDEX_MISSING = "index_not_found_exception"
"""The reason of items whose index is gone: the driver creates it before the next try, if it may."""

_PASSING = frozenset({"index_closed_exception", INDEX_MISSING, "unavailable_shards_exception"})
"""Errors with a 4xx status that aren't the document's fault."""

_PLAIN_SUCCESS = (
    *({action: {"status": status}} for action in ("index", "delete", "update") for status in (201, 200)),
    {"delete": {"status": 404}},  # nothing was there; the tombstone keeps older writes out all the same
)
"""What nearly every entry is, told by one comparison."""


_PLAIN_TEXTS = tuple(json.dumps(entry, separators=(",", ":")).encode() for entry in _PLAIN_SUCCESS)
_ANSWER_HEAD, _ANSWER_END = b'{"items":[', b"]}"


def unsendable(item: RequestItem[bytes]) -> ItemResult | None:
    """POISON for an item that would fail its whole request, else None."""
    if not item.key:
        return ItemResult(Outcome.POISON, "id_empty", "Elasticsearch takes no empty document id")
    if len(item.key) > ID_BYTES_MAX // 4 and (size := len(item.key.encode())) > ID_BYTES_MAX:
        detail = f"the document id has {size} bytes, Elasticsearch takes {ID_BYTES_MAX}: {item.key[:60]}..."
        return ItemResult(Outcome.POISON, "id_too_long", detail)
    return None


def refusal(status: int, answer: object) -> Refused | None:
    """The whole request's fate: None when its items have answers, Refused when something in it is at fault (400, 413).

    Raises WorldProblem (429, 5xx, a cluster block) or DataProblem (401, 403, an answer that isn't Elasticsearch's).
    """
    if status == 200 and isinstance(answer, Mapping) and isinstance(answer.get("items"), Sequence):
        return None
    kind, words = error_of(answer)
    if status == 413:
        return Refused("request_too_large", "the document is larger than the server's http.max_content_length")
    if status == 400:
        return Refused(kind or "bad_request", words)
    raise problem_of(status, answer)


def problem_of(status: int, answer: object) -> Problem:
    """The problem that an unsuccessful answer to any request stands for."""
    kind, words = error_of(answer)
    said = f"status {status}" + (f", {kind}: {words}" if kind else "")
    if status == 401 or (status == 403 and kind != "cluster_block_exception"):
        return DataProblem(UNAUTHORIZED, f"Elasticsearch refused the request: {said}")
    if status in (403, 408, 429):
        return WorldProblem(BUSY, f"Elasticsearch refused the request for now: {said}")
    if status >= 500:
        return WorldProblem(UNREACHABLE, f"Elasticsearch failed: {said}")
    return DataProblem(NOT_UNDERSTOOD, f"not an answer of Elasticsearch's bulk API: {said}")


def error_of(answer: object) -> tuple[str, str]:
    """(type, reason) of an error answer or of an item's error; empty texts where there are none."""
    error = answer.get("error") if isinstance(answer, Mapping) else None
    if isinstance(error, Mapping):
        return str(error.get("type", "")), _with_causes(error)
    return ("", str(error)) if isinstance(error, str) else ("", "")


def _with_causes(error: Mapping[str, object]) -> str:
    words = [str(error.get("reason", ""))]
    cause = error.get("caused_by")
    while isinstance(cause, Mapping) and len(words) < 4:
        words.append(str(cause.get("reason", "")))
        cause = cause.get("caused_by")
    return "; because ".join(words)


def all_plain(body: bytes, count: int) -> bool:
    """Does an answer of status 200 say of each of ``count`` items that it succeeded, and nothing else? Told without
    reading it; False may also mean that it says so in other words."""
    size, found = len(_ANSWER_HEAD) + len(_ANSWER_END) + max(0, count - 1), 0
    for entry in _PLAIN_TEXTS:
        times = body.count(entry)
        found += times
        size += times * len(entry)
    return found == count and size == len(body) and body.startswith(_ANSWER_HEAD) and body.endswith(_ANSWER_END)


def results(items: Sequence[RequestItem[bytes]], answer: object) -> list[ItemResult]:
    """One result per item, in order. WorldProblem when the answer hasn't exactly one entry for each item; DataProblem
    when the credentials don't allow an item.
    """
    entries = entries_of(items, answer)
    return [
        DONE if entry in _PLAIN_SUCCESS else item_result(items[place], entry) for place, entry in enumerate(entries)
    ]


def entries_of(items: Sequence[RequestItem[bytes]], answer: object) -> Sequence[object]:
    """What an answer says, item by item. WorldProblem when it hasn't exactly one entry for each."""
    entries = answer.get("items") if isinstance(answer, Mapping) else None
    if not isinstance(entries, Sequence) or len(entries) != len(items):
        found = len(entries) if isinstance(entries, Sequence) else "no"
        raise WorldProblem(NOT_UNDERSTOOD, f"{found} answers for {len(items)} bulk items")
    return entries


def item_result(item: RequestItem[bytes], entry: object) -> ItemResult:
    """What one entry says of its item. WorldProblem when it isn't an entry; DataProblem as ``results``."""
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise WorldProblem(NOT_UNDERSTOOD, f"not a bulk item's answer: {entry!r:.200}", {"key": item.key})
    [(action, answer)] = entry.items()
    status = answer.get("status") if isinstance(answer, Mapping) else None
    if not isinstance(status, int):
        raise WorldProblem(NOT_UNDERSTOOD, f"a bulk item's answer without a status: {entry!r:.200}", {"key": item.key})
    if status in (200, 201):
        return DONE
    if status == 404 and action == "delete" and "error" not in answer:
        return DONE  # as in _PLAIN_SUCCESS, with more words
    return _failure(item, action, status, answer)


def _failure(item: RequestItem[bytes], action: str, status: int, answer: object) -> ItemResult:
    kind, words = error_of(answer)
    reason = kind or f"status_{status}"
    if kind == "version_conflict_engine_exception" and action != "update":
        return NEWER
    if kind == "security_exception" or status == 401:
        raise DataProblem(UNAUTHORIZED, words, {"target": item.target, "key": item.key})
    is_passing = status in (404, 409, 429) or status >= 500 or kind in _PASSING or kind == "cluster_block_exception"
    return ItemResult(Outcome.RETRY if is_passing else Outcome.POISON, reason, words)
