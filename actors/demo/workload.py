"""The carrier's business as transactions of SQL text: seeded, endless, and cheap to make.

Pure: seed in, text out; the writer runs it. Multi-row statements keep both sides cheap. What goes on: bookings
(orders, items and events in one transaction), scans (status changes with their events), drafts that are published
and withdrawn (rows enter and leave a rule's filter), billing, renumbering (primary keys change, one of them to a key
that another row just left), rebooking (a key is deleted and inserted again in one transaction), cancellations,
purges, repairs of master data, and now and then a transaction that is rolled back.

Invariant: the same seed gives the same transactions; no statement depends on the clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from actors.demo.literals import (
    customer_tails,
    event_tails,
    item_tails,
    order_ends,
    order_tails,
    station_code,
    station_rows,
)
from actors.demo.schema import DATABASE

FIRST_ORDER_ID = 7_300_000_000_000_000_000
"""Above 2^53, where a double would round."""

STATIONS = 200
LOAD_BATCH = 1_000
LINES = (1, 2, 2, 3)
EVENT_KINDS = ("accepted", "sorted", "loaded", "delivered", "returned")
NEXT_STATUS = ("placed", "in_transit", "delivered", "returned")


@dataclass(frozen=True, slots=True)
class Transaction:
    """Statements that commit together (or are rolled back together: then they change nothing)."""

    statements: tuple[str, ...]
    commit: bool = True

    @property
    def sql(self) -> str:
        """One text for one round trip."""
        return "BEGIN;" + ";".join(self.statements) + (";COMMIT" if self.commit else ";ROLLBACK")


class Workload:
    """The carrier. ``load`` first (once), then ``next`` for ever; ``big`` whenever."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = random.Random(seed)
        self._customer_tails = customer_tails(self._rng)
        self._order_tails = order_tails(self._rng, STATIONS)
        self._order_ends = order_ends(self._rng)
        self._item_tails = item_tails(self._rng)
        self._event_tails = event_tails(self._rng)
        self._orders: list[int] = []
        self._customers = 0
        self._next_order = FIRST_ORDER_ID
        self._ticks = 0
        kinds: tuple[tuple[Callable[[], Transaction], int], ...] = (
            (self._book, 30),
            (self._scan, 30),
            (self._publish, 6),
            (self._withdraw, 4),
            (self._bill, 10),
            (self._renumber, 4),
            (self._swap, 2),
            (self._rebook, 3),
            (self._cancel, 8),
            (self._purge, 6),
            (self._register, 4),
            (self._repair, 3),
            (self._give_up, 1),
        )
        self._kinds = [make for make, _ in kinds]
        self._weights = [weight for _, weight in kinds]

    # --- what is asked for

    def load(self, orders: int) -> Iterator[Transaction]:
        """The data that is there from the start: 200 stations, a third as many customers as orders, two items an
        order."""
        yield Transaction((self._insert("stations", station_rows(self._rng, STATIONS)),))
        for first in range(0, max(orders // 3, 1), LOAD_BATCH):
            yield Transaction((self._new_customers(min(LOAD_BATCH, max(orders // 3, 1) - first)),))
        for first in range(0, orders, LOAD_BATCH):
            yield Transaction(self._new_orders(min(LOAD_BATCH, orders - first)))

    def next(self) -> Transaction:
        """The next transaction; some thirty row changes on average."""
        return self._rng.choices(self._kinds, self._weights)[0]()

    def big(self, rows: int) -> Transaction:
        """One transaction of ``rows`` row changes or a few less: a third updates of items, a third updates of events,
        a third new events (from items by INSERT ... SELECT). Wants ``rows / 3`` items and as many events to be there."""
        updates = rows // 3
        audit = (
            f"INSERT INTO {DATABASE}.events (order_id, station, kind, happened_at, detail) "
            f"SELECT order_id, '{station_code(0)}', 'audited', '2026-11-11 11:11:11.111111', "
            f"JSON_OBJECT('sku', sku, 'quantity', quantity) FROM {DATABASE}.items "
            f"ORDER BY order_id, line LIMIT {rows - 2 * updates}"
        )
        move = (
            f"UPDATE {DATABASE}.events SET station = '{station_code(1)}', happened_at = '2026-11-11 11:11:11.222222' "
            f"ORDER BY id LIMIT {updates}"
        )
        update = (
            f"UPDATE {DATABASE}.items SET price = price + 0.01, quantity = quantity + 1 "
            f"ORDER BY order_id DESC, line DESC LIMIT {updates}"
        )
        return Transaction((update, move, audit))

    # --- what goes on

    def _book(self) -> Transaction:
        return Transaction(self._new_orders(self._rng.randint(4, 10)))

    def _scan(self) -> Transaction:
        orders = self._some(self._rng.randint(10, 25))
        status = self._rng.choice(NEXT_STATUS)
        update = self._set_orders(f"status = '{status}', services = ''", orders, "AND status <> 'draft'")
        return Transaction((update, self._new_events(orders)))

    def _publish(self) -> Transaction:
        return Transaction((self._set_orders("status = 'placed'", self._some(60), "AND status = 'draft'"),))

    def _withdraw(self) -> Transaction:
        return Transaction((self._set_orders("status = 'draft', note = NULL", self._some(15), "AND type = 1"),))

    def _bill(self) -> Transaction:
        customers = ",".join(str(self._customer()) for _ in range(15))
        bill = f"UPDATE {DATABASE}.customers SET balance = balance - 1.25, vip = 1 - vip WHERE id IN ({customers})"
        orders = self._in(self._some(10))
        charge = f"UPDATE {DATABASE}.items SET price = price * 1.01, weight_kg = 1.1 WHERE order_id IN ({orders})"
        return Transaction((bill, charge, self._set_orders("amount = amount + 0.0001", self._some(5))))

    def _renumber(self) -> Transaction:
        """New keys for some orders and all that belongs to them, and new lines for items of others."""
        statements = []
        for index in self._indexes(3):
            old, new = self._orders[index], self._new_id()
            self._orders[index] = new
            statements += [
                f"UPDATE {DATABASE}.orders SET id = {new} WHERE id = {old}",
                f"UPDATE {DATABASE}.items SET order_id = {new} WHERE order_id = {old}",
                f"UPDATE {DATABASE}.events SET order_id = {new} WHERE order_id = {old}",
            ]
        lines = (
            f"UPDATE {DATABASE}.items SET line = line + 100 WHERE order_id IN ({self._in(self._some(5))}) AND line < 9"
        )
        return Transaction((*statements, lines))

    def _swap(self) -> Transaction:
        """Two orders change keys with each other, by way of a third key that nobody has before or after."""
        first, second = (self._orders[index] for index in self._indexes(2))
        between = self._new_id()
        steps = ((first, between), (second, first), (between, second))
        return Transaction(tuple(f"UPDATE {DATABASE}.orders SET id = {new} WHERE id = {old}" for old, new in steps))

    def _rebook(self) -> Transaction:
        """Orders are deleted and inserted again under the same key."""
        orders = self._some(4)
        gone = f"DELETE FROM {DATABASE}.orders WHERE id IN ({self._in(orders)})"
        return Transaction((gone, self._insert("orders", [self._order_row(order) for order in orders])))

    def _cancel(self) -> Transaction:
        gone = []
        for _ in range(6):
            index = self._rng.randrange(len(self._orders))
            self._orders[index], self._orders[-1] = self._orders[-1], self._orders[index]
            gone.append(self._orders.pop())
        orders = self._in(gone)
        items = f"DELETE FROM {DATABASE}.items WHERE order_id IN ({orders})"
        return Transaction((f"DELETE FROM {DATABASE}.orders WHERE id IN ({orders})", items))

    def _purge(self) -> Transaction:
        return Transaction((f"DELETE FROM {DATABASE}.events ORDER BY id LIMIT {self._rng.randint(20, 60)}",))

    def _register(self) -> Transaction:
        return Transaction((self._new_customers(20),))

    def _repair(self) -> Transaction:
        codes = ",".join(f"'{station_code(self._rng.randrange(STATIONS))}'" for _ in range(10))
        stations = (
            f"UPDATE {DATABASE}.stations SET load_factor = load_factor / 3, capacity = capacity ^ 1, altitude_m = NULL "
            f"WHERE code IN ({codes})"
        )
        gone = f"DELETE FROM {DATABASE}.customers WHERE id IN ({self._customer()}, {self._customer()})"
        return Transaction((stations, gone))

    def _give_up(self) -> Transaction:
        return Transaction((self._set_orders("note = 'never seen'", self._some(20)),), commit=False)

    # --- what they are made of

    def _new_orders(self, count: int) -> tuple[str, ...]:
        orders = [self._new_id() for _ in range(count)]
        self._orders += orders
        tails, choice = self._item_tails, self._rng.choice
        items = [f"{order},{line},{choice(tails)}" for order in orders for line in range(1, choice(LINES) + 1)]
        return (
            self._insert("orders", [self._order_row(order) for order in orders]),
            self._insert("items", items),
            self._new_events(orders),
        )

    def _order_row(self, order: int) -> str:
        choice = self._rng.choice
        number = f"'CN-{order - FIRST_ORDER_ID:010d}'"
        tail, end, moment = choice(self._order_tails), choice(self._order_ends), self._moment()
        return f"{order},{number},{self._customer()},{tail},{moment},{moment},{end}"

    def _new_customers(self, count: int) -> str:
        self._customers += count
        first = self._customers - count + 1
        return self._insert(
            "customers", [f"{first + row},{self._rng.choice(self._customer_tails)}" for row in range(count)]
        )

    def _new_events(self, orders: Sequence[int]) -> str:
        choice, tails, moment = self._rng.choice, self._event_tails, self._moment()
        kind, station = choice(EVENT_KINDS), station_code(self._rng.randrange(STATIONS))
        return self._insert(
            "events", [f"NULL,{order},'{station}','{kind}',{moment},{choice(tails)}" for order in orders]
        )

    def _set_orders(self, assignments: str, orders: Sequence[int], condition: str = "") -> str:
        return (
            f"UPDATE {DATABASE}.orders SET {assignments}, updated_at = {self._moment()} "
            f"WHERE id IN ({self._in(orders)}) {condition}"
        )

    @staticmethod
    def _insert(table: str, rows: Sequence[str]) -> str:
        return f"INSERT INTO {DATABASE}.{table} VALUES ({'),('.join(rows)})"

    @staticmethod
    def _in(keys: Sequence[int]) -> str:
        return ",".join(map(str, keys))

    def _some(self, count: int) -> list[int]:
        """Different orders (fewer when there are fewer)."""
        return [self._orders[index] for index in self._indexes(count)]

    def _indexes(self, count: int) -> list[int]:
        return self._rng.sample(range(len(self._orders)), min(count, len(self._orders)))

    def _customer(self) -> int:
        return self._rng.randint(1, self._customers)

    def _new_id(self) -> int:
        self._next_order += 1
        return self._next_order

    def _moment(self) -> str:
        """A time that rises by 1.000037 s from call to call (no clock: the seed alone decides)."""
        self._ticks += 1
        seconds, micros = divmod(self._ticks * 1_000_037, 1_000_000)
        return f"'2026-01-01' + INTERVAL '{seconds}.{micros:06d}' SECOND_MICROSECOND"
