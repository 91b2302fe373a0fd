"""From a parcel's operations to requests: in which order, where requests are cut, how one is halved.

A parcel's operations are grouped by what decodes them alike, not ordered by version; requests are. (Of several
operations on one document only the newest gets here: ``ingest.sinks.coalesce``.)

Invariants: requests hold items in the order of their versions, and each (target, key) at most once: where something
else, or another routing, writes to the same one, a new request begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.sinks.contract import ItemResult, Operations, Outcome, PackedItems, Request, RequestItem

Place = tuple[int, int]
"""(index into a parcel's operations, row in it)."""


def by_version(operations: Sequence[Operations]) -> list[Place]:
    """All rows of the operations by rising version; rows of one version stay in order."""
    places = [(part, row) for part, one in enumerate(operations) for row in range(len(one.versions))]
    versions = [version for one in operations for version in one.versions]
    if all(a <= b for a, b in pairwise(versions)):
        return places
    return [places[index] for index in sorted(range(len(versions)), key=versions.__getitem__)]


def cut(items: Iterable[RequestItem[bytes]], most_items: int, most_bytes: int) -> list[Request[bytes]]:
    """Items in order to requests of at most ``most_items`` and ``most_bytes``; a larger item goes alone."""
    requests: list[Request[bytes]] = []
    current: list[RequestItem[bytes]] = []
    named: set[tuple[str, str]] = set()
    size = 0
    for item in items:
        name = (item.target, item.key)
        if current and (len(current) >= most_items or size + item.size_bytes > most_bytes or name in named):
            requests.append(Request(current))
            current, named, size = [], set(), 0
        current.append(item)
        named.add(name)
        size += item.size_bytes
    if current:
        requests.append(Request(current))
    return requests


def split(request: Request[bytes]) -> tuple[Request[bytes], Request[bytes]]:
    """The two halves of a request of at least two items. ValueError for a smaller one."""
    middle = len(request.items) // 2
    if middle == 0:
        raise ValueError("a request of one item can't be split")
    return Request(request.items[:middle]), Request(request.items[middle:])


def pieces(request: Request[bytes], most_bytes: int) -> Iterator[Request[bytes]]:
    """A request cut into consecutive ones of at most ``most_bytes``; a larger item goes alone."""
    if request.size_bytes <= most_bytes:
        yield request
    else:
        yield from cut(request.items, len(request.items), most_bytes)


@dataclass(frozen=True, slots=True)
class Refused:
    """The sink refused a request as a whole, because of something in it: which item it was isn't known."""

    reason: str
    detail: str


Attempt = Callable[[Request[bytes]], Sequence[ItemResult] | Refused]


def halving(request: Request[bytes], attempt: Attempt) -> list[ItemResult]:
    """Every item's result, in order: a refused request is tried by halves until the item at fault stands alone, and
    that one is POISON. About 2 log2(n) attempts for one bad item; what ``attempt`` raises passes through.
    """
    answer = attempt(request)
    if not isinstance(answer, Refused):
        return list(answer)
    if len(request.items) == 1:
        return [ItemResult(Outcome.POISON, answer.reason, answer.detail)]
    first, second = split(request)
    return halving(first, attempt) + halving(second, attempt)


def around_unsendable(
    request: Request[bytes],
    unsendable: Callable[[RequestItem[bytes]], ItemResult | None],
    send: Callable[[Request[bytes]], Sequence[ItemResult]],
    key_bytes_max: int = 0,
) -> list[ItemResult]:
    """Send the items that can be sent; the others get their result without the sink, in their places. Keys that
    aren't empty nor above ``key_bytes_max`` are known to be sendable."""
    items = request.items
    if isinstance(items, PackedItems) and items.key_bytes_min > 0 and items.key_bytes_max <= key_bytes_max:
        return list(send(request))
    verdicts = [unsendable(item) for item in request.items]
    good = [index for index, verdict in enumerate(verdicts) if verdict is None]
    if len(good) == len(verdicts):
        return list(send(request))
    answers = iter(send(request.only(good)) if good else ())
    return [next(answers) if verdict is None else verdict for verdict in verdicts]
