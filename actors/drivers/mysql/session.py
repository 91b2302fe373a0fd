"""Connect to one of a cluster's servers, log in, ask.

PyMySQL does the handshake (caching_sha2_password fast and full, mysql_native_password, TLS). Everything that goes wrong
leaves as a Problem; every wait is bounded.
"""

from __future__ import annotations

import ssl
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NoReturn, TypeVar

import pymysql
import pymysql.cursors
from pymysql.constants import CR

from actors.drivers.mysql.tls import tls_context
from ingest.config.fields import TlsOptions
from ingest.mysql.endpoint import Credentials, Endpoint
from ingest.mysql.framing import STREAM_CORRUPT
from ingest.mysql.replies import CONNECTION_LOST, QUERY_REFUSED, TLS_FAILED, UNREACHABLE, problem_of_reply
from ingest.problems import DataProblem, Problem, WorldProblem

ResultT = TypeVar("ResultT")

# What PyMySQL's parser throws when the other side doesn't speak MySQL, or speaks it wrongly.
_NOT_MYSQL = (struct.error, IndexError, ValueError, AssertionError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class ConnectOptions:
    """How to connect: account, encryption, and bounds in milliseconds (connect: TCP alone; read: each wait)."""

    credentials: Credentials
    tls: TlsOptions = field(default_factory=TlsOptions)
    connect_timeout_ms: int = 10_000
    read_timeout_ms: int = 30_000


class Session:
    """One logged-in connection. Not for use by several threads at once."""

    def __init__(self, connection: pymysql.Connection[Any], endpoint: Endpoint, options: ConnectOptions) -> None:
        self._connection = connection
        self._options = options
        self.endpoint = endpoint
        self.user = options.credentials.user

    def __repr__(self) -> str:
        return f"Session({self.user}@{self.endpoint})"

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def reopened(self) -> Session:
        """Another connection to the same server with the same account. Raises Problem as ``connect`` does."""
        return connect(self.endpoint, self._options)

    @property
    def where(self) -> dict[str, object]:
        """The place, for Problems."""
        return {"host": self.endpoint, "user": self.user}

    @property
    def server_version(self) -> str:
        """The version text of the handshake, e.g. ``9.7.4`` or ``5.5.5-10.11.6-MariaDB``."""
        return str(self.connection.server_version)

    @property
    def encrypted(self) -> bool:
        """Whether the connection is TLS."""
        return isinstance(self.connection._sock, ssl.SSLSocket)

    @property
    def connection(self) -> Any:
        """PyMySQL's connection with its undeclared parts (``_sock``, ``_execute_command``), for ``dump.py``."""
        return self._connection

    def query(self, sql: str, arguments: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Rows of a statement (empty for one that returns none). Raises Problem, which names the statement."""

        def ask() -> list[tuple[object, ...]]:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, tuple(arguments) if arguments else None)
                return [tuple(row) for row in cursor.fetchall()]

        return self.guarded(ask, sql)

    def show(self, sql: str) -> list[dict[str, str]]:
        """Rows of a SHOW statement, whose columns differ by version: lower-case column name -> text ("" for NULL)."""

        def ask() -> list[dict[str, str]]:
            with self._connection.cursor(pymysql.cursors.DictCursor) as cursor:
                cursor.execute(sql)
                return [
                    {name.lower(): "" if value is None else str(value) for name, value in row.items()}
                    for row in cursor.fetchall()
                ]

        return self.guarded(ask, sql)

    def guarded(self, ask: Callable[[], ResultT], sql: str) -> ResultT:
        """Do something with PyMySQL's connection; what goes wrong becomes a Problem that names ``sql``."""
        try:
            return ask()
        except pymysql.err.Error as error:
            raise _problem_of(error, {**self.where, "statement": sql}) from error
        except (OSError, *_NOT_MYSQL) as error:
            raise WorldProblem(CONNECTION_LOST, f"{type(error).__name__}: {error}", self.where) from error

    def abandon(self) -> None:
        """Drop the connection without a good-bye (a dump doesn't read one). Never raises; may be called twice."""
        self.connection._force_close()

    def close(self) -> None:
        """Let the connection go. Never raises; may be called twice."""
        if self._connection.open:
            self._connection.close()


def connect(endpoint: Endpoint, options: ConnectOptions) -> Session:
    """Log in to one server. Raises Problem (mysql.unreachable, mysql.access_denied, mysql.tls_failed...)."""
    where = {"host": endpoint, "user": options.credentials.user}
    connection = _prepared(endpoint, options)
    try:
        connection.connect()
    except pymysql.err.Error as error:
        raise _connect_problem(error, where) from error
    except RuntimeError as error:
        # PyMySQL's way to say that the package for RSA isn't installed.
        raise DataProblem(QUERY_REFUSED, str(error), where) from error
    except _NOT_MYSQL as error:
        what = f"the other side doesn't answer as a MySQL server does ({type(error).__name__}: {error})"
        raise WorldProblem(UNREACHABLE, what, where) from error
    return Session(connection, endpoint, options)


def connect_any(endpoints: Sequence[Endpoint], options: ConnectOptions, first: int = 0) -> Session:
    """Log in to the first server that lets us, in order from index ``first`` on, around once.

    When none does: the Problem of the only one, or one Problem with every server's answer: a WorldProblem if at least
    one of them may heal by itself, else the DataProblem of the first.
    """
    if not endpoints:
        raise ValueError("a cluster has at least one host")
    problems: list[Problem] = []
    for step in range(len(endpoints)):
        endpoint = endpoints[(first + step) % len(endpoints)]
        try:
            return connect(endpoint, options)
        except Problem as problem:
            problems.append(problem)
    raise _merged(problems)


def _prepared(endpoint: Endpoint, options: ConnectOptions) -> pymysql.Connection[Any]:
    """PyMySQL's connection object, not connected yet."""
    context = tls_context(options.tls)
    arguments: dict[str, Any] = {"ssl_disabled": True} if context is None else {}
    if context is not None and options.tls.mode != "preferred":
        arguments = {"ssl": context}
    connection: pymysql.Connection[Any] = pymysql.Connection(
        host=endpoint.host,
        port=endpoint.port,
        user=options.credentials.user,
        # As bytes: PyMySQL would encode text as Latin-1, MySQL hashes UTF-8.
        password=options.credentials.password.encode(),
        connect_timeout=options.connect_timeout_ms / 1000,
        read_timeout=options.read_timeout_ms / 1000,
        write_timeout=options.read_timeout_ms / 1000,
        autocommit=True,
        charset="utf8mb4",
        sql_mode="",  # what SHOW prints is quoted one way then
        program_name="ray-binlog-ingest",
        auth_plugin_map=dict.fromkeys(("mysql_clear_password", "mysql_old_password", "dialog"), _RefusedPlugin),
        defer_connect=True,
        **arguments,
    )
    if context is not None and options.tls.mode == "preferred":
        connection.ctx = context  # type: ignore[attr-defined]
    return connection


class _RefusedPlugin:
    """Authentication that would hand the password to whoever asks for it."""

    def __init__(self, connection: object) -> None:
        pass

    def authenticate(self, packet: object) -> NoReturn:
        text = "the server asks for an authentication method that gives the password away; it isn't supported"
        raise pymysql.err.OperationalError(CR.CR_AUTH_PLUGIN_CANNOT_LOAD, text)


def _connect_problem(error: pymysql.err.Error, where: Mapping[str, object]) -> Problem:
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, ssl.SSLError):
        if isinstance(cause, ssl.SSLEOFError):
            return WorldProblem(CONNECTION_LOST, f"the connection ended within the TLS handshake ({cause})", where)
        return DataProblem(TLS_FAILED, str(cause), where)
    if isinstance(cause, ConnectionError | TimeoutError) and not isinstance(cause, ConnectionRefusedError):
        return WorldProblem(UNREACHABLE, f"{type(cause).__name__}: {cause}", where)
    if _number_of(error) is None:
        return WorldProblem(UNREACHABLE, f"the other side doesn't answer as a MySQL server does ({error})", where)
    return _problem_of(error, where)


def _problem_of(error: pymysql.err.Error, where: Mapping[str, object]) -> Problem:
    number = _number_of(error)
    if number is None:  # not the server's words: PyMySQL lost its place in the bytes
        return WorldProblem(STREAM_CORRUPT, str(error), where)
    return problem_of_reply(number, str(error.args[1]) if len(error.args) > 1 else str(error), where)


def _number_of(error: pymysql.err.Error) -> int | None:
    return error.args[0] if error.args and isinstance(error.args[0], int) else None


def _merged(problems: Sequence[Problem]) -> Problem:
    if len(problems) == 1:
        return problems[0]
    leading = next((problem for problem in problems if isinstance(problem, WorldProblem)), problems[0])
    answers = "; ".join(f"{problem.where['host']}: {problem.code.name}: {problem.what}" for problem in problems)
    hosts = ", ".join(problem.where["host"] for problem in problems)
    return type(leading)(
        leading.code, f"no host of the cluster can be used: {answers}", {**leading.where, "host": hosts}, leading.hint
    )
