"""Disruptions of Elasticsearch: the server, and its answers."""

from __future__ import annotations

import http.client
import json
import random
import signal
import threading
import time
from types import TracebackType

from tests.chaos.disruption import disruption
from tests.chaos.processes import signal_to
from tests.chaos.watcher import ask
from tests.chaos.world import World
from tests.chaos.writer import DATABASE


@disruption()
def kill_elasticsearch(world: World, chance: random.Random) -> None:
    """`kill -9` of the node, and a start right after."""
    world.elasticsearch.kill()
    world.wait(chance.uniform(0, 3))
    world.elasticsearch.start()


@disruption()
def restart_elasticsearch(world: World, chance: random.Random) -> None:
    """The node is ended in good order and started again."""
    world.elasticsearch.restart()


@disruption()
def slow_elasticsearch(world: World, chance: random.Random) -> None:
    """The node gets a tenth to a third of its time for some seconds."""
    share, until_s = chance.uniform(0.1, 0.33), time.monotonic() + chance.uniform(2, 8)
    while time.monotonic() < until_s:
        signal_to(world.elasticsearch.pid, signal.SIGSTOP)
        try:
            world.wait(0.3 * (1 - share))
        finally:
            signal_to(world.elasticsearch.pid, signal.SIGCONT)
        world.wait(0.3 * share)


@disruption()
def full_write_queue(world: World, chance: random.Random) -> None:
    """Other clients fill the write queue for some seconds: HTTP 200 with items of status 429."""
    with Flood(world, clients=24, body=bulk_body(400, 100)):
        world.wait(chance.uniform(2, 5))


@disruption()
def indexing_pressure(world: World, chance: random.Random) -> None:
    """Other clients' requests take all the memory there is for indexing: HTTP 429 for whole requests."""
    with Flood(world, clients=5, body=bulk_body(40, 80_000)):
        world.wait(chance.uniform(2, 5))


@disruption()
def circuit_breaker(world: World, chance: random.Random) -> None:
    """The node's circuit breaker trips on any request of more than a kilobyte: HTTP 429 for whole requests."""
    limit = "network.breaker.inflight_requests.limit"
    answered(world, "PUT", "/_cluster/settings", {"persistent": {limit: "1kb"}})
    try:
        world.wait(chance.uniform(1, 5))
    finally:
        answered(world, "PUT", "/_cluster/settings", {"persistent": {limit: None}})


@disruption()
def flood_stage(world: World, chance: random.Random) -> None:
    """The indices are read-only but for deletions, as when the disk is nearly full: items of status 429."""
    block(world, chance, "read_only_allow_delete")


@disruption()
def write_block(world: World, chance: random.Random) -> None:
    """The indices take no writes: items of status 403."""
    block(world, chance, "write")


@disruption()
def read_only_index(world: World, chance: random.Random) -> None:
    """The indices are read-only, their settings too."""
    block(world, chance, "read_only")


@disruption()
def closed_index(world: World, chance: random.Random) -> None:
    """An index is closed for some seconds: items of status 400."""
    index = chance.choice(("chaos-counters", "chaos-orders"))
    answered(world, "POST", f"/{index}/_close")
    try:
        world.wait(chance.uniform(1, 4))
    finally:
        answered(world, "POST", f"/{index}/_open?wait_for_active_shards=1")


@disruption()
def id_too_long(world: World, chance: random.Random) -> None:
    """A row whose key is longer than any document id may be becomes a dead letter; its owner deletes it, and an operator
    drops the letters."""
    world.sql(f"INSERT INTO {DATABASE}.oddities VALUES (REPEAT('k', 590), 1, '5')")
    world.until(lambda: letters(world) > 0, "the row is a dead letter")
    world.sql(f"DELETE FROM {DATABASE}.oddities WHERE LENGTH(id) > 512")
    executed = world.executed()
    world.until(lambda: world.holds("search", executed), "the deletion has come")
    world.product.command("dlq", "drop", str(world.product.config_file), "--lane", "search", "--yes")


@disruption()
def mapping_conflict(world: World, chance: random.Random) -> None:
    """Rows that the index's mapping refuses become dead letters, and later changes of them wait; the rows are mended, and
    the letters retried."""
    first = chance.randrange(1_000_000)
    rows = ",".join(f"('odd-{first + row}', 1, 'not a number')" for row in range(chance.randint(1, 20)))
    world.sql(f"REPLACE INTO {DATABASE}.oddities VALUES {rows}")
    world.until(lambda: letters(world) > 0, "the rows are dead letters")
    world.sql(f"UPDATE {DATABASE}.oddities SET n = n + 1, size = '17' WHERE size = 'not a number'")
    world.wait(chance.uniform(0, 1))
    retry_letters(world)


def letters(world: World) -> int:
    """How many dead letters wait, as the product says."""
    return int(world.status_of("search").get("open_letters", 0))


def retry_letters(world: World) -> None:
    """What an operator does, until none is left."""
    config = str(world.product.config_file)

    def none_left() -> bool:
        world.product.command("dlq", "retry", config, "--lane", "search", may_fail=True)
        listed = world.product.command("dlq", "list", config, "--lane", "search", "--json")
        return not json.loads(listed.stdout)["letters"]

    world.until(none_left, "no dead letter is left")


def block(world: World, chance: random.Random, name: str) -> None:
    """Put a block on the lanes' indices for some seconds."""
    answered(world, "PUT", "/chaos-*/_settings", {f"index.blocks.{name}": True})
    try:
        world.wait(chance.uniform(1, 6))
    finally:
        answered(world, "PUT", "/chaos-*/_settings", {f"index.blocks.{name}": None})


def answered(world: World, method: str, path: str, body: object = None) -> None:
    """Ask until the server says yes."""

    def yes() -> bool:
        try:
            status, _ = ask(world.elasticsearch, method, path, None if body is None else json.dumps(body))
        except OSError:
            return False
        return status == 200

    world.until(yes, f"{method} {path}", 60)


def bulk_body(documents: int, size: int) -> bytes:
    """A request of that many documents of that many bytes, for an index that is nobody's."""
    line = b'{"index":{}}\n' + json.dumps({"text": "x" * size}).encode() + b"\n"
    return line * documents


class Flood:
    """Clients that send the same request over and over."""

    def __init__(self, world: World, clients: int, body: bytes) -> None:
        self._server, self._body = world.elasticsearch, body
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(clients)]
        settings = {"settings": {"number_of_replicas": 0, "refresh_interval": "-1"},
                    "mappings": {"dynamic": False}}  # fmt: skip
        self._settings = json.dumps(settings)
        self._world = world

    def __enter__(self) -> Flood:
        ask(self._server, "PUT", "/flood", self._settings)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(timeout=15)
        answered(self._world, "DELETE", "/flood")

    def _send(self) -> None:
        connection = http.client.HTTPConnection(self._server.host, self._server.port, timeout=10)
        while not self._ending.is_set():
            try:
                connection.request("POST", "/flood/_bulk", self._body, {"content-type": "application/x-ndjson"})
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()
