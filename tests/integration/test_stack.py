"""The stack on real servers: each answers, keeps its data, stays on loopback, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import happybase
import pymysql
import pytest

from actors.stack import Elasticsearch, Hbase, Mysql, Server
from actors.stack.cache import Cache
from actors.stack.debian import fetch_sid
from actors.stack.download import Client
from actors.stack.ports import free_ports
from actors.stack.process import ProcessId, Reaper
from ingest.problems import WorldProblem

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]  # starts are slow on a crowded machine
ROOT = Path(__file__).resolve().parents[2]
LISTEN = "0A"  # state of a socket in /proc/net/tcp, proc_net_tcp in the kernel's documentation
LOOPBACKS = {"0100007F", "0000000000000000FFFF00000100007F"}  # 127.0.0.1, and the same mapped into IPv6


def ask(server: Mysql, query: str, **arguments: object) -> tuple[object, ...]:
    """The first row of a query's result."""
    with server.connect(**arguments) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    assert row is not None
    return tuple(row)


def run(server: Mysql, *statements: str) -> None:
    """Run statements one by one."""
    with server.connect() as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def rest(
    server: Elasticsearch, method: str, path: str, body: object = None, password: str | None = None
) -> tuple[int, dict[str, object]]:
    """The status and JSON answer of a REST call."""
    if server.tls:
        context = ssl.create_default_context(cafile=str(server.ca_file))
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(server.host, server.port, context=context)
    else:
        connection = http.client.HTTPConnection(server.host, server.port)
    headers = {"Content-Type": "application/json"}
    if password is not None:
        headers["Authorization"] = "Basic " + b64encode(f"elastic:{password}".encode()).decode()
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, json.loads(answer) if answer else {}


def listening_addresses(pids: Iterable[int]) -> set[str]:
    """The addresses (hexadecimal) at which these processes accept TCP connections."""
    inodes = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                inodes.add(os.readlink(entry).removeprefix("socket:[").removesuffix("]"))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and fields[9] in inodes:
                found.add(fields[1].split(":")[0])
    return found


def eventually(condition: Callable[[], bool], patience_s: float = 30.0) -> bool:
    """Wait for a condition; whether it came true."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


# --- MySQL


@pytest.mark.parametrize("fixture", ["mysql9", "mysql56"])
def test_mysql_is_a_replication_source(request: pytest.FixtureRequest, fixture: str) -> None:
    """GTID on, row format, the asked server id, and root can read the binlog's state."""
    server: Mysql = request.getfixturevalue(fixture)
    query = "SELECT @@gtid_mode, @@enforce_gtid_consistency, @@binlog_format, @@log_bin, @@server_id, @@version"
    *settings, server_id, version = ask(server, query)
    assert settings == ["ON", 1 if server.version == "5.6" else "ON", "ROW", 1]
    assert server_id == server.server_id
    assert str(version).startswith(server.version_found)
    run(server, "CREATE DATABASE stack_gtid", "CREATE TABLE stack_gtid.t (id INT PRIMARY KEY)")
    uuid = str(ask(server, "SELECT @@server_uuid")[0])
    assert uuid in str(ask(server, "SELECT @@GLOBAL.gtid_executed")[0])


def test_mysql9_has_full_row_metadata_unless_told_otherwise(mysql9: Mysql) -> None:
    """Options override the defaults, and each server has a UUID of its own."""
    assert ask(mysql9, "SELECT @@binlog_row_metadata") == ("FULL",)
    with Mysql(server_id=7, options={"binlog_row_metadata": "MINIMAL", "max_binlog_size": "4096"}) as other:
        assert ask(other, "SELECT @@binlog_row_metadata, @@max_binlog_size, @@server_id") == ("MINIMAL", 4096, 7)
        assert ask(other, "SELECT @@server_uuid") != ask(mysql9, "SELECT @@server_uuid")
        assert ask(other, "SELECT @@GLOBAL.gtid_executed") == ("",)


def test_mysql9_speaks_tls_with_its_own_authority(mysql9: Mysql) -> None:
    """A client that checks the certificate against ``ca_file`` is served; caching_sha2_password works."""
    run(mysql9, "CREATE USER secure@'127.0.0.1' IDENTIFIED WITH caching_sha2_password BY 'pass word' REQUIRE SSL")
    secure = {"user": "secure", "password": "pass word"}
    _name, cipher = ask(
        mysql9, "SHOW STATUS LIKE 'Ssl_cipher'", **secure, ssl={"ca": str(mysql9.ca_file), "check_hostname": False}
    )
    assert cipher
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        mysql9.connect(**secure, ssl_disabled=True)


def test_mysql_keeps_rows_address_and_identity_through_stop_and_kill() -> None:
    """After ``stop`` and after SIGKILL: the committed rows, the same port, server UUID and GTIDs."""
    with Mysql() as server:
        address, uuid = server.address, ask(server, "SELECT @@server_uuid")
        run(server, "CREATE DATABASE a", "CREATE TABLE a.t (id INT PRIMARY KEY)", "INSERT INTO a.t VALUES (1)")
        server.restart()
        run(server, "INSERT INTO a.t VALUES (2)")
        gtids = ask(server, "SELECT @@GLOBAL.gtid_executed")
        server.kill()
        assert not server.is_alive
        server.start()
        assert ask(server, "SELECT GROUP_CONCAT(id) FROM a.t") == ("1,2",)
        assert ask(server, "SELECT @@GLOBAL.gtid_executed") == gtids
        assert ask(server, "SELECT @@server_uuid") == uuid
        assert server.address == address


def test_mysql9_brings_its_client_programs(mysql9: Mysql) -> None:
    """``mysqlbinlog`` runs, and decodes a binlog of the server."""
    file, *_ = ask(mysql9, "SHOW BINARY LOG STATUS")
    run(mysql9, "CREATE DATABASE stack_dump", "FLUSH BINARY LOGS")
    argv = [*mysql9.program.argv("mysqlbinlog"), str(mysql9.data / str(file))]
    printed = subprocess.run(argv, env=mysql9.program.environment(), capture_output=True, text=True, check=True)
    assert "CREATE DATABASE stack_dump" in printed.stdout


def test_a_wrong_option_is_told_with_mysqlds_own_words(tmp_path: Path) -> None:
    """A server that refuses an option gives a problem that quotes it, and leaves nothing."""
    server = Mysql(options={"no_such_option": "1"})
    with pytest.raises(WorldProblem, match="no-such-option") as raised:
        server.start()
    assert Path(raised.value.where["log"]).is_file()
    assert server.pids == {}


# --- Elasticsearch


def test_elasticsearch_stores_and_finds(elasticsearch: Elasticsearch) -> None:
    """A document goes in and is found."""
    assert rest(elasticsearch, "PUT", "/stack-find/_doc/1?refresh=true", {"name": "kiwi"})[0] == 201
    status, found = rest(elasticsearch, "GET", "/stack-find/_count?q=name:kiwi")
    assert (status, found["count"]) == (200, 1)


def test_elasticsearch_with_security_and_tls() -> None:
    """HTTPS that verifies, a password that counts, and data and password that outlive SIGKILL."""
    with Elasticsearch(
        quick=True, password="swordfish", tls=True, extra_settings={"thread_pool.write.queue_size": "21"}
    ) as server:
        assert rest(server, "PUT", "/a/_doc/1", {"x": 1}, "swordfish")[0] == 201
        assert rest(server, "GET", "/a/_doc/1", password="wrong-password")[0] == 401
        assert rest(server, "GET", "/a/_doc/1")[0] == 401
        settings = rest(server, "GET", "/_nodes/settings?flat_settings=true", password="swordfish")[1]
        assert '"thread_pool.write.queue_size": "21"' in json.dumps(settings)
        with pytest.raises(ssl.SSLCertVerificationError), socket.create_connection((server.host, server.port)) as raw:
            ssl.create_default_context().wrap_socket(raw, server_hostname="localhost")
        for pid in server.pids.values():
            assert (
                b"swordfish"
                not in Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
            )
        assert "swordfish" not in repr(server) + json.dumps(dict(server.endpoint()))
        server.kill()
        server.start()
        assert rest(server, "GET", "/a/_doc/1", password="swordfish")[1]["_source"] == {"x": 1}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up privileges")
def test_elasticsearch_does_not_run_as_root(elasticsearch: Elasticsearch) -> None:
    """Started by root, the node runs under another uid."""
    assert Path(f"/proc/{elasticsearch.pid}").stat().st_uid != 0


@pytest.mark.slow
def test_full_elasticsearch_has_painless(elasticsearch_full: Elasticsearch) -> None:
    """The full flavour runs a scripted upsert, and answers ``GET /``."""
    script = {"scripted_upsert": True, "script": {"source": "ctx._source.n = 41 + 1"}, "upsert": {}}
    assert rest(elasticsearch_full, "POST", "/stack-script/_update/1", script)[0] == 201
    assert rest(elasticsearch_full, "GET", "/stack-script/_doc/1")[1]["_source"] == {"n": 42}
    assert rest(elasticsearch_full, "GET", "/")[0] == 200


# --- HBase


def put_and_get(server: Hbase, table: str, row: bytes) -> dict[bytes, bytes]:
    """Write a row through Thrift, and read it back."""
    connection = happybase.Connection(server.thrift_host, server.thrift_port)
    if table.encode() not in connection.tables():
        connection.create_table(table, {"f": {}})
    connection.table(table).put(row, {b"f:a": row})
    found: dict[bytes, bytes] = connection.table(table).row(row)
    connection.close()
    return found


def get(server: Hbase, table: str, row: bytes) -> dict[bytes, bytes]:
    """Read a row through Thrift."""
    connection = happybase.Connection(server.thrift_host, server.thrift_port)
    found: dict[bytes, bytes] = connection.table(table).row(row)
    connection.close()
    return found


def test_hbase_stores_and_finds(hbase: Hbase) -> None:
    """A row goes in and comes out."""
    assert put_and_get(hbase, "stack_find", b"r") == {b"f:a": b"r"}


def test_hbase_thrift_goes_down_and_comes_back_alone() -> None:
    """Thrift can be killed, stopped and started at the same address while HBase goes on; HBase keeps rows too."""
    with Hbase(quick=True) as server:
        put_and_get(server, "t", b"1")
        main, address = server.pid, (server.thrift_host, server.thrift_port)
        for end_thrift in (server.kill_thrift, server.stop_thrift):
            end_thrift()
            with pytest.raises(OSError):
                socket.create_connection(address, 2)
            assert list(server.pids) == ["hbase"]
            server.start_thrift()
            assert (server.thrift_host, server.thrift_port) == address
            assert get(server, "t", b"1") == {b"f:a": b"1"}
        assert server.pid == main
        server.kill()
        server.start()
        assert server.pid != main
        assert get(server, "t", b"1") == {b"f:a": b"1"}


# --- all


@pytest.mark.parametrize("fixture", ["mysql9", "mysql56", "elasticsearch", "hbase"])
def test_servers_listen_on_loopback_only(request: pytest.FixtureRequest, fixture: str) -> None:
    """No process of a server listens anywhere but at 127.0.0.1."""
    server: Server = request.getfixturevalue(fixture)
    found = listening_addresses(server.pids.values())
    assert found
    assert found <= LOOPBACKS


@pytest.mark.parametrize("make", [Mysql, lambda: Elasticsearch(quick=True), lambda: Hbase(quick=True)])
def test_a_port_lost_to_a_stranger_is_replaced(make: Callable[[], Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process takes the chosen port before the server binds it: the server comes up on other ports."""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = stranger.getsockname()[1]
        choices = iter([taken])
        monkeypatch.setattr(
            "actors.stack.server.free_ports",
            lambda count: [next(choices, None) or free_ports(1)[0], *free_ports(count - 1)],
        )
        with make() as server:
            assert server.port != taken
            assert server.is_alive


OWNER = textwrap.dedent("""
    import json, sys, time
    from actors.stack import Elasticsearch, Hbase, Mysql
    from actors.stack.server import start_all
    servers = [Mysql(), Elasticsearch(quick=True), Hbase(quick=True)]
    start_all(servers)
    print(json.dumps([[s.reaper_pid, list(s.pids.values()), str(s.directory)] for s in servers]), flush=True)
    time.sleep(600)
""")


def test_kill_9_of_the_owner_leaves_no_server() -> None:
    """When the process that started all three dies by SIGKILL: no process, no reaper, no data directory."""
    with subprocess.Popen([sys.executable, "-c", OWNER], cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        started = json.loads(owner.stdout.readline())
        identities = [ProcessId.of(pid) for reaper, pids, _ in started for pid in (reaper, *pids)]
        assert len(identities) == 7
        assert all(identity is not None and identity.is_alive() for identity in identities)
        owner.kill()
    assert eventually(lambda: not any(identity is not None and identity.is_alive() for identity in identities))
    assert [Path(directory).exists() for _, _, directory in started] == [False] * 3


@pytest.fixture
def own_state(tmp_path: Path, mysql9: Mysql) -> Iterator[Cache]:
    """A cache with the real one's downloads and a state of its own, so that a developer's servers stay untouched."""
    for entry in Cache.default().root.glob("mysql-*"):
        (tmp_path / entry.name).symlink_to(entry)
    cache = Cache(tmp_path)
    yield cache
    command(cache, "down")


def command(cache: Cache, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the stack's command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "actors.stack.command", *words],
        cwd=ROOT,
        env={**os.environ, "INGEST_CACHE": str(cache.root)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_up_status_and_down(own_state: Cache) -> None:
    """``up`` leaves a server that outlives it; again it changes nothing; ``down`` leaves nothing."""
    first = json.loads(command(own_state, "up", "mysql", "--json").stdout)["mysql"]
    with pymysql.connect(host=first["host"], port=int(first["port"]), user="root") as connection:
        connection.ping()
    assert json.loads(command(own_state, "up", "mysql", "--json").stdout)["mysql"] == first
    assert json.loads(command(own_state, "status", "--json").stdout) == {"mysql": first}
    process = ProcessId.of(first["pids"]["mysqld"])
    assert process is not None
    assert json.loads(command(own_state, "down", "--json").stdout) == {"ended": ["mysql"]}
    assert not process.is_alive()
    assert list(own_state.directory("run").iterdir()) == []


def test_up_replaces_a_server_that_died(own_state: Cache) -> None:
    """A recorded server that was killed is cleared and started anew."""
    first = json.loads(command(own_state, "up", "mysql", "--json").stdout)["mysql"]
    os.kill(first["pids"]["mysqld"], signal.SIGKILL)
    second = json.loads(command(own_state, "up", "mysql", "--json").stdout)["mysql"]
    assert second["alive"]
    assert second["pids"] != first["pids"]
    assert not Path(first["directory"]).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_up_leaves_nothing(own_state: Cache, number: signal.Signals) -> None:
    """Ctrl-C, SIGTERM or SIGKILL while servers start: nothing runs, nothing is recorded."""
    argv = [sys.executable, "-m", "actors.stack.command", "up", "mysql", "mysql56"]
    environment = {**os.environ, "INGEST_CACHE": str(own_state.root)}
    run_directory = own_state.directory("run")
    with subprocess.Popen(
        argv, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as up:
        assert eventually(lambda: any(run_directory.glob("*/logs/*.log")))
        os.killpg(up.pid, number)
        _out, told = up.communicate(timeout=60)
    assert up.returncode == (-number if number == signal.SIGKILL else 130)
    assert ("interrupted" in told) is (number != signal.SIGKILL)
    assert eventually(lambda: list(run_directory.iterdir()) == [])
    assert json.loads(command(own_state, "status", "--json").stdout) == {}


def test_apt_refuses_an_archive_that_the_keyring_does_not_sign(tmp_path: Path) -> None:
    """With a keyring that doesn't hold the archive's key, nothing of sid is taken."""
    keyring = tmp_path / "empty.gpg"
    keyring.touch()
    (tmp_path / "work").mkdir()
    reaper = Reaper()
    client = Client(reaper, tmp_path / "work", tmp_path / "logs", lambda _line: None, "sid")
    try:
        with pytest.raises(WorldProblem, match="apt-get ended with status 100") as raised:
            fetch_sid(client, ["mysql-server-core"], tmp_path / "into", keyring)
    finally:
        reaper.close()
    assert "sign" in raised.value.what.lower()
    assert not (tmp_path / "into").exists()
