"""Moments and GTID sets in the binlogs of real servers, MySQL 9 and 5.6: the place found is the one that was meant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.drivers.mysql.binlogs import ServerBinlogs
from actors.drivers.mysql.dump import DumpOptions
from actors.stack import Mysql
from ingest.binlog.gtid import GtidSet
from ingest.mysql.identity import identity_of
from ingest.problems import DataProblem
from ingest.rewind.boundary import Place, place_of
from ingest.rewind.moment import Moment
from tests.kit.mysql_session import executed, open_session, value_of

pytestmark = pytest.mark.integration

FIRST_S = 1_700_000_000
EVERY_S = 10


class Written:
    """A server with twelve one-row transactions in four files, ten seconds apart by their commit times; what had been
    executed after each."""

    def __init__(self, server: Mysql) -> None:
        self.server = server
        self.after = [executed(server)]
        with server.connect() as connection, connection.cursor() as cursor:
            self._reset(cursor)
            self.after = [executed(server)]
            for number in range(12):
                if number % 4 == 0:
                    cursor.execute("FLUSH LOGS")
                self._at(cursor, FIRST_S + EVERY_S * number)
                cursor.execute(f"CREATE DATABASE d{number}")
                self.after.append(executed(server))
            cursor.execute("FLUSH LOGS")

    def _reset(self, cursor: object) -> None:
        statement = "RESET MASTER" if self.server.version == "5.6" else "RESET BINARY LOGS AND GTIDS"
        cursor.execute(statement)  # type: ignore[attr-defined]

    def _at(self, cursor: object, second: int) -> None:
        """The next transaction's commit time: 5.6 knows the statement's second only."""
        statement = f"SET timestamp = {second}"
        if self.server.version != "5.6":
            statement = f"SET SESSION original_commit_timestamp = {second * 1_000_000}"
        cursor.execute(statement)  # type: ignore[attr-defined]

    def place(self, point: GtidSet | Moment) -> Place:
        """Where it is."""
        with open_session(self.server) as session:
            binlogs = ServerBinlogs(session, identity_of("places", 4_000_111), DumpOptions(heartbeat_ms=1_000))
            found = place_of(point, binlogs)
            assert sum(binlogs.file_bytes) > 0
            return found


@pytest.fixture(scope="module", params=["9", "5.6"])
def written(request: pytest.FixtureRequest) -> Iterator[Written]:
    with Mysql(request.param) as server:
        yield Written(server)


@pytest.mark.parametrize("number", [0, 1, 3, 4, 5, 8, 11, 12])
def test_moments(written: Written, number: int) -> None:
    """At a transaction's own time it is still to come, a moment later it is held; also at the ends of files."""
    at_us = (FIRST_S + EVERY_S * number) * 1_000_000
    assert written.place(Moment(at_us)).held == written.after[number]
    later_us = at_us + (1_000_000 if written.server.version == "5.6" else 1)
    place = written.place(Moment(later_us))
    assert place.held == written.after[min(number + 1, 12)]
    assert (place.first is None) == (number >= 11)


def test_gtid_sets(written: Written) -> None:
    """Each set that was executed at some time is a place; one with a gap is the place before the gap."""
    for number in (0, 2, 4, 7, 12):
        assert written.place(written.after[number]).held == written.after[number]
    gap = written.after[9].subtract(written.after[6].subtract(written.after[5]))
    assert written.place(gap).held == written.after[5]


def test_what_was_purged(written: Written) -> None:
    """The oldest point that is left is named, and can be reached. (The last test of this server.)"""
    with written.server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW BINARY LOGS")
        names = [row[0] for row in cursor.fetchall()]
        cursor.execute(f"PURGE BINARY LOGS TO '{names[2]}'")
    purged = GtidSet.parse(value_of(written.server, "SELECT @@GLOBAL.gtid_purged"))
    assert purged == written.after[4]
    for point in (written.after[3], Moment((FIRST_S + 25) * 1_000_000)):
        with pytest.raises(DataProblem, match="the oldest point on the server is") as caught:
            written.place(point)
        assert caught.value.where["oldest"] == str(purged)
    assert written.place(purged).held == purged
    assert written.place(Moment((FIRST_S + EVERY_S * 6) * 1_000_000)).held == written.after[6]
