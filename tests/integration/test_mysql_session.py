"""Sessions and dumps against real servers: logging in, reading a binlog as a replica, and every way it can break."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from actors.drivers.mysql.dump import READ_BYTES
from actors.drivers.mysql.session import connect, connect_any
from actors.stack import Mysql
from actors.stack.mysql import MysqlVersion
from ingest.binlog.gtid import GtidSet
from ingest.codec import TransactionBegin
from ingest.config.fields import TlsOptions
from ingest.mysql.endpoint import Endpoint
from ingest.mysql.identity import identity_of
from ingest.problems import DataProblem, Problem, WorldProblem
from tests.kit.mysql_session import (
    PLAIN,
    DecodedDump,
    account,
    dump_of,
    execute,
    executed,
    open_session,
    options_of,
    quick,
    read_forever,
    read_until,
    value_of,
)
from tests.kit.tcp_proxy import TcpProxy
from tests.stack_fixtures import mysql9, mysql56  # noqa: F401

pytestmark = pytest.mark.integration

FOREIGN_UUID = "11111111-2222-5333-8444-555555555555"


@pytest.fixture(params=["mysql9", "mysql56"])
def server(request: pytest.FixtureRequest) -> Mysql:
    found: Mysql = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def table(server: Mysql) -> str:
    return fresh_table(server)


def fresh_table(server: Mysql) -> str:
    execute(server, "CREATE DATABASE IF NOT EXISTS sessions", "DROP TABLE IF EXISTS sessions.t")
    execute(server, "CREATE TABLE sessions.t (id INT AUTO_INCREMENT PRIMARY KEY, b LONGBLOB)")
    return "sessions.t"


def code_of(caught: pytest.ExceptionInfo[Problem]) -> str:
    return caught.value.code.name


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


# --- logging in -----------------------------------------------------------------------------------------------------


def test_wrong_password(server: Mysql) -> None:
    """A wrong password is a DataProblem that names account and host and never holds the password."""
    account(server, "wrong", "right-one")
    with pytest.raises(DataProblem) as caught:
        open_session(server, "wrong", "s3cret-guess")
    assert code_of(caught) == "mysql.access_denied"
    assert caught.value.where == {"host": server.address, "user": "wrong"}
    assert "s3cret-guess" not in str(caught.value) + repr(caught.value)


def test_unreachable() -> None:
    """Nobody listening is a WorldProblem: it may come back."""
    port = closed_port()
    with pytest.raises(WorldProblem) as caught:
        connect(Endpoint("127.0.0.1", port), options_of())
    assert code_of(caught) == "mysql.unreachable"
    assert f"127.0.0.1:{port}" in str(caught.value)


def test_a_server_that_accepts_and_says_nothing(server: Mysql) -> None:
    """A hung server holds us no longer than the read timeout."""
    with TcpProxy(("127.0.0.1", server.port)) as proxy:
        proxy.freeze()
        with pytest.raises(WorldProblem):
            connect(Endpoint("127.0.0.1", proxy.port), options_of(read_timeout_ms=300))


def test_a_port_that_speaks_something_else() -> None:
    """An answer that isn't MySQL's greeting is a WorldProblem that says so, not a parser's exception."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(WorldProblem) as caught:
            connect(Endpoint("127.0.0.1", listener.getsockname()[1]), options_of())
    assert caught.value.code.name in ("mysql.unreachable", "mysql.connection_lost", "mysql.stream_corrupt")


def test_the_first_host_that_answers_is_taken(mysql9: Mysql) -> None:  # noqa: F811
    """Of several hosts one that works is enough; when none does, the error names each."""
    dead = Endpoint("127.0.0.1", closed_port())
    alive = Endpoint(mysql9.host, mysql9.port)
    with connect_any([dead, alive], options_of()) as session:
        assert session.endpoint == alive
    with pytest.raises(WorldProblem) as caught:
        connect_any([alive, dead], options_of("root", "wrong"))
    assert str(alive) in str(caught.value)
    assert str(dead) in str(caught.value)
    with pytest.raises(DataProblem):
        connect_any([alive, alive], options_of("root", "wrong"))


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "rsa"])
def test_caching_sha2_password_full_and_fast(mysql9: Mysql, tls: bool) -> None:  # noqa: F811
    """The first login takes the full path (over TLS, or by the server's RSA key), the second one the cached one."""
    account(mysql9, "sha2", "pässwörd ✓", "caching_sha2_password")
    execute(mysql9, "FLUSH PRIVILEGES")  # empties the server's cache
    for _ in range(2):
        mode = TlsOptions(mode="required" if tls else "disabled")
        with open_session(mysql9, "sha2", "pässwörd ✓", mode) as session:
            assert session.encrypted is tls
            assert session.query("SELECT CURRENT_USER(), %s", ("x",)) == [("sha2@127.0.0.1", "x")]


def test_native_password(mysql56: Mysql) -> None:  # noqa: F811
    """MySQL 5.6 logs in by mysql_native_password; preferred TLS goes on in plain text where none is offered."""
    account(mysql56, "native", "pässwörd", "")
    with open_session(mysql56, "native", "pässwörd", TlsOptions(mode="preferred")) as session:
        assert not session.encrypted
        assert session.server_version.startswith("5.6")


def test_a_server_that_asks_for_the_password_in_clear_gets_nothing(mysql9: Mysql) -> None:  # noqa: F811
    """An unencrypted request to switch to mysql_clear_password is refused: the password never leaves."""
    from pymysql.err import OperationalError

    from actors.drivers.mysql.session import _prepared

    connection = _prepared(Endpoint(mysql9.host, mysql9.port), options_of("root", "s3cret"))
    for plugin in (b"mysql_clear_password", b"dialog", b"mysql_old_password"):
        with pytest.raises(OperationalError):
            connection._get_auth_plugin_handler(plugin).authenticate(None)  # type: ignore[attr-defined]


def test_tls_modes(mysql9: Mysql, mysql56: Mysql) -> None:  # noqa: F811
    """Preferred and required encrypt; required fails by name where the server offers none."""
    for mode in ("preferred", "required"):
        with open_session(mysql9, tls=TlsOptions(mode=mode)) as session:
            assert session.encrypted
            assert session.show("SHOW STATUS LIKE 'Ssl_cipher'")[0]["value"]
    with pytest.raises(DataProblem) as caught:
        open_session(mysql56, tls=TlsOptions(mode="required"))
    assert code_of(caught) == "mysql.tls_not_offered"


def test_verify_ca(mysql9: Mysql, tmp_path: Path) -> None:  # noqa: F811
    """The right authority lets us in; a wrong one, none, or a broken file is a DataProblem; nothing falls back."""
    assert mysql9.ca_file is not None
    with open_session(mysql9, tls=TlsOptions(mode="verify_ca", ca_file=str(mysql9.ca_file))) as session:
        assert session.encrypted
    own_root = tmp_path / "other.pem"
    own_root.write_text(_self_signed_certificate(), encoding="ascii")
    for ca_file in (str(own_root), None):
        with pytest.raises(DataProblem) as caught:
            open_session(mysql9, tls=TlsOptions(mode="verify_ca", ca_file=ca_file))
        assert code_of(caught) == "mysql.tls_failed"
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate", encoding="ascii")
    for path in (broken, tmp_path / "missing.pem"):
        with pytest.raises(DataProblem) as caught:
            open_session(mysql9, tls=TlsOptions(mode="verify_ca", ca_file=str(path)))
        assert code_of(caught) == "mysql.tls_files"
        assert str(path) in str(caught.value)


def test_verify_identity(mysql9: Mysql) -> None:  # noqa: F811
    """A certificate of the right authority for another name is refused under verify_identity."""
    with pytest.raises(DataProblem) as caught:
        open_session(mysql9, tls=TlsOptions(mode="verify_identity", ca_file=str(mysql9.ca_file)))
    assert code_of(caught) == "mysql.tls_failed"


def test_an_account_that_demands_tls(mysql9: Mysql) -> None:  # noqa: F811
    """A server that insists on TLS is named as such when TLS is disabled."""
    execute(mysql9, "SET GLOBAL require_secure_transport = ON")
    try:
        with pytest.raises(DataProblem) as caught:
            open_session(mysql9, tls=PLAIN)
    finally:
        with mysql9.connect(ssl={"ca": str(mysql9.ca_file), "check_hostname": False}) as c, c.cursor() as cursor:
            cursor.execute("SET GLOBAL require_secure_transport = OFF")
    assert code_of(caught) == "mysql.tls_demanded"


def test_a_query_that_is_refused_names_its_statement(server: Mysql) -> None:
    """An error within a session says which statement, and the session goes on."""
    with open_session(server) as session:
        with pytest.raises(DataProblem) as caught:
            session.query("SELECT nothing FROM nowhere.at_all")
        assert caught.value.where["statement"] == "SELECT nothing FROM nowhere.at_all"
        assert session.query("SELECT 1") == [(1,)]


# --- dumping --------------------------------------------------------------------------------------------------------


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
def test_large_events_and_many_bytes(mysql9: Mysql, mode: str) -> None:  # noqa: F811
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


def test_an_event_over_the_bound(mysql9: Mysql) -> None:  # noqa: F811
    """An event above the configured bound is refused before it is collected (invariant 6)."""
    table, start = fresh_table(mysql9), executed(mysql9)
    execute(mysql9, f"INSERT INTO {table} (b) VALUES (REPEAT('x', 300000))")
    with open_session(mysql9) as session, pytest.raises(DataProblem) as caught:
        read_forever(dump_of(session, start, options=quick(payload_limit_bytes=100_000)))
    assert code_of(caught) == "mysql.payload_too_large"


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
        assert code_of(caught) == "mysql.server_id_taken"
        assert FOREIGN_UUID in str(caught.value)
        read_until(foreign, lambda events: any(event[4] == 27 for event in events))
        foreign.close()


def test_the_servers_own_id_is_refused(server: Mysql) -> None:
    """Our id must not be the source's."""
    with open_session(server) as session, pytest.raises(DataProblem) as caught:
        dump_of(session, executed(server), identity_of("ours", server.server_id))
    assert code_of(caught) == "mysql.server_id_taken"


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
        assert code_of(caught) == "mysql.server_id_taken"
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
    assert code_of(caught) == "mysql.connection_lost"


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
        assert code_of(caught) == "mysql.purged"
        assert str(gone) in str(caught.value)
        with open_session(own) as session, pytest.raises(DataProblem) as caught:
            uuid = value_of(own, "SELECT @@server_uuid")
            read_forever(dump_of(session, GtidSet.parse(f"{uuid}:1-1000")))
        assert code_of(caught) == "mysql.frontier_ahead"


def test_gtid_mode_off() -> None:
    """A dump from a server without GTIDs is refused by name."""
    options = {"gtid-mode": "OFF", "enforce-gtid-consistency": "OFF"}
    with (
        Mysql(server_id=92, options=options) as own,
        open_session(own) as session,
        pytest.raises(DataProblem) as caught,
    ):
        read_forever(dump_of(session, GtidSet()))
    assert code_of(caught) == "mysql.gtid_mode_off"


def test_a_dump_without_the_grant(server: Mysql) -> None:
    """Without REPLICATION SLAVE the server's refusal becomes mysql.grant_missing."""
    account(server, "nogrant", "pw", grants=["SELECT ON *.*", "REPLICATION CLIENT ON *.*"])
    with open_session(server, "nogrant", "pw") as session, pytest.raises(DataProblem) as caught:
        read_forever(dump_of(session, executed(server)))
    assert code_of(caught) == "mysql.grant_missing"


# --- the network ----------------------------------------------------------------------------------------------------


def _through(proxy: TcpProxy, tls: TlsOptions = PLAIN) -> Endpoint:
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
    assert code_of(caught) == "mysql.connection_lost"


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
    assert code_of(caught) == "mysql.connection_lost"
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
        assert code_of(caught) == "mysql.connection_lost"
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
            assert code_of(caught) == "mysql.connection_lost"
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


def test_a_slow_line_is_not_a_dead_one(mysql9: Mysql) -> None:  # noqa: F811
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


def _rows(server: Mysql, sql: str) -> list[tuple[object, ...]]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _self_signed_certificate() -> str:
    """A certificate authority that signed nothing here."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another authority")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    signed = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return signed.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode("ascii")
