"""Reading a real server's binlog as a replica: what arrives, other replicas, GTIDs that don't fit."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from actors.drivers.mysql.dump import READ_BYTES
from actors.stack import Mysql
from actors.stack.mysql import MysqlVersion
from ingest.binlog.gtid import GtidSet
from ingest.codec import TransactionBegin
from ingest.config.fields import TlsOptions
from ingest.mysql.identity import identity_of
from ingest.problems import DataProblem, WorldProblem
from tests.kit.mysql_session import (
    DecodedDump,
    account,
    dump_of,
    execute,
    executed,
    fresh_table,
    open_session,
    quick,
    read_forever,
    read_until,
    value_of,
)

pytestmark = pytest.mark.integration

FOREIGN_UUID = "11111111-2222-5333-8444-555555555555"


@pytest.fixture
def table(server: Mysql) -> str:
    return fresh_table(server)


@pytest.mark.parametrize("mode", ["disabled", "preferred"])
def test_changes_arrive(server: Mysql, table: str, mode: str) -> None:
    """What is written before and after the dump begins arrives, decodes, and carries the server's GTIDs."""
    start = executed(server)
    execute(server, f"INSERT INTO {table} (b) VALUES ('before')")
    with open_session(server, tls=TlsOptions(mode=mode)) as session:
        assert session.encrypted is (mode == "preferred" and server.version == "9")
        decoded = DecodedDump(dump_of(session, start))
        decoded.read_transactions(1)
        execute(server, f"INSERT INTO {table} (b) VALUES ('after')", f"DELETE FROM {table}")
        decoded.read_transactions(3)
        decoded.dump.close()
    gtids = [event.gtid for event in decoded.events if isinstance(event, TransactionBegin)]
    assert GtidSet.parse(",".join(gtids)) == executed(server).subtract(start)
    assert len(decoded.rows_events) == 3
    assert b"after" in decoded.rows_events[1].images
    assert decoded.dump.source.server_uuid == value_of(server, "SELECT @@server_uuid")


@pytest.mark.parametrize("mode", ["disabled", "preferred"])
def test_large_events_and_many_bytes(mysql9: Mysql, mode: str) -> None:
    """Events above 16 MiB are joined, and a burst much larger than a read comes whole, over TLS too (where bytes
    wait in a layer that select() doesn't see)."""
    execute(mysql9, "SET GLOBAL max_allowed_packet = 128 << 20", "CREATE DATABASE IF NOT EXISTS sessions")
    execute(mysql9, "DROP TABLE IF EXISTS sessions.big", "CREATE TABLE sessions.big (id INT PRIMARY KEY, b LONGBLOB)")
    start = executed(mysql9)
    sizes = [20_000_000, 1, 3 * READ_BYTES, 16_777_215, 100, READ_BYTES]
    for number, size in enumerate(sizes):
        execute(mysql9, f"INSERT INTO sessions.big VALUES ({number}, REPEAT('{number}', {size}))")
    execute(
        mysql9, "INSERT INTO sessions.big SELECT a.id * 100 + b.id + 10, 'filler' FROM sessions.big a, sessions.big b"
    )
    with open_session(mysql9, tls=TlsOptions(mode=mode)) as session:
        decoded = DecodedDump(dump_of(session, start))
        decoded.read_transactions(len(sizes) + 1)
        decoded.dump.close()
    for number, (size, event) in enumerate(zip(sizes, decoded.rows_events, strict=False)):
        assert event.images.count(str(number).encode()) >= size
    execute(mysql9, "DROP TABLE sessions.big")


def test_an_event_over_the_bound(mysql9: Mysql) -> None:
    """An event above the configured bound is refused before it is collected (invariant 6)."""
    table, start = fresh_table(mysql9), executed(mysql9)
    execute(mysql9, f"INSERT INTO {table} (b) VALUES (REPEAT('x', 300000))")
    with open_session(mysql9) as session, pytest.raises(DataProblem) as caught:
        read_forever(dump_of(session, start, options=quick(payload_limit_bytes=100_000)))
    assert caught.value.code.name == "mysql.payload_too_large"


def test_an_idle_server_sends_heartbeats(server: Mysql) -> None:
    """A quiet stream stays alive by heartbeats alone, far beyond the silence that would end it."""
    with open_session(server) as session:
        dump = dump_of(session, executed(server), options=quick(silence_timeout_ms=1_000))
        read_until(dump, lambda events: sum(event[4] == 27 for event in events) >= 8)
        dump.close()


def test_show_replicas_shows_us(server: Mysql) -> None:
    """An administrator sees who reads: our id and name in the server's list of replicas, gone after close."""
    statement = "SHOW REPLICAS" if server.version == "9" else "SHOW SLAVE HOSTS"
    identity = identity_of("shown", 777_020)
    with open_session(server) as asking:
        with open_session(server) as session:
            dump = dump_of(session, executed(server), identity)
            read_until(dump, bool)
            rows = [row for row in asking.show(statement) if row["server_id"] == "777020"]
            assert [row["host"] for row in rows] == ["ray-binlog-ingest"]
            assert rows[0].get("replica_uuid", rows[0].get("slave_uuid")) == identity.uuid
            dump.close()
            dump.close()


def test_an_unread_stream_is_not_taken_for_a_dead_one(server: Mysql, table: str) -> None:
    """A reader that waits longer than the silence timeout (its sink is slow) finds its bytes, not a problem."""
    start = executed(server)
    with open_session(server) as session:
        dump = dump_of(session, start, options=quick(silence_timeout_ms=600))
        read_until(dump, bool)
        time.sleep(1.5)
        assert dump.seconds_since_last_byte > 1.0
        assert dump.read_available()
        execute(server, f"INSERT INTO {table} (b) VALUES ('x')")
        read_until(dump, lambda events: any(event[4] in (23, 30) for event in events))
        dump.close()


# --- other replicas -------------------------------------------------------------------------------------------------


def test_a_foreign_replica_with_our_server_id_is_refused(server: Mysql) -> None:
    """The second of two replicas with one server id doesn't start, and the first goes on undisturbed."""
    ours = identity_of("ours", 777_010)
    with open_session(server) as first, open_session(server) as second:
        foreign = dump_of(first, executed(server), replace(ours, uuid=FOREIGN_UUID))
        read_until(foreign, bool)
        with pytest.raises(DataProblem) as caught:
            dump_of(second, executed(server), ours)
        assert caught.value.code.name == "mysql.server_id_taken"
        assert FOREIGN_UUID in str(caught.value)
        read_until(foreign, lambda events: any(event[4] == 27 for event in events))
        foreign.close()


def test_a_foreign_replica_that_is_gone_makes_room(server: Mysql) -> None:
    """A replica of our server id that has just left is still registered: we wait until the server has noticed."""
    ours = identity_of("ours", 777_013)
    with open_session(server) as first, open_session(server) as second:
        foreign = dump_of(first, executed(server), replace(ours, uuid=FOREIGN_UUID))
        read_until(foreign, bool)
        foreign.close()
        dump = dump_of(second, executed(server), ours)
        read_until(dump, lambda events: any(event[4] == 27 for event in events))
        dump.close()


def test_the_servers_own_id_is_refused(server: Mysql) -> None:
    """Our id must not be the source's."""
    with open_session(server) as session, pytest.raises(DataProblem) as caught:
        dump_of(session, executed(server), identity_of("ours", server.server_id))
    assert caught.value.code.name == "mysql.server_id_taken"


def test_our_forgotten_dump_makes_room(server: Mysql) -> None:
    """The same identity again: the newer dump streams, the older one ends with mysql.server_id_taken (on 5.6 the
    server says only that the stream is over; we find out why)."""
    identity = identity_of("twice", 777_011)
    with open_session(server) as first, open_session(server) as second:
        old = dump_of(first, executed(server), identity)
        read_until(old, bool)
        new = dump_of(second, executed(server), identity)
        with pytest.raises(DataProblem) as caught:
            read_forever(old)
        assert caught.value.code.name == "mysql.server_id_taken"
        with pytest.raises(DataProblem):
            old.read_available()
        read_until(new, lambda events: any(event[4] == 27 for event in events))
        new.close()


def test_a_killed_dump_is_a_lost_connection(server: Mysql) -> None:
    """An administrator's KILL isn't another replica: we may come back."""
    with open_session(server) as session:
        dump = dump_of(session, executed(server), identity_of("killed", 777_012))
        read_until(dump, bool)
        execute(server, f"KILL {session.connection.thread_id()}")
        with pytest.raises(WorldProblem) as caught:
            read_forever(dump)
    assert caught.value.code.name == "mysql.connection_lost"


# --- GTIDs that don't fit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["9", "5.6"])
def test_purged_and_lost_transactions(version: MysqlVersion) -> None:
    """A frontier behind gtid_purged is told which transactions are gone; one ahead of the server, that it is ahead."""
    with Mysql(version, server_id=91) as own:
        execute(own, "CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "FLUSH LOGS")
        gone = executed(own)
        execute(own, "INSERT INTO d.t VALUES (1)", "FLUSH LOGS")
        names = [row[0] for row in _rows(own, "SHOW BINARY LOGS")]
        execute(own, f"PURGE BINARY LOGS TO '{names[1]}'")
        with open_session(own) as session, pytest.raises(DataProblem) as caught:
            read_forever(dump_of(session, GtidSet()))
        assert caught.value.code.name == "mysql.purged"
        assert str(gone) in str(caught.value)
        with open_session(own) as session, pytest.raises(DataProblem) as caught:
            uuid = value_of(own, "SELECT @@server_uuid")
            read_forever(dump_of(session, GtidSet.parse(f"{uuid}:1-1000")))
        assert caught.value.code.name == "mysql.frontier_ahead"


def test_a_reset_under_an_open_dump() -> None:
    """The stream breaks; opening it again says that the server lacks what we have."""
    with Mysql(server_id=94) as own:
        execute(own, "CREATE DATABASE d", "FLUSH LOGS")
        held = executed(own)
        with open_session(own) as session:
            dump = dump_of(session, held)
            read_until(dump, bool)
            execute(own, "RESET BINARY LOGS AND GTIDS")
            with pytest.raises(WorldProblem) as caught:
                read_forever(dump)
        assert caught.value.code.name in ("mysql.binlog_gone", "mysql.connection_lost")
        with open_session(own) as session, pytest.raises(DataProblem) as lost:
            read_forever(dump_of(session, held))
        assert lost.value.code.name == "mysql.frontier_ahead"


def test_gtid_mode_off() -> None:
    """A dump from a server without GTIDs is refused by name."""
    options = {"gtid-mode": "OFF", "enforce-gtid-consistency": "OFF"}
    with (
        Mysql(server_id=92, options=options) as own,
        open_session(own) as session,
        pytest.raises(DataProblem) as caught,
    ):
        read_forever(dump_of(session, GtidSet()))
    assert caught.value.code.name == "mysql.gtid_mode_off"


def test_a_dump_without_the_grant(server: Mysql) -> None:
    """Without REPLICATION SLAVE the server's refusal becomes mysql.grant_missing."""
    account(server, "nogrant", "pw", grants=["SELECT ON *.*", "REPLICATION CLIENT ON *.*"])
    with open_session(server, "nogrant", "pw") as session, pytest.raises(DataProblem) as caught:
        read_forever(dump_of(session, executed(server)))
    assert caught.value.code.name == "mysql.grant_missing"


def _rows(server: Mysql, sql: str) -> list[tuple[object, ...]]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())
