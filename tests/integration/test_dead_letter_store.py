"""The dead-letter store on MySQL, new and old, whatever its default character set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.drivers.dead_letters import Selection, SqlDeadLetters
from actors.drivers.store import SqlCheckpointStore
from actors.members import this_process
from actors.stack import Mysql
from ingest.checkpoint.contract import FENCED
from ingest.dead_letters.contract import RefusedLetter, StoreChange
from ingest.dead_letters.letter import DeadLetter
from ingest.dead_letters.stored_row import StoredRow
from ingest.problems import DataProblem
from ingest.sinks.contract import ItemResult, Outcome
from ingest.slices import Kind, TransactionStamp
from tests.kit.mysql_session import execute

pytestmark = pytest.mark.integration

ROW = StoredRow(1, Kind.UPDATE, b"map", b"more", b"\x07", b"\x07", b"before\0", bytes(range(256)) * 8_000)


def letter(n: int, key: str) -> DeadLetter:
    """A letter with a large row and texts of every kind."""
    stamp = TransactionStamp(f"3E11FA47-71CA-11E1-9E33-C80AA9429562:{n}", 2**50, "binlog.000001", 2**40)
    return DeadLetter(
        "orders", "shop.t", "t", key, None, key, 2**62 + n, whole=True, row=ROW, stamp=stamp, payload=bytes(70_000),
        reason="bad", detail="сказал 'нет' 🙂" * 100, buried_us=2**50,
    )  # fmt: skip


def test_letters_on_mysql(server: Mysql) -> None:
    """Written, read back byte by byte, told apart by case and accent, refused under an older epoch, settled."""
    execute(server, "CREATE DATABASE letters CHARACTER SET latin1")
    url = f"mysql+pymysql://root@{server.address}/letters"
    checkpoints = SqlCheckpointStore(url, "shop")
    checkpoints.claim("orders", this_process("supervisor"))
    store = SqlDeadLetters(url, "shop")
    try:
        letters = [letter(1, "k 🙂"), letter(2, "K 🙂"), letter(3, "ключ"), letter(4, "e"), letter(5, "é")]
        assert store.record("orders", 1, StoreChange(added=letters)) == 5
        assert [replace(one, number=0) for one in store.find(Selection())] == letters
        assert sorted(one.change for one in store.opened("orders")) == sorted(one.change for one in letters)
        for one in letters:
            assert [found.change for found in store.find(Selection(key=one.key))] == [one.change]
        refused = RefusedLetter(letters[0].opened(), ItemResult(Outcome.POISON, "worse", "ы"))
        closed = [one.change for one in letters[2:]]
        assert store.record("orders", 1, StoreChange(refused=[refused], closed=closed)) == 2
        checkpoints.claim("orders", this_process("supervisor"))
        with pytest.raises(DataProblem) as caught:
            store.record("orders", 1, StoreChange(added=[letter(6, "late")]))
        assert caught.value.code is FENCED
        [first, second] = store.find(Selection())
        assert (first.reason, first.attempts, second.attempts) == ("worse", 1, 0)
        store.drop(store.beside([second]))
        assert [one.number for one in store.find(Selection())] == [first.number]
    finally:
        store.close()
        checkpoints.close()
        execute(server, "DROP DATABASE letters")
