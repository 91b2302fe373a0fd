"""One connection to HBase's Thrift 1 server, which is thrown away on any error.

Owns happybase's hazards (1.3): a connection never recovers after the server restarted; closing and opening one resends
what was buffered, and answers come one off; after a timeout the next call reads the stale answer. So each call runs on
a connection that has no failure behind it, and none that was idle for long: the server drops those after 60 s.

Invariant: after any exception there is no connection; the next call makes a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import happybase
from Hbase_thrift import BatchMutation
from Hbase_thrift import IOError as HbaseIOError
from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.protocol.exc import TProtocolException
from thriftpy2.thrift import TApplicationException, TException
from thriftpy2.transport import TMemoryBuffer, TTransportException

from actors.clock import Clock
from ingest.problems import Problem, WorldProblem
from ingest.sinks.faults import NOT_UNDERSTOOD, TIMEOUT, UNREACHABLE
from ingest.sinks.hbase.classify import application_problem, io_problem
from ingest.sinks.hbase.options import HbaseOptions
from ingest.sinks.hbase.thrift_bytes import CALL, message

IDLE_MS_MAX = 30_000
"""A connection idle for longer is replaced before use: half of the server's own limit."""

ResultT = TypeVar("ResultT")


class HbaseConnection:
    """A connection that renews itself. Not for several threads at once."""

    def __init__(self, options: HbaseOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._connection: happybase.Connection | None = None
        self._used_ms = 0.0
        self.opened = 0

    def close(self) -> None:
        """Let the connection go. Never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def call(self, use: Callable[[happybase.Connection], ResultT]) -> ResultT:
        """Use the connection. The exceptions that Hbase.thrift declares pass through; trouble with the server or the
        way to it becomes a Problem.
        """
        try:
            result = use(self._fresh())
        except BaseException as error:
            self.close()
            problem = self._problem_of(error)
            if problem is not None:
                raise self.placed(problem) from error
            raise
        self._used_ms = self._clock.monotonic_ms()
        return result

    def ask(self, use: Callable[[happybase.Connection], ResultT], table: str = "") -> ResultT:
        """Like ``call``, for questions about a table: an IOError becomes the problem that it means."""
        try:
            return self.call(use)
        except HbaseIOError as error:
            raise self.placed(io_problem(text_of(error), table)) from error

    def mutate(self, table: str, rows: Sequence[bytes], timestamp: int) -> None:
        """``mutateRowsTs`` with ready-made rows. Raises as ``call`` does."""
        if self._options.protocol == "compact":
            self.call(lambda connection: _mutate_decoded(connection, table, rows, timestamp))
        else:
            self.call(lambda connection: _mutate_ready(connection, table, rows, timestamp))

    def placed(self, problem: Problem) -> Problem:
        """The problem with the server's address."""
        return problem.with_where(sink="hbase", server=f"{self._options.host}:{self._options.port}")

    def _fresh(self) -> happybase.Connection:
        if self._connection is not None and self._clock.monotonic_ms() - self._used_ms > IDLE_MS_MAX:
            self.close()
        if self._connection is None:
            options = self._options
            connection = happybase.Connection(
                options.host,
                options.port,
                timeout=options.timeout_ms,
                autoconnect=False,
                transport=options.transport,
                protocol=options.protocol,
            )
            connection.open()
            self._connection = connection
            self.opened += 1
        return self._connection

    def _problem_of(self, error: BaseException) -> Problem | None:
        if isinstance(error, TApplicationException):
            return application_problem(text_of(error))
        if isinstance(error, TimeoutError):
            return WorldProblem(
                TIMEOUT,
                f"no answer from HBase's Thrift server within {self._options.timeout_ms} ms",
                hint="Is HBase itself up, and is every table enabled? The lane tries again.",
            )
        if isinstance(error, TProtocolException):
            return WorldProblem(
                NOT_UNDERSTOOD,
                f"the answer isn't Thrift: {text_of(error)}",
                hint="Do the sink's transport and protocol fit the Thrift server's (-f, -c)?",
            )
        if isinstance(error, TTransportException | OSError | EOFError):
            return WorldProblem(UNREACHABLE, f"no connection to HBase's Thrift server: {text_of(error)}")
        return None


def text_of(error: BaseException) -> str:
    """An exception's text; Thrift's carry theirs as bytes or text in ``message``."""
    said = getattr(error, "message", None)
    if isinstance(said, bytes):
        return said.decode("utf-8", "replace")
    if isinstance(said, str):
        return said
    return type(error).__name__ if isinstance(error, TException) else str(error)


def _mutate_ready(connection: happybase.Connection, table: str, rows: Sequence[bytes], timestamp: int) -> None:
    """Put the call's bytes on the connection's transport and let the client read the answer."""
    connection.transport.write(message(table.encode(), rows, timestamp))
    connection.transport.flush()
    connection.client._recv(CALL)


def _mutate_decoded(connection: happybase.Connection, table: str, rows: Sequence[bytes], timestamp: int) -> None:
    """The same through the client's objects, which any protocol can write."""
    batch = []
    for row in rows:
        mutation = BatchMutation()
        mutation.read(TBinaryProtocol(TMemoryBuffer(row), decode_response=False))
        batch.append(mutation)
    connection.client.mutateRowsTs(table.encode(), batch, timestamp, {})
