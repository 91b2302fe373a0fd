"""The demo's workload as text: seeded, complete, and safe to repeat."""

import re
from itertools import islice

import pytest

from actors.demo.literals import text
from actors.demo.workload import FIRST_ORDER_ID, Transaction, Workload


def _texts(seed: int, count: int = 300) -> list[str]:
    workload = Workload(seed)
    texts = [transaction.sql for transaction in workload.load(200)]
    return texts + [workload.next().sql for _ in range(count)]


def test_same_seed_same_transactions() -> None:
    """The seed alone decides what is written."""
    assert _texts(7) == _texts(7)


def test_other_seed_other_transactions() -> None:
    """Two seeds write different things."""
    assert _texts(7) != _texts(8)


def test_no_statement_asks_the_clock() -> None:
    """Nothing that MySQL would fill in from its clock or its dice stands in the text."""
    asked = re.compile(r"\b(NOW|CURRENT_TIMESTAMP|RAND|UUID|SYSDATE)\b", re.IGNORECASE)
    assert [sql for sql in _texts(3) if asked.search(sql)] == []


@pytest.mark.parametrize(
    "shape",
    [
        r"INSERT INTO parcel\.orders .*;INSERT INTO parcel\.items .*;INSERT INTO parcel\.events",
        r"SET status = 'placed'.* AND status = 'draft'",
        r"SET status = 'draft'",
        r"UPDATE parcel\.orders SET id = (\d+) WHERE id = (\d+)",
        r"SET line = line \+ 100",
        r"DELETE FROM parcel\.orders .*;INSERT INTO parcel\.orders",
        r"DELETE FROM parcel\.orders .*;DELETE FROM parcel\.items",
        r"DELETE FROM parcel\.events ORDER BY id LIMIT",
        r"UPDATE parcel\.stations",
        r"INSERT INTO parcel\.customers",
        r"^BEGIN;.*;ROLLBACK$",
    ],
)
def test_every_kind_of_change_occurs(shape: str) -> None:
    """Bookings, filter crossings, key changes, rebookings, deletions and a roll-back are all among 300 transactions."""
    assert any(re.search(shape, sql, re.DOTALL) for sql in _texts(1))


def test_swap_reuses_a_key_that_was_just_left() -> None:
    """In some transaction a row takes the key which another row had at its start."""
    changes = re.compile(r"SET id = (\d+) WHERE id = (\d+)")
    found = [changes.findall(sql) for sql in _texts(1)]
    assert any({new for new, _ in steps} & {old for _, old in steps[:1]} for steps in found if len(steps) == 3)


def test_order_keys_do_not_fit_a_double() -> None:
    """Order keys are above 2^53, so that a rounding decoder would be caught."""
    assert FIRST_ORDER_ID > 2**53
    assert float(FIRST_ORDER_ID + 1) == float(FIRST_ORDER_ID)


def test_rolled_back_transaction_text() -> None:
    """A transaction is one round trip that begins and ends itself."""
    assert Transaction(("DO 1", "DO 2")).sql == "BEGIN;DO 1;DO 2;COMMIT"
    assert Transaction(("DO 1",), commit=False).sql == "BEGIN;DO 1;ROLLBACK"


def test_text_literals_are_escaped() -> None:
    """Quotes, backslashes and line ends can't end a literal."""
    assert text("O'Brien\\\n") == "'O\\'Brien\\\\\\n'"


def test_row_changes_per_transaction_are_few() -> None:
    """An ordinary transaction is small, so that the rate is even."""
    workload = Workload(0)
    list(workload.load(500))
    sizes = [len(transaction.sql) for transaction in islice(iter(workload.next, None), 200)]
    assert max(sizes) < 50_000
