"""The replication session: register as a replica, dump by GTID, raw packets for a select() loop.

    start_dump(session, identity, frontier) -> BinlogDump
    select on dump.fileno() -> dump.read_available() -> events for ``ingest.codec.StreamDecoder``

PyMySQL logs in and asks; from the dump on its socket is read here, in large non-blocking reads. Invariants: a replica
of another UUID with our server id is refused, never fought; a connection that says nothing for a while, not even a
heartbeat, is lost; payloads that came before an error are handed out before it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from actors.drivers.mysql.preflight import registered_replicas
from actors.drivers.mysql.session import Session
from ingest.binlog.gtid import GtidSet
from ingest.codec import EventFramer, EventPackets
from ingest.mysql.facts import Replica
from ingest.mysql.framing import PureEventFramer, PureEventPackets
from ingest.mysql.identity import REPORT_HOST, ReplicaIdentity
from ingest.mysql.judgement import taken_identity
from ingest.mysql.packets import (
    COM_BINLOG_DUMP_GTID,
    COM_REGISTER_SLAVE,
    STATUS_ERROR,
    encode_dump_gtid,
    encode_register,
    is_eof,
    parse_error,
)
from ingest.mysql.replies import CONNECTION_LOST, SERVER_ID_TAKEN, problem_of_dump_reply
from ingest.problems import DataProblem, Problem, WorldProblem

READ_BYTES = 256 << 10
_READ_ENOUGH_BYTES = 1 << 20
_WHY_ENDED_LOOKS, _WHY_ENDED_PAUSE_S = 5, 0.2
_TAKEN_PAUSE_S = 0.2
_KEEPALIVE_IDLE_S, _KEEPALIVE_INTERVAL_S, _KEEPALIVE_COUNT = 30, 10, 3


@dataclass(frozen=True, slots=True)
class DumpOptions:
    """How a dump is kept alive and bounded.

    ``heartbeat_ms``: how often an idle server says that it is alive. ``silence_timeout_ms``: when a connection counts
    as lost. ``first_byte_timeout_ms``: the same until the first byte, since the server may look long for the starting
    place. ``server_write_timeout_ms``: how long the server keeps a connection that we don't read (a lane that waits
    for its sink). ``payload_limit_bytes``: bound on one event.
    """

    heartbeat_ms: int = 5_000
    silence_timeout_ms: int = 15_000
    first_byte_timeout_ms: int = 120_000
    server_write_timeout_ms: int = 3_600_000
    payload_limit_bytes: int = 256 << 20

    @property
    def forget_after_ms(self) -> int:
        """After how long a server has forgotten a replica that is gone: its dump thread notices at the second
        heartbeat that it writes into the closed connection."""
        return 2 * self.heartbeat_ms + 1_000


@dataclass(frozen=True, slots=True)
class SourceMark:
    """The source as it was when the dump began: who it is, what it had, what it had purged, and whether its events
    carry a CRC-32."""

    server_uuid: str
    checksum: bool
    executed: GtidSet
    purged: GtidSet


class BinlogDump:
    """A running dump. ``read_available`` never blocks; any Problem from it is final: close, and start another."""

    def __init__(
        self,
        session: Session,
        identity: ReplicaIdentity,
        source: SourceMark,
        missing: GtidSet,
        options: DumpOptions,
        clock: Callable[[], float],
        framer: EventFramer,
    ) -> None:
        self._session = session
        self._identity = identity
        self._sock = _socket_of(session)
        self._framer = framer
        self.source = source
        self._missing = missing
        self._where = {**session.where, "server_id": identity.server_id}
        self._options = options
        self._clock = clock
        self._last_byte_s = clock()
        self._started = False
        self._ended: Problem | None = None

    def __repr__(self) -> str:
        return f"BinlogDump({self._session.endpoint})"

    def fileno(self) -> int:
        """The socket's descriptor, for select(). Readable means: call ``read_available``."""
        return self._sock.fileno()

    @property
    def seconds_since_last_byte(self) -> float:
        """How long nothing has been read (not: how long nothing has come) from the server."""
        return self._clock() - self._last_byte_s

    def read_available(self) -> EventPackets:
        """Every event that is complete by now (header and checksum included); empty when there is none.

        Call it when the socket is readable, and about once a heartbeat when it isn't: silence is only noticed here.
        WorldProblem: connection lost or silent, packets out of order. DataProblem: the server refuses to go on.
        """
        if self._ended is not None:
            raise self._ended
        data = self._receive()
        if not data:
            if self._ended is not None:
                raise self._ended
            self._check_silence()
            return PureEventPackets(())
        self._last_byte_s = self._clock()
        self._started = True
        return self._events_of(self._framed(data))

    def _framed(self, data: bytes) -> EventPackets:
        try:
            return self._framer.feed(data)
        except Problem as problem:
            self._ended = problem.with_where(**self._where)
            raise self._ended from problem

    def _receive(self) -> bytes:
        """What the socket has, up to about a megabyte. Never leaves bytes in the TLS layer, where select() is blind."""
        chunks: list[bytes] = []
        size = 0
        while size < _READ_ENOUGH_BYTES or self._hidden_bytes():
            try:
                chunk = self._sock.recv(READ_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            except OSError as error:
                self._ended = WorldProblem(CONNECTION_LOST, f"{type(error).__name__}: {error}", self._where)
                break
            if not chunk:
                self._ended = WorldProblem(CONNECTION_LOST, "the server closed the connection", self._where)
                break
            chunks.append(chunk)
            size += len(chunk)
            if len(chunk) < READ_BYTES and not isinstance(self._sock, ssl.SSLSocket):
                break
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _hidden_bytes(self) -> int:
        return self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0

    def _events_of(self, packets: EventPackets) -> EventPackets:
        """The events; a payload behind them that is none ends the dump."""
        if packets.ending is not None:
            self._end(packets.ending)
        if self._ended is not None and not len(packets):
            raise self._ended
        return packets

    def _end(self, payload: bytes) -> None:
        if payload[:1] == STATUS_ERROR:
            error = parse_error(payload)
            self._ended = problem_of_dump_reply(error.number, error.message, self._where, str(self._missing))
        elif is_eof(payload):
            self._ended = self._why_ended()
        else:
            text = f"a packet that is no event, no error and no end: it starts with {payload[:8].hex()}"
            self._ended = WorldProblem(CONNECTION_LOST, text, self._where)
        # Keeps the descriptor readable, so that a select() loop calls again and gets the error. One that the server
        # has closed is readable as well.
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RD)

    def _why_ended(self) -> Problem:
        """Tell another replica of our UUID from a shutdown: MySQL 5.6 ends our dump with a plain EOF in both cases.

        Our dump is over, so a replica which stays registered as we were is somebody else.
        """
        for _ in range(_WHY_ENDED_LOOKS):
            twin = self._twin()
            if twin is None:
                text = "the server ended the dump (it shuts down, or somebody killed the thread)"
                return WorldProblem(CONNECTION_LOST, text, self._where)
            time.sleep(_WHY_ENDED_PAUSE_S)
        text = f"replica {twin} came with our server_id, and the server ended our dump for it"
        return DataProblem(SERVER_ID_TAKEN, text, self._where)

    def _twin(self) -> Replica | None:
        try:
            with self._session.reopened() as session:
                return next(
                    (one for one in registered_replicas(session) if one.server_id == self._identity.server_id), None
                )
        except Problem:
            return None  # nobody to ask: the server shuts down

    def _check_silence(self) -> None:
        options = self._options
        limit_ms = options.silence_timeout_ms if self._started else options.first_byte_timeout_ms
        silent_s = self.seconds_since_last_byte
        if silent_s * 1000 > limit_ms:
            text = f"nothing came for {silent_s:.1f} s, although a heartbeat is due every"
            self._ended = WorldProblem(CONNECTION_LOST, f"{text} {self._options.heartbeat_ms} ms", self._where)
            raise self._ended

    def close(self) -> None:
        """Let the connection go. Never raises; may be called twice."""
        self._session.abandon()


def start_dump(
    session: Session,
    identity: ReplicaIdentity,
    frontier: GtidSet,
    options: DumpOptions | None = None,
    clock: Callable[[], float] = time.monotonic,
    framer: Callable[[int], EventFramer] = PureEventFramer,
) -> BinlogDump:
    """Become the replica ``identity`` on this session and ask for every transaction outside ``frontier``.

    The session belongs to the dump from here on. DataProblem mysql.server_id_taken, mysql.grant_missing, ...;
    WorldProblem when the connection breaks. What the server finds wrong with the frontier comes as the first read.
    """
    options = options or DumpOptions()
    refuse_taken_identity(session, identity, options.forget_after_ms, clock)
    source = source_mark(session)
    _negotiate(session, identity, options)
    _register(session, identity)
    dump = BinlogDump(
        session, identity, source, source.purged.subtract(frontier), options, clock, framer(options.payload_limit_bytes)
    )
    _set_keepalive(_socket_of(session))
    _command(session, COM_BINLOG_DUMP_GTID, encode_dump_gtid(identity.server_id, frontier.encode()))
    _socket_of(session).setblocking(False)
    return dump


def refuse_taken_identity(
    session: Session, identity: ReplicaIdentity, patience_ms: int, clock: Callable[[], float]
) -> None:
    """DataProblem mysql.server_id_taken when the source itself, or a replica of another UUID, has our server id.

    A replica that has just gone stays registered until the server writes to it again: it gets ``patience_ms``.
    """
    ((source_id,),) = session.query("SELECT @@GLOBAL.server_id")
    where = {**session.where, "server_id": identity.server_id}
    end = clock() + patience_ms / 1000
    while (problem := taken_identity(identity, int(str(source_id)), registered_replicas(session), where)) is not None:
        if int(str(source_id)) == identity.server_id or clock() >= end:
            raise problem
        time.sleep(_TAKEN_PAUSE_S)


def source_mark(session: Session) -> SourceMark:
    """Who the source is and which GTIDs it has and had."""
    ((uuid, checksum, executed, purged),) = session.query(
        "SELECT @@GLOBAL.server_uuid, @@GLOBAL.binlog_checksum, @@GLOBAL.gtid_executed, @@GLOBAL.gtid_purged"
    )
    return SourceMark(str(uuid), checksum != "NONE", GtidSet.parse(str(executed)), GtidSet.parse(str(purged)))


def _negotiate(session: Session, identity: ReplicaIdentity, options: DumpOptions) -> None:
    """Tell the dump thread what we understand. Each variable in its old and its new name: a server looks at the one
    it knows, and user variables that nobody reads do no harm.
    """
    heartbeat_ns = options.heartbeat_ms * 1_000_000
    session.query(
        "SET @master_binlog_checksum = @@GLOBAL.binlog_checksum, @source_binlog_checksum = @@GLOBAL.binlog_checksum,"
        " @master_heartbeat_period = %s, @source_heartbeat_period = %s, @slave_uuid = %s, @replica_uuid = %s,"
        " SESSION net_write_timeout = %s",
        (heartbeat_ns, heartbeat_ns, identity.uuid, identity.uuid, options.server_write_timeout_ms // 1000),
    )


def _register(session: Session, identity: ReplicaIdentity) -> None:
    """COM_REGISTER_SLAVE, so that SHOW REPLICAS shows us."""
    _command(session, COM_REGISTER_SLAVE, encode_register(identity.server_id, REPORT_HOST))
    session.guarded(session.connection._read_ok_packet, "COM_REGISTER_SLAVE")


def _command(session: Session, command: int, arguments: bytes) -> None:
    """Send a command; its answer is not read."""
    session.guarded(lambda: session.connection._execute_command(command, arguments), f"command {command:#x}")


def _socket_of(session: Session) -> socket.socket:
    sock: socket.socket = session.connection._sock
    return sock


def _set_keepalive(sock: socket.socket) -> None:
    """Ask the kernel to notice a peer that is gone, also while we don't read."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _KEEPALIVE_IDLE_S),
        ("TCP_KEEPINTVL", _KEEPALIVE_INTERVAL_S),
        ("TCP_KEEPCNT", _KEEPALIVE_COUNT),
    ):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
