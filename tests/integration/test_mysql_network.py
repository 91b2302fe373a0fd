"""A dump over a network that cuts, stops, loses and spoils: it ends in a value or in a named problem."""

from __future__ import annotations

import os
import signal

import pytest

from actors.drivers.mysql.session import connect
from actors.stack import Mysql
from ingest.config.fields import TlsOptions
from ingest.mysql.endpoint import Endpoint
from ingest.problems import Problem, WorldProblem
from tests.kit.mysql_session import (
    DecodedDump,
    dump_of,
    execute,
    executed,
    fresh_table,
    open_session,
    options_of,
    quick,
    read_forever,
    read_until,
)
from tests.kit.tcp_proxy import TcpProxy

pytestmark = pytest.mark.integration


@pytest.fixture
def table(server: Mysql) -> str:
    return fresh_table(server)


def _through(proxy: TcpProxy) -> Endpoint:
    return Endpoint("127.0.0.1", proxy.port)


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_cut_connection(server: Mysql, reset: bool) -> None:
    """A connection that ends or is reset while idle is a WorldProblem at once."""
    with TcpProxy(("127.0.0.1", server.port)) as proxy:
        dump = dump_of(connect(_through(proxy), options_of()), executed(server))
        read_until(dump, bool)
        proxy.cut(reset)
        with pytest.raises(WorldProblem) as caught:
            read_forever(dump)
    assert caught.value.code.name == "mysql.connection_lost"


@pytest.mark.parametrize("mode", ["disabled", "preferred"])
def test_cut_in_the_middle_of_a_packet(server: Mysql, table: str, mode: str) -> None:
    """Whole events before the cut are handed out, half a one never, then comes a WorldProblem."""
    start = executed(server)
    execute(server, f"INSERT INTO {table} (b) VALUES (REPEAT('x', 900000))")
    with TcpProxy(("127.0.0.1", server.port)) as proxy:
        session = connect(_through(proxy), options_of(tls=TlsOptions(mode=mode)))
        proxy.cut_after(500_000)
        dump = dump_of(session, start)
        decoded = DecodedDump(dump)
        with pytest.raises(WorldProblem) as caught:
            decoded.read_transactions(1)
    assert caught.value.code.name == "mysql.connection_lost"
    assert decoded.events
    assert not decoded.rows_events


def test_a_half_open_connection_is_noticed(server: Mysql) -> None:
    """When the peer vanishes without a word, the missing heartbeats tell."""
    with TcpProxy(("127.0.0.1", server.port)) as proxy:
        dump = dump_of(connect(_through(proxy), options_of()), executed(server), options=quick(silence_timeout_ms=800))
        read_until(dump, lambda events: any(event[4] == 27 for event in events))
        proxy.freeze()
        with pytest.raises(WorldProblem) as caught:
            read_forever(dump)
        assert caught.value.code.name == "mysql.connection_lost"
        assert "nothing came" in str(caught.value)
        proxy.heal()


def test_a_server_that_hangs_stops_or_dies() -> None:
    """A server process that hangs (SIGSTOP) is found out by its silence; a shutdown and a kill -9 at once."""
    with Mysql(server_id=93) as own:
        for end in ("hang", "stop", "kill"):
            session = open_session(own)
            dump = dump_of(session, executed(own), options=quick(silence_timeout_ms=800))
            read_until(dump, bool)
            if end == "hang":
                os.kill(own.pid, signal.SIGSTOP)
            else:
                getattr(own, end)()
            with pytest.raises(WorldProblem) as caught:
                read_forever(dump)
            assert caught.value.code.name == "mysql.connection_lost"
            assert ("nothing came" in str(caught.value)) is (end == "hang")
            dump.close()
            if end == "hang":
                os.kill(own.pid, signal.SIGCONT)
            else:
                own.start()


def test_lost_bytes_never_become_events(server: Mysql, table: str) -> None:
    """Bytes missing on the way shift the packets; the sequence number or the event's own length and checksum tell, and
    nothing false is decoded."""
    start = executed(server)
    for number in range(30):
        execute(server, f"INSERT INTO {table} (b) VALUES (REPEAT('{number % 10}', 2000))")
    with TcpProxy(("127.0.0.1", server.port)) as proxy:
        session = connect(_through(proxy), options_of())
        proxy.drop_bytes(after=20_000, count=7)
        dump = dump_of(session, start, options=quick(silence_timeout_ms=1_500))
        decoded = DecodedDump(dump)
        with pytest.raises(Problem):
            decoded.read_transactions(30)
    assert all(2000 <= len(event.images) < 2100 for event in decoded.rows_events)


@pytest.mark.parametrize("after", [15_000, 15_001, 20_500, 31_111])
def test_a_flipped_bit_is_noticed(server: Mysql, table: str, after: int) -> None:
    """One wrong bit anywhere in the stream stops it: by checksum, length or sequence number."""
    start = executed(server)
    for number in range(30):
        execute(server, f"INSERT INTO {table} (b) VALUES (REPEAT('{number % 10}', 2000))")
    with TcpProxy(("127.0.0.1", server.port)) as proxy:
        session = connect(_through(proxy), options_of())
        proxy.flip_bit(after)
        dump = dump_of(session, start, options=quick(silence_timeout_ms=1_500))
        decoded = DecodedDump(dump)
        with pytest.raises(Problem):
            decoded.read_transactions(30)


def test_a_slow_line_is_not_a_dead_one(mysql9: Mysql) -> None:
    """Bytes that trickle keep a connection alive, although one event takes longer than the silence timeout."""
    table, start = fresh_table(mysql9), executed(mysql9)
    execute(mysql9, f"INSERT INTO {table} (b) VALUES (REPEAT('x', 3000000))")
    with TcpProxy(("127.0.0.1", mysql9.port)) as proxy:
        dump = dump_of(connect(_through(proxy), options_of()), start, options=quick(silence_timeout_ms=700))
        proxy.slow_down(1_000_000)
        decoded = DecodedDump(dump)
        decoded.read_transactions(1)
        dump.close()
    assert len(decoded.rows_events[0].images) > 3_000_000
