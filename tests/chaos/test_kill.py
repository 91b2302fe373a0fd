"""`kill -9` of each process of a running pipeline while rows change: nothing lost, nothing turned back, sinks equal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from actors.control import launch
from ingest.status import ClusterStatus, ProcessStatus
from tests.kit.lab import Lab, kill, lane_of, until

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

VICTIMS: dict[str, Callable[[ClusterStatus], ProcessStatus | None]] = {
    "reader": lambda status: next((one.process for one in status.readers), None),
    "elasticsearch sink": lambda status: next((one.process for one in lane_of(status, "elasticsearch").shards), None),
    "hbase sink": lambda status: next((one.process for one in lane_of(status, "hbase").shards), None),
    "checkpoint": lambda status: lane_of(status, "elasticsearch").checkpoint,
    "supervisor": lambda status: status.supervisor,
}

TABLES = ("t", "u")


class Writer(threading.Thread):
    """Changes rows of two tables that have the same keys, until told to stop: inserts, updates, deletes, key changes."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(daemon=True)
        self._lab = lab
        self._stopping = threading.Event()
        self.failed: BaseException | None = None

    def run(self) -> None:
        """Until ``stop``."""
        try:
            connection = self._lab.mysql.connect(database=self._lab.name)
            turn = 0
            while not self._stopping.wait(0.005):
                turn += 1
                with connection.cursor() as cursor:
                    for table in TABLES:
                        self._change(cursor, table, turn)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.failed = error

    @staticmethod
    def _change(cursor: Any, table: str, turn: int) -> None:
        first = turn * 20
        values = ",".join(f"({key}, {turn}, '{table}')" for key in range(first, first + 20))
        cursor.execute(f"INSERT INTO {table} VALUES {values}")
        cursor.execute(f"UPDATE {table} SET n = n + 1 WHERE id BETWEEN %s AND %s", (first - 60, first))
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", (first - 30,))
        cursor.execute(f"UPDATE {table} SET id = id + 10000000 WHERE id = %s", (first - 35,))

    def stop(self) -> None:
        """End it; raise what went wrong in it."""
        self._stopping.set()
        self.join()
        if self.failed is not None:
            raise self.failed


@pytest.mark.parametrize("victim", VICTIMS)
def test_kill_nine(lab: Lab, victim: str) -> None:
    """Invariants 1 to 4: after the kill the lanes go on by themselves, and every row is equal at the end."""
    lab.sql(*(f"CREATE TABLE {table} (id INT PRIMARY KEY, n INT, note VARCHAR(50))" for table in TABLES))
    config = lab.config()
    with launch(config) as pipeline:
        writer = Writer(lab)
        writer.start()
        for _ in range(2):
            status = until(pipeline, lambda seen: all(lane.applied > 200 for lane in seen.lanes), "both lanes apply")
            process = VICTIMS[victim](status)
            assert process is not None
            kill(process)
            until(
                pipeline,
                lambda seen, old=process: (new := VICTIMS[victim](seen)) is not None and new.pid != old.pid,
                f"the {victim} is replaced",
            )
        until(pipeline, lambda seen: all(lane.applied > 200 for lane in seen.lanes), "both lanes apply again")
        writer.stop()
        lab.settle(pipeline)
        assert lab.differences(config) == {"elasticsearch": 0, "hbase": 0}
