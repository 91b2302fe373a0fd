"""How long the lanes stand still after a disruption, and how long until they have caught up.

A lane has *caught up* when its sink shows a row that was written at the disruption's end, behind all that gathered in the
binlog meanwhile. Its *standstill* is the longest time until then in which the sink showed nothing new at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import happybase

from tests.chaos.disruption import Unexpected
from tests.chaos.watcher import ask
from tests.chaos.world import ARCHIVE, PATIENCE_S, SEARCH, World
from tests.chaos.writer import DATABASE

LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds after the disruption's end, of one lane."""

    standstill_s: float
    caught_up_s: float


def recovery(world: World, number: int, ended_s: float) -> dict[str, Recovery]:
    """Of each lane. ``Unexpected`` when the row doesn't come at all."""
    return {lane: _of_lane(world, lane, seen, ended_s) for lane, seen in _caught_up(world, number, ended_s).items()}


def _of_lane(world: World, lane: str, caught_up_s: float, ended_s: float) -> Recovery:
    return Recovery(world.watcher.histories[lane].standstill_s(ended_s, ended_s + caught_up_s), caught_up_s)


def _caught_up(world: World, number: int, ended_s: float) -> dict[str, float]:
    """Seconds from ``ended_s`` until a row that is written now is in each sink, by lane."""
    world.sql(f"INSERT INTO {DATABASE}.markers VALUES ({number}, {number})")
    archive = _Archive(world)
    looks: dict[str, Callable[[int], bool]] = {SEARCH: lambda key: _in_search(world, key), ARCHIVE: archive.has}
    seen: dict[str, float] = {}
    while looks.keys() - seen.keys():
        for lane in looks.keys() - seen.keys():
            with suppress(Exception):  # the sink doesn't answer (yet)
                if looks[lane](number):
                    seen[lane] = time.monotonic() - ended_s
        if time.monotonic() - ended_s > PATIENCE_S:
            missing = ", ".join(sorted(looks.keys() - seen.keys()))
            raise Unexpected(f"not within {PATIENCE_S:.0f} s after the disruption: {missing}; {world.states()}")
        time.sleep(LOOK_S)
    return seen


def _in_search(world: World, key: int) -> bool:
    status, answer = ask(world.elasticsearch, "GET", f"/chaos-markers/_doc/{key}", timeout_s=2)
    return status == 200 and isinstance(answer, dict) and bool(answer["found"])


class _Archive:
    """A connection that goes with any error."""

    def __init__(self, world: World) -> None:
        self._hbase = world.hbase
        self._connection: Any = None

    def has(self, key: int) -> bool:
        try:
            if self._connection is None:
                self._connection = happybase.Connection(self._hbase.thrift_host, self._hbase.thrift_port, timeout=2_000)
            rows = self._connection.table("chaos_markers").scan(columns=[b"d:n"], batch_size=1_000)
            return any(row.partition(b"-")[2] == str(key).encode() for row, _ in rows)
        except BaseException:
            self._connection = None
            raise
