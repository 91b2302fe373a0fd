"""The dead-letter store: durable, fenced, and read back as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from actors.drivers.dead_letters import UNREADABLE, Selection, SqlDeadLetters
from actors.drivers.store import SqlCheckpointStore
from actors.members import this_process
from ingest.checkpoint.contract import FENCED
from ingest.dead_letters.contract import RefusedLetter, StoreChange
from ingest.dead_letters.letter import QUARANTINED, DeadLetter
from ingest.dead_letters.stored_row import StoredRow
from ingest.problems import DataProblem
from ingest.sinks.contract import ItemResult, Outcome
from ingest.slices import Kind, TransactionStamp

ROW = StoredRow(1, Kind.UPDATE, b"map", b"more", b"\x07", b"\x07", b"before\0", b"after\xff")


def letter(n: int, **more: object) -> DeadLetter:
    """The change ``n`` of a document of its own."""
    fields = {
        "lane": "orders", "table": "shop.t", "target": "t", "key": f"k{n} ключ 🙂", "routing": None,
        "document_key": f"k{n}", "version": 100 + n, "whole": True, "row": ROW,
        "stamp": TransactionStamp(f"3E11FA47-71CA-11E1-9E33-C80AA9429562:{n}", 7, "binlog.000001", n),
        "payload": b"{}\n\xff", "reason": "bad", "detail": "said 'no' 🙂", "buried_us": 5, **more,
    }  # fmt: skip
    return DeadLetter(**fields)  # type: ignore[arg-type]


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/store.db"
    SqlCheckpointStore(url, "shop").claim("orders", this_process("supervisor"))
    return url


def test_letters_come_back_as_they_were(url: str) -> None:
    """Every field, from another connection, oldest first; a shard's summary too."""
    written = [letter(1), letter(2, routing="r", whole=False, reason=QUARANTINED, superseded=3)]
    weighs = SqlDeadLetters(url, "shop").record("orders", 1, StoreChange(added=written))
    store = SqlDeadLetters(url, "shop")
    assert weighs == 2
    assert [replace(one, number=0) for one in store.find(Selection())] == written
    assert [one.number for one in store.find(Selection())] == [1, 2]
    assert store.opened("orders") == [one.opened() for one in written]
    assert store.letter("orders", written[1].change) == replace(written[1], number=2)
    assert store.letter("other", written[1].change) is None


def test_an_older_epoch_writes_no_letter(url: str) -> None:
    """Invariant 4: once the lane is claimed anew, what an old shard writes is refused, all of it."""
    store = SqlDeadLetters(url, "shop")
    SqlCheckpointStore(url, "shop").claim("orders", this_process("supervisor"))
    with pytest.raises(DataProblem) as caught:
        store.record("orders", 1, StoreChange(added=[letter(1)]))
    assert caught.value.code is FENCED
    assert not list(store.find(Selection()))
    store.record("orders", 2, StoreChange(added=[letter(1)]))


def test_changes_are_written_as_one(url: str) -> None:
    """Renewed, refused and closed letters; what weighs is counted afterwards; a number is never given twice."""
    store = SqlDeadLetters(url, "shop")
    one, two, three = letter(1), letter(2), letter(3, reason=QUARANTINED)
    assert store.record("orders", 1, StoreChange(added=[one, two, three])) == 2
    refused = RefusedLetter(two.opened(), ItemResult(Outcome.POISON, "worse", "x" * 5_000))
    renewed = replace(three.opened(), version=999, superseded=4)
    assert store.record("orders", 1, StoreChange((), [renewed], [refused], [one.change])) == 1
    second, third = store.find(Selection())
    assert (second.reason, len(second.detail), second.attempts) == ("worse", 2_000, 1)
    assert (third.version, third.superseded, third.reason) == (999, 4, QUARANTINED)
    store.record("orders", 1, StoreChange(closed=[two.change, three.change]))
    store.record("orders", 1, StoreChange(added=[one]))
    assert [found.number for found in store.find(Selection())] == [4]


def test_letters_are_selected_and_dropped(url: str) -> None:
    """By lane, reason, key and number, in pages; ``beside`` adds the others of the same documents; ingests don't meet."""
    store = SqlDeadLetters(url, "shop")
    for ingest, lane in (("shop", "orders2"), ("shop2", "orders")):
        SqlCheckpointStore(url, ingest).claim(lane, this_process("supervisor"))
        SqlDeadLetters(url, ingest).record(lane, 1, StoreChange(added=[letter(1, lane=lane, table=ingest)]))
    many = [letter(n) for n in range(1, 451)] + [letter(451, key="k1 ключ 🙂", reason=QUARANTINED)]
    store.record("orders", 1, StoreChange(added=many))
    assert len(list(store.find(Selection()))) == 452
    assert len(list(store.find(Selection(lane="orders")))) == 451
    assert len(list(store.find(Selection(lane="orders"), limit=201))) == 201
    [held] = store.find(Selection(reason=QUARANTINED))
    assert [one.stamp.position for one in store.find(Selection(lane="orders", key="k1 ключ 🙂"))] == [1, 451]
    assert not list(store.find(Selection(key="K1 ключ 🙂")))
    assert [one.number for one in store.find(Selection(numbers=(held.number,)))] == [held.number]
    beside = store.beside([held])
    assert [one.stamp.position for one in beside] == [1, 451]
    store.drop(beside)
    assert len(list(store.find(Selection()))) == 450
    assert len(list(SqlDeadLetters(url, "shop2").find(Selection()))) == 1


def test_a_row_of_another_format_is_named(url: str) -> None:
    """Not skipped, not guessed: the problem says number, key and GTID (invariant 5)."""
    store = SqlDeadLetters(url, "shop")
    store.record("orders", 1, StoreChange(added=[letter(1)]))
    with sa.create_engine(url).begin() as connection:
        connection.exec_driver_sql("UPDATE ingest_letters SET \"row\" = x'09'")
    with pytest.raises(DataProblem) as caught:
        list(store.find(Selection()))
    assert caught.value.code is UNREADABLE
    assert caught.value.where["number"] == "1"


def test_shards_that_make_the_table_at_once_do_not_fail(tmp_path: Path) -> None:
    """Many processes open a new store at one moment: each finds the table."""
    url = f"sqlite:///{tmp_path}/new.db"
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: SqlDeadLetters(url, "shop").opened("orders"), range(8))) == [[]] * 8
