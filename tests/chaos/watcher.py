"""Who reads the sinks all the while, and notes every step back (invariant 2).

The rows of ``counters`` carry ``n``, which only rises under one key (``writer.py``). A document that shows a lower ``n``
than was seen before, that is gone without its row ever having been deleted since, or that is there again as it was before
its deletion, has moved back in time. A sink that doesn't answer is asked again.

What is seen going forward tells how long a lane stood still after a disruption.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import pairwise

import happybase

from actors.stack import Elasticsearch, Hbase
from tests.chaos.writer import COUNTERS, Truth

EVERY_S = 0.1
INDEX, TABLE = "chaos-counters", "chaos_counters"
MOVES_KEPT = 10_000


class Histories:
    """What was seen of each document of a sink, and every step back."""

    def __init__(self, sink: str, truth: Truth) -> None:
        self.sink = sink
        self.backward: list[str] = []
        self.looks = 0
        self._truth = truth
        self._seen: dict[str, tuple[int, bool]] = {}
        self._last: Mapping[str, int] | None = None
        self._moves: deque[float] = deque(maxlen=MOVES_KEPT)

    def look(self, now: Mapping[str, int], at_s: float) -> None:
        """All documents of the sink, each as of some moment of this look, which ended at ``at_s`` (monotonic)."""
        self.looks += 1
        if now != self._last:
            self._moves.append(at_s)
        self._last = now
        self._judge(now)

    @property
    def has_seen(self) -> bool:
        """Was any document seen yet?"""
        return bool(self._seen)

    def standstill_s(self, since_s: float, until_s: float) -> float:
        """The longest time between these in which no look saw anything new."""
        times = [since_s, *(at_s for at_s in list(self._moves) if since_s < at_s < until_s), until_s]
        return max(later_s - earlier_s for earlier_s, later_s in pairwise(times))

    def _judge(self, now: Mapping[str, int]) -> None:
        for key, (n, was_there) in list(self._seen.items()):
            if key not in now and was_there:
                at = self._truth.deletion_after(key, n)
                if at is None:
                    self._note(key, f"is gone: its row had n = {n} and was never deleted since")
                self._seen[key] = (n if at is None else at, False)
        for key, n in now.items():
            before, was_there = self._seen.get(key, (0, False))
            if n < before:
                self._note(key, f"shows n = {n} after n = {before}")
            elif n == before and not was_there:
                self._note(key, f"is there again with n = {n}, at which it was deleted")
            if n > self._truth.highest.get(key, 0):
                self._note(key, f"shows n = {n}, which was never written")
            self._seen[key] = (max(n, before), True)

    def _note(self, key: str, what: str) -> None:
        if len(self.backward) < 1000:
            self.backward.append(f"{self.sink}: counter {key} {what}")


class Watcher:
    """Polls both sinks, each on a thread of its own, until ``stop``."""

    def __init__(self, elasticsearch: Elasticsearch, hbase: Hbase, truth: Truth) -> None:
        self.histories = {"search": Histories("search", truth), "archive": Histories("archive", truth)}
        self._ending = threading.Event()
        self._connection: happybase.Connection | None = None
        self._elasticsearch, self._hbase = elasticsearch, hbase
        self._threads = [
            threading.Thread(target=self._poll, args=(name, read), daemon=True, name=f"watch-{name}")
            for name, read in (("search", self._search), ("archive", self._archive))
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End."""
        self._ending.set()
        for thread in self._threads:
            thread.join(timeout=10)

    @property
    def backward(self) -> list[str]:
        """Every step back so far."""
        return [step for one in self.histories.values() for step in one.backward]

    @property
    def has_seen_all(self) -> bool:
        """Has every sink shown something yet?"""
        return all(one.has_seen for one in self.histories.values())

    @property
    def looks(self) -> int:
        """How often all documents of a sink were read."""
        return sum(one.looks for one in self.histories.values())

    def _poll(self, name: str, read: Callable[[], Mapping[str, int] | None]) -> None:
        while not self._ending.wait(EVERY_S):
            found = None
            with suppress(Exception):  # the sink is down, or was killed in the middle of an answer
                found = read()
            if found is not None:
                self.histories[name].look(found, time.monotonic())

    def _search(self) -> Mapping[str, int] | None:
        """By id: what the server has now, not as of its last refresh. None when it doesn't say."""
        body = json.dumps({"ids": [str(key) for key in range(COUNTERS)]})
        status, answer = ask(self._elasticsearch, "POST", f"/{INDEX}/_mget?_source_includes=n", body)
        if status != 200 or any("error" in doc for doc in answer["docs"]):
            return None
        return {doc["_id"]: int(doc["_source"]["n"]) for doc in answer["docs"] if doc["found"]}

    def _archive(self) -> Mapping[str, int]:
        try:
            if self._connection is None:
                self._connection = happybase.Connection(self._hbase.thrift_host, self._hbase.thrift_port, timeout=5_000)
            rows = self._connection.table(TABLE).scan(columns=[b"d:n"], batch_size=500)
            return {key.partition(b"-")[2].decode(): int(row[b"d:n"]) for key, row in rows}
        except BaseException:
            self._connection = None  # after any error a connection may answer the question before
            raise


def ask(
    server: Elasticsearch, method: str, path: str, body: str | None = None, timeout_s: float = 10.0
) -> tuple[int, object]:
    """What the server itself answers: status, and its JSON."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=timeout_s)
    try:
        connection.request(method, path, body, {"content-type": "application/json"})
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read() or b"null")
    finally:
        connection.close()
