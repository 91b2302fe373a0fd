"""Who changes rows all the while, and knows what is true of them: several tables, updates, deletes, primary keys that
change, rows inserted again under a key that was deleted, transactions of several statements, some rolled back.

Every row carries ``n``, which only rises under one key, over deletions too. What the writer attempted is noted before it
is sent, so that a commit whose answer was lost is within the bounds of what is known.

Invariant: only one thread writes; ``paused`` returns when nothing is under way.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
from pymysql.constants import CLIENT

DATABASE = "chaos"
COUNTERS = 240
PRESENT = 200
ORDERS_MOST = 2_500
DELETIONS_KEPT = 400
RETRY_S = 0.05
BEHIND_MOST_S = 3.0
"""How much of what an outage cost is made up for afterwards."""

TABLES = (
    f"CREATE DATABASE {DATABASE}",
    f"CREATE TABLE {DATABASE}.counters (id INT PRIMARY KEY, n BIGINT NOT NULL, note VARCHAR(60))",
    f"CREATE TABLE {DATABASE}.orders (id BIGINT PRIMARY KEY, n BIGINT NOT NULL, status VARCHAR(20), amount DECIMAL(12,2), note VARCHAR(100))",
    f"CREATE TABLE {DATABASE}.items (order_id BIGINT, line INT, n BIGINT NOT NULL, sku VARCHAR(20), quantity INT, PRIMARY KEY (order_id, line))",
    f"CREATE TABLE {DATABASE}.markers (id INT PRIMARY KEY, n BIGINT NOT NULL)",
    f"CREATE TABLE {DATABASE}.bulk (id INT PRIMARY KEY, n BIGINT NOT NULL, note VARCHAR(100))",
    f"CREATE TABLE {DATABASE}.oddities (id VARCHAR(600) CHARACTER SET ascii PRIMARY KEY, n BIGINT NOT NULL, size VARCHAR(40))",
)

Connect = Callable[..., Any]


class Truth:
    """What is known of the watched rows: the highest ``n`` attempted under each key, and at which ``n`` it was deleted."""

    def __init__(self) -> None:
        self.highest: dict[str, int] = {}
        self.deleted: defaultdict[str, deque[int]] = defaultdict(lambda: deque(maxlen=DELETIONS_KEPT))

    def deletion_after(self, key: str, n: int) -> int | None:
        """The first deletion attempted when the row had at least ``n``; None: it was never deleted since."""
        return next((at for at in tuple(self.deleted[key]) if at >= n), None)


class Writer(threading.Thread):
    """Changes rows at a rate, from a seed. ``connect``: to the server that takes writes now."""

    def __init__(self, connect: Connect, seed: int, changes_per_s: float) -> None:
        super().__init__(daemon=True, name="writer")
        self.truth = Truth()
        self.changes = 0
        self.writing_s = 0.0
        self.clock_shift_s = 0
        self.problems: deque[str] = deque(maxlen=5)
        self.failed: BaseException | None = None
        self._connect = connect
        self._chance = random.Random(f"writer {seed}")
        self._rate = changes_per_s
        self._connection: Any = None
        self._one_at_a_time = threading.Lock()
        self._may_write = threading.Event()
        self._may_write.set()
        self._ending = threading.Event()
        self._present: set[int] = set()
        self._orders: deque[int] = deque()
        self._next_order = 1
        kinds = ((self._raise, 40), (self._book, 22), (self._ship, 22), (self._move, 6), (self._take_away, 6),
                 (self._cancel, 12), (self._renumber, 4), (self._give_up, 2))  # fmt: skip
        self._kinds, self._weights = zip(*kinds, strict=True)

    # --- its life

    def prepare(self) -> None:
        """The tables, and the rows that are there from the start."""
        with self._connect() as connection, connection.cursor() as cursor:
            for statement in TABLES:
                cursor.execute(statement)
        self._commit([self._insert_counters(range(PRESENT))], lambda: self._present.update(range(PRESENT)))

    def run(self) -> None:
        """Until ``stop``. A server that doesn't answer or refuses is asked again."""
        due_s = time.monotonic()
        try:
            while not self._ending.is_set():
                self._may_write.wait()
                with self._one_at_a_time:
                    began_s, before = time.monotonic(), self.changes
                    self._step()
                    due_s = max(due_s, time.monotonic() - BEHIND_MOST_S) + (self.changes - before) / self._rate
                    self._ending.wait(max(0.0, due_s - time.monotonic()))
                    if self.changes > before:
                        self.writing_s += time.monotonic() - began_s
        except BaseException as error:  # noqa: BLE001 - handed to the harness
            self.failed = error

    def _step(self) -> None:
        try:
            self._chance.choices(self._kinds, self._weights)[0]()
        except (pymysql.MySQLError, OSError) as error:
            self.problems.append(str(error))
            self.forget_connection()
            self._ending.wait(RETRY_S)
            with contextlib.suppress(pymysql.MySQLError, OSError):
                self._learn()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is written while the block runs."""
        self._may_write.clear()
        try:
            with self._one_at_a_time:
                yield
        finally:
            self._may_write.set()

    def stop(self) -> None:
        """End it."""
        self._ending.set()
        self.join(timeout=30)
        self.forget_connection()

    def forget_connection(self) -> None:
        """The next transaction goes to whatever server ``connect`` reaches then."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()

    def _learn(self) -> None:
        """After a commit whose answer was lost: which rows are there?"""
        with self._cursor() as cursor:
            cursor.execute(f"SELECT id FROM {DATABASE}.counters")
            self._present = {int(row[0]) for row in cursor.fetchall()}
            cursor.execute(f"SELECT id FROM {DATABASE}.orders ORDER BY id")
            self._orders = deque(int(row[0]) for row in cursor.fetchall())

    # --- transactions

    def _cursor(self) -> Any:
        if self._connection is None:
            self._connection = self._connect(client_flag=CLIENT.MULTI_STATEMENTS, read_timeout=10, write_timeout=10)
        return self._connection.cursor()

    def _commit(self, statements: list[str], then: Callable[[], None] = lambda: None, *, commit: bool = True) -> None:
        """One round trip. ``then``: what is so once it is committed."""
        moment = f"SET timestamp = {time.time() + self.clock_shift_s if self.clock_shift_s else 0:.3f}"
        text = ";".join([moment, "BEGIN", *statements, "COMMIT" if commit else "ROLLBACK"])
        with self._cursor() as cursor:
            cursor.execute(text)
            changed = 0
            while True:
                changed += max(0, cursor.rowcount)
                if not cursor.nextset():
                    break
        if commit:
            self.changes += changed
            then()

    def _some(self, count: int) -> list[int]:
        return self._chance.sample(sorted(self._present), min(count, len(self._present)))

    def _insert_counters(self, keys: Any) -> str:
        rows = []
        for key in keys:
            n = self._attempt(key)
            rows.append(f"({key},{n},'note {n}')")
        return f"INSERT INTO {DATABASE}.counters VALUES {','.join(rows)}"

    def _attempt(self, key: int, above: int = 0) -> int:
        highest = self.truth.highest
        highest[str(key)] = n = max(highest.get(str(key), 0), above) + 1
        return n

    def _delete_attempted(self, key: int) -> int:
        at = self.truth.highest[str(key)]
        self.truth.deleted[str(key)].append(at)
        return at

    def _raise(self) -> None:
        keys = self._some(self._chance.randint(5, 40))
        for key in keys:
            self._attempt(key)
        where = f"WHERE id IN ({','.join(map(str, keys))})"
        self._commit([f"UPDATE {DATABASE}.counters SET n = n + 1, note = CONCAT('note ', n) {where}"])

    def _move(self) -> None:
        """Rows get other primary keys."""
        free = [key for key in range(COUNTERS) if key not in self._present]
        pairs = list(zip(self._some(5), self._chance.sample(free, min(5, len(free))), strict=False))
        statements = []
        for old, new in pairs:
            n = self._attempt(new, self._delete_attempted(old))
            statements.append(f"UPDATE {DATABASE}.counters SET id = {new}, n = {n} WHERE id = {old}")

        def moved() -> None:
            for old, new in pairs:
                self._present.discard(old)
                self._present.add(new)

        self._commit(statements, moved)

    def _take_away(self) -> None:
        """Some rows go, and others come back; one is deleted and inserted again in the same transaction."""
        free = [key for key in range(COUNTERS) if key not in self._present]
        gone, back = self._some(6), free[: max(0, len(free) - 30)]
        for key in gone:
            self._delete_attempted(key)
        again = gone[:1]
        statements = [f"DELETE FROM {DATABASE}.counters WHERE id IN ({','.join(map(str, gone))})"]
        statements.append(self._insert_counters([*again, *back]))

        def done() -> None:
            self._present.difference_update(gone)
            self._present.update([*again, *back])

        self._commit(statements, done)

    def _book(self) -> None:
        if len(self._orders) > ORDERS_MOST:
            self._cancel()
            return
        first, count = self._next_order, self._chance.randint(6, 12)
        self._next_order += count
        new = range(first, first + count)
        orders = ",".join(f"({key},1,'new',{key % 1000}.25,'order {key}')" for key in new)
        items = ",".join(f"({key},{line},1,'sku-{key % 97}',{line})" for key in new for line in (1, 2))
        statements = [f"INSERT INTO {DATABASE}.orders VALUES {orders}", f"INSERT INTO {DATABASE}.items VALUES {items}"]
        self._commit(statements, lambda: self._orders.extend(new))

    def _ship(self) -> None:
        if not self._orders:
            return
        keys = ",".join(str(self._chance.choice(self._orders)) for _ in range(15))
        status = self._chance.choice(("paid", "sent", "delivered"))
        self._commit(
            [
                f"UPDATE {DATABASE}.orders SET n = n + 1, status = '{status}', amount = amount + 0.5 WHERE id IN ({keys})",
                f"UPDATE {DATABASE}.items SET n = n + 1, quantity = quantity + 1 WHERE order_id IN ({keys})",
            ]
        )

    def _cancel(self) -> None:
        gone = [self._orders[index] for index in range(min(8, len(self._orders)))]
        if gone:
            keys = ",".join(map(str, gone))
            statements = [
                f"DELETE FROM {DATABASE}.orders WHERE id IN ({keys})",
                f"DELETE FROM {DATABASE}.items WHERE order_id IN ({keys})",
            ]
            self._commit(statements, lambda: [self._orders.popleft() for _ in gone] and None)

    def _renumber(self) -> None:
        """An order and its lines get another key."""
        if not self._orders:
            return
        old, new = self._orders[0], self._next_order
        self._next_order += 1

        def moved() -> None:
            self._orders.popleft()
            self._orders.append(new)

        self._commit(
            [
                f"UPDATE {DATABASE}.orders SET id = {new}, n = n + 1 WHERE id = {old}",
                f"UPDATE {DATABASE}.items SET order_id = {new}, n = n + 1 WHERE order_id = {old}",
            ],
            moved,
        )

    def _give_up(self) -> None:
        keys = ",".join(map(str, self._some(10)))
        self._commit([f"UPDATE {DATABASE}.counters SET note = 'never seen' WHERE id IN ({keys})"], commit=False)
