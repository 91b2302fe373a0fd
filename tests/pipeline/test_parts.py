"""Orders, addresses and lines of three tables in one document each: a whole pipeline, with a sink killed in between."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.control import launch
from actors.runtime import LocalRay
from actors.stack import Mysql
from ingest.config.load import load
from ingest.config.model import Config
from ingest.status import ClusterStatus, LaneState
from tests.kit.elasticsearch_drivers import ask
from tests.kit.lab import Lab, kill, lane_of, until

pytestmark = pytest.mark.integration

ORDERS = 60
LANE = """
[lanes.elasticsearch]
cluster = "main"
sink = "elasticsearch"
start = {{ gtid = "{start}" }}
[[lanes.elasticsearch.rules]]
sql = "SELECT id, customer, total FROM {name}.orders WHERE total < 900"
to = {{ index = "{name}", write = {{ part = "order" }} }}
[[lanes.elasticsearch.rules]]
sql = "SELECT city FROM {name}.addresses"
id = ["order_id"]
to = {{ index = "{name}", write = {{ part = "address", into = "address" }} }}
[[lanes.elasticsearch.rules]]
sql = "SELECT id AS line, sku, qty FROM {name}.line_items"
id = ["order_id"]
to = {{ index = "{name}", write = {{ part = "lines", into = "lines", key = ["id"] }} }}
"""
TABLES = (
    "CREATE TABLE orders (id INT PRIMARY KEY, customer VARCHAR(20), total DECIMAL(10,2))",
    "CREATE TABLE addresses (order_id INT NOT NULL PRIMARY KEY, city VARCHAR(20))",
    "CREATE TABLE line_items (id INT PRIMARY KEY AUTO_INCREMENT, order_id INT, sku VARCHAR(20), qty INT)",
)


class Shop(Lab):
    """A lab whose lane joins three tables. ``parts``: how they are written."""

    parts = "script"

    def joined_config(self) -> Config:
        text = self.text(lanes=()) + f'parts = "{self.parts}"\n' + LANE.format(start=self.start, name=self.name)
        return load(text, syntax="toml", origin=self.name)

    def join(self) -> dict[str, dict[str, Any]]:
        """What MySQL says that every document is."""
        documents: dict[str, dict[str, Any]] = {}
        for key, customer, total in self.sql("SELECT * FROM orders WHERE total < 900"):
            documents[str(key)] = {"id": key, "customer": customer, "total": total}
        for key, city in self.sql("SELECT * FROM addresses"):
            documents.setdefault(str(key), {})["address"] = {"city": city}
        for line, key, sku, qty in self.sql("SELECT * FROM line_items WHERE order_id IS NOT NULL ORDER BY id"):
            documents.setdefault(str(key), {}).setdefault("lines", []).append({"line": line, "sku": sku, "qty": qty})
        return documents

    def documents(self) -> dict[str, dict[str, Any]]:
        """What the index holds: the documents that have a part."""
        assert self.elasticsearch is not None
        ask(self.elasticsearch, "POST", f"/{self.name}/_refresh")
        search = {"size": 10_000, "query": {"term": {"ingest_parts.live": True}}}
        hits = ask(self.elasticsearch, "POST", f"/{self.name}/_search", search)["hits"]["hits"]
        found = {hit["_id"]: hit["_source"] for hit in hits}
        for document in found.values():
            del document["ingest_parts"]
            if "total" in document:
                document["total"] = Decimal(str(document["total"])).quantize(Decimal("0.01"))
        return found


@pytest.fixture(params=["script", "optimistic"])
def shop(request: pytest.FixtureRequest, local_ray: LocalRay, mysql9: Mysql, tmp_path: Path) -> Iterator[Shop]:
    """Three empty tables."""
    assert local_ray.address is not None
    server = request.getfixturevalue("elasticsearch_full" if request.param == "script" else "elasticsearch")
    corner = Shop(mysql9, tmp_path, server, None)
    corner.parts = request.param
    corner.sql(*TABLES)
    yield corner
    corner.close()


class Changes(threading.Thread):
    """Changes rows until told to stop: inserts, updates, deletes, lines and addresses that move to another order."""

    def __init__(self, shop: Shop, seed: int) -> None:
        super().__init__(daemon=True)
        self._shop = shop
        self._rng = random.Random(seed)
        self._stopping = threading.Event()
        self.turns = 0
        self.failed: BaseException | None = None

    def run(self) -> None:
        """Until ``stop``."""
        try:
            connection = self._shop.mysql.connect(database=self._shop.name)
            while not self._stopping.wait(0.002):
                with connection.cursor() as cursor:
                    self._turn(cursor)
                self.turns += 1
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.failed = error

    def _turn(self, cursor: Any) -> None:
        """A transaction of one to four changes, so that one batch has several of one document."""
        cursor.execute("BEGIN")
        for _ in range(self._rng.randint(1, 4)):
            order, other = (self._rng.randrange(1, ORDERS) for _ in range(2))
            number = self._rng.randrange(1000)
            statement = self._rng.choice(
                [
                    f"REPLACE INTO orders VALUES ({order}, 'customer {number}', {number}.25)",
                    f"UPDATE orders SET total = {number} WHERE id = {order}",
                    f"DELETE FROM orders WHERE id = {order}",
                    f"UPDATE IGNORE orders SET id = {other} WHERE id = {order}",
                    f"REPLACE INTO addresses VALUES ({order}, 'city {number}')",
                    f"DELETE FROM addresses WHERE order_id = {order}",
                    f"UPDATE IGNORE addresses SET order_id = {other} WHERE order_id = {order}",
                    f"INSERT INTO line_items (order_id, sku, qty) VALUES ({order}, 'a', 1), ({order}, 'b', {number})",
                    f"UPDATE line_items SET qty = {number} WHERE order_id = {order}",
                    f"UPDATE line_items SET order_id = {other} WHERE order_id = {order} LIMIT 2",
                    f"UPDATE line_items SET order_id = NULL WHERE order_id = {order} LIMIT 1",
                    f"UPDATE line_items SET order_id = {order} WHERE order_id IS NULL LIMIT 2",
                    f"DELETE FROM line_items WHERE order_id = {order}",
                    f"UPDATE IGNORE line_items SET id = id + 1000000 WHERE order_id = {order} AND id < 1000000 LIMIT 1",
                ]
            )
            cursor.execute(statement)
        cursor.execute("COMMIT")

    def stop(self) -> None:
        """End it; raise what went wrong in it."""
        self._stopping.set()
        self.join()
        if self.failed is not None:
            raise self.failed


class Watcher(threading.Thread):
    """Reads every document all the while: no part's version ever goes back (invariant 2)."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(daemon=True)
        self._shop = shop
        self._stopping = threading.Event()
        self.looks = 0
        self.backward: list[str] = []
        self.failed: BaseException | None = None

    def run(self) -> None:
        """Until ``stop``."""
        seen: dict[tuple[str, str, str], int] = {}
        try:
            while not self._stopping.wait(0.02):
                ids = {"ids": [str(number) for number in range(1, ORDERS)]}
                found = ask(self._shop.elasticsearch, "POST", f"/{self._shop.name}/_mget", ids)["docs"]
                for document in found:
                    self._look(document, seen)
                self.looks += 1
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.failed = error

    def _look(self, document: dict[str, Any], seen: dict[tuple[str, str, str], int]) -> None:
        now: dict[tuple[str, str, str], int] = {}
        for part, source in document.get("_source", {}).get("ingest_parts", {}).get("sources", {}).items():
            for key, version in (source["live"] | source["gone"]).items():
                now[document["_id"], part, key] = version
        for place, version in seen.items():
            if place[0] == document["_id"] and now.get(place, version) < version:
                self.backward.append(f"{place}: {version} and then {now[place]}")
        seen.update(now)

    def stop(self) -> None:
        """End it; raise what went wrong in it."""
        self._stopping.set()
        self.join()
        if self.failed is not None:
            raise self.failed


def test_three_tables_are_one_document(shop: Shop) -> None:
    """Invariants 1 to 4: with the sink killed in between, every document is the join of the three tables in the end, no
    part ever went back, and verify agrees."""
    config = shop.joined_config()
    with launch(config) as pipeline:
        shop.sql("INSERT INTO orders VALUES (1, 'first', 1)")
        shop.settle(pipeline)
        changes, watcher = Changes(shop, seed=5), Watcher(shop)
        changes.start()
        watcher.start()

        def applies(seen: ClusterStatus) -> bool:
            assert changes.failed is None
            return lane_of(seen, "elasticsearch").applied > 150

        for _ in range(2):
            before = lane_of(until(pipeline, applies, "the lane applies"), "elasticsearch")
            kill(before.shards[0].process)
            until(
                pipeline,
                lambda seen, epoch=before.epoch: (
                    (lane := lane_of(seen, "elasticsearch")).epoch > epoch and lane.state is LaneState.RUNNING
                ),
                "the lane runs in a new epoch",
            )
        until(pipeline, applies, "the lane applies again")
        changes.stop()
        shop.settle(pipeline)
        watcher.stop()
        assert changes.turns > 100
        assert watcher.looks > 5
        assert watcher.backward == []
        assert shop.documents() == shop.join()
        assert shop.differences(config) == {"elasticsearch": 0}


def test_verify_sees_what_is_wrong_with_parts(shop: Shop) -> None:
    """A part that is missing, differs or is too many is a difference, and named."""
    config = shop.joined_config()
    shop.sql("INSERT INTO orders VALUES (1, 'a', 1), (2, 'b', 2)", "INSERT INTO addresses VALUES (1, 'x'), (2, 'y')")
    shop.sql("INSERT INTO line_items VALUES (1, 1, 's', 1), (2, 1, 't', 2), (3, 2, 'u', 3)")
    with launch(config) as pipeline:
        shop.settle(pipeline)
    assert shop.differences(config) == {"elasticsearch": 0}
    server = shop.elasticsearch
    [first, second] = (ask(server, "GET", f"/{shop.name}/_doc/{key}")["_source"] for key in (1, 2))
    damaged = json.loads(json.dumps(first))
    damaged["lines"][1]["qty"] = 99
    ask(server, "PUT", f"/{shop.name}/_doc/1", damaged)
    assert shop.differences(config) == {"elasticsearch": 1}
    del second["address"], second["ingest_parts"]["sources"]["address"]
    ask(server, "PUT", f"/{shop.name}/_doc/2", second)
    assert shop.differences(config) == {"elasticsearch": 2}
    ask(server, "PUT", f"/{shop.name}/_doc/3", first)
    assert shop.differences(config) == {"elasticsearch": 2 + 4}
