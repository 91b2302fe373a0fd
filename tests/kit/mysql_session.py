"""Connections of our own drivers to the test servers, accounts, and reading a dump until something shows."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterable

from actors.drivers.mysql.dump import BinlogDump, DumpOptions, start_dump
from actors.drivers.mysql.session import ConnectOptions, Session, connect
from actors.stack import Mysql
from ingest.binlog.gtid import GtidSet
from ingest.binlog.stream import PureStreamDecoder
from ingest.codec import BinlogEvent, RowsEvent, Statement, TransactionBegin
from ingest.config.fields import TlsOptions
from ingest.mysql.endpoint import Credentials, Endpoint
from ingest.mysql.identity import ReplicaIdentity, identity_of

PLAIN = TlsOptions(mode="disabled")
WAIT_S = 30.0


def options_of(
    user: str = "root", password: str = "", tls: TlsOptions = PLAIN, read_timeout_ms: int = 10_000
) -> ConnectOptions:
    """Connect options with short bounds."""
    return ConnectOptions(Credentials(user, password), tls, 5_000, read_timeout_ms)


def open_session(server: Mysql, user: str = "root", password: str = "", tls: TlsOptions = PLAIN) -> Session:
    """A session on a test server."""
    return connect(Endpoint(server.host, server.port), options_of(user, password, tls))


def execute(server: Mysql, *statements: str) -> None:
    """Run statements as root."""
    with server.connect() as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def fresh_table(server: Mysql) -> str:
    """An empty table with an AUTO_INCREMENT id and a LONGBLOB b; its name."""
    execute(server, "CREATE DATABASE IF NOT EXISTS sessions", "DROP TABLE IF EXISTS sessions.t")
    execute(server, "CREATE TABLE sessions.t (id INT AUTO_INCREMENT PRIMARY KEY, b LONGBLOB)")
    return "sessions.t"


def value_of(server: Mysql, sql: str) -> str:
    """The one value of a query, as text."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
        assert row is not None
        return str(row[0])


def executed(server: Mysql) -> GtidSet:
    """The server's gtid_executed."""
    return GtidSet.parse(value_of(server, "SELECT @@GLOBAL.gtid_executed"))


def account(server: Mysql, user: str, password: str, plugin: str = "", grants: Iterable[str] = ()) -> None:
    """Create an account for 127.0.0.1 with these grants (``SELECT ON *.*``); an old one of the name goes."""
    name = f"'{user}'@'127.0.0.1'"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM mysql.user WHERE user = %s", (user,))
        if cursor.fetchone():
            cursor.execute(f"DROP USER {name}")
        cursor.execute(f"CREATE USER {name} IDENTIFIED {f'WITH {plugin} ' if plugin else ''}BY '{password}'")
        for grant in grants:
            cursor.execute(f"GRANT {grant} TO {name}")


def dump_of(
    session: Session,
    frontier: GtidSet,
    identity: ReplicaIdentity | None = None,
    options: DumpOptions | None = None,
) -> BinlogDump:
    """A dump with quick heartbeats."""
    return start_dump(session, identity or identity_of("tests", 777_001), frontier, options or quick())


def quick(silence_timeout_ms: int = 5_000, payload_limit_bytes: int = 64 << 20) -> DumpOptions:
    """Heartbeats four times a second."""
    return DumpOptions(250, silence_timeout_ms, 10_000, payload_limit_bytes=payload_limit_bytes)


def read_until(dump: BinlogDump, done: Callable[[list[bytes]], bool], wait_s: float = WAIT_S) -> list[bytes]:
    """Read as a reader does, with select, until ``done`` says so. Problems pass through; AssertionError in the end."""
    events: list[bytes] = []
    end = time.monotonic() + wait_s
    while not done(events):
        assert time.monotonic() < end, f"not in {wait_s} s; {len(events)} events read"
        select.select([dump], [], [], 0.25)
        events += dump.read_available()
    return events


def read_forever(dump: BinlogDump, wait_s: float = WAIT_S) -> list[bytes]:
    """Read until a Problem ends it."""
    return read_until(dump, lambda _: False, wait_s)


class DecodedDump:
    """A dump through the stream decoder, for looking at what arrived."""

    def __init__(self, dump: BinlogDump) -> None:
        self.dump = dump
        self.events: list[BinlogEvent] = []
        self._decoder = PureStreamDecoder(checksum=dump.source.checksum)

    def read_transactions(self, count: int) -> list[BinlogEvent]:
        """Read until so many transactions have begun in all and the last one is complete."""

        def done(_: list[bytes]) -> bool:
            begun = [event for event in self.events if isinstance(event, TransactionBegin)]
            return len(begun) >= count and type(self.events[-1]).__name__ in ("TransactionEnd", "Heartbeat")

        end = time.monotonic() + WAIT_S
        while not done([]):
            assert time.monotonic() < end, f"only {self.events} arrived"
            select.select([self.dump], [], [], 0.25)
            for payload in self.dump.read_available():
                self.events += self._decoder.feed(payload)
        return self.events

    @property
    def rows_events(self) -> list[RowsEvent]:
        """The rows events so far."""
        return [event for event in self.events if isinstance(event, RowsEvent)]

    @property
    def statements(self) -> list[Statement]:
        """The statements so far."""
        return [event for event in self.events if isinstance(event, Statement)]
