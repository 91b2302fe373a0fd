"""Rows whose number only rises, one who raises them, and one who reads their documents all the while: whatever happens in
between, no number may be seen falling, and no document going (invariant 2)."""

from __future__ import annotations

import json
import random
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import happybase

from tests.kit.lab import Lab

TABLE = "CREATE TABLE counters (id INT PRIMARY KEY, n INT, note VARCHAR(50))"
KEYS = 40


class _Thread(threading.Thread):
    """Repeats a step until it is stopped; what goes wrong in it is the test's."""

    def __init__(self, step: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._step = step
        self._stopping = threading.Event()
        self.failed: BaseException | None = None
        self.steps = 0

    def run(self) -> None:
        """Until ``stop``."""
        try:
            while not self._stopping.wait(0.002):
                self._step()
                self.steps += 1
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.failed = error

    def stop(self) -> None:
        """End it; raise what went wrong in it."""
        self._stopping.set()
        self.join()
        if self.failed is not None:
            raise self.failed


class Seen:
    """What a reader has seen of each document, and every step back."""

    def __init__(self) -> None:
        self.newest: dict[tuple[str, str], int] = {}
        self.backward: list[tuple[str, str, int, int | None]] = []
        self.looks = 0

    def look(self, sink: str, now: Mapping[str, int]) -> None:
        """All documents of a sink at one moment (each may be of a slightly later one)."""
        self.looks += 1
        for (where, key), before in list(self.newest.items()):
            if where == sink and (key not in now or now[key] < before):
                self.backward.append((sink, key, before, now.get(key)))
        self.newest.update({(sink, key): value for key, value in now.items()})


@contextmanager
def raised(lab: Lab) -> Iterator[None]:
    """While the block runs, rows are raised at random, a few in each transaction."""
    connection = lab.mysql.connect(database=lab.name)
    chance = random.Random(lab.name)

    def step() -> None:
        with connection.cursor() as cursor:
            keys = ",".join(str(chance.randrange(KEYS)) for _ in range(3))
            cursor.execute(f"UPDATE counters SET n = n + 1 WHERE id IN ({keys})")

    yield from _while_running(step)


@contextmanager
def polled(lab: Lab) -> Iterator[Seen]:
    """While the block runs, all documents are read again and again, from both sinks."""
    seen = Seen()

    def elasticsearch() -> None:
        seen.look("elasticsearch", in_elasticsearch(lab, f"{lab.name}-counters"))

    with ExitStack() as stack:
        stack.enter_context(contextmanager(_while_running)(elasticsearch))
        if lab.hbase is not None:
            table = happybase.Connection(lab.hbase.thrift_host, lab.hbase.thrift_port, timeout=60_000)
            rows = table.table(f"{lab.name}-counters")

            def hbase() -> None:
                found = {key.partition(b"-")[2].decode(): int(row[b"d:n"]) for key, row in rows.scan()}
                seen.look("hbase", found)

            stack.enter_context(contextmanager(_while_running)(hbase))
        yield seen


def in_elasticsearch(lab: Lab, index: str) -> dict[str, int]:
    """Each document's number, by id; as the sink has it now, not as of its last refresh."""
    assert lab.elasticsearch is not None
    body = json.dumps({"ids": [str(key) for key in range(KEYS)]}).encode()
    request = urllib.request.Request(
        f"{lab.elasticsearch.url}/{index}/_mget", body, {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        docs = json.load(answer)["docs"]
    return {doc["_id"]: doc["_source"]["n"] for doc in docs if doc.get("found")}


def made(lab: Lab) -> None:
    """The table with all its rows."""
    values = ",".join(f"({key}, 0, 'note')" for key in range(KEYS))
    lab.sql(TABLE, f"INSERT INTO counters VALUES {values}")


def _while_running(step: Callable[[], None]) -> Iterator[None]:
    thread = _Thread(step)
    thread.start()
    try:
        yield
    finally:
        thread.stop()
    assert thread.steps, "it never came to anything"
