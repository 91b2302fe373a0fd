"""A database behind a URL (SQLAlchemy), as the checkpoint and dead-letter stores use it: short transactions, durable.

Any failure of the database is a WorldProblem without the URL's password.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ingest.checkpoint.contract import STORE_UNAVAILABLE
from ingest.problems import WorldProblem


class Database:
    """Makes its tables on first use; pickles before that."""

    def __init__(self, url: str, metadata: sa.MetaData) -> None:
        self._url = sa.make_url(url)
        self._metadata = metadata
        self._engine: sa.Engine | None = None

    def __repr__(self) -> str:
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[sa.Connection]:
        """Committed, and durable, when the block ends. WorldProblem ``checkpoint.store_unavailable``."""
        try:
            with self._open().connect() as connection:
                if connection.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
                yield connection
                connection.commit()
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise WorldProblem(STORE_UNAVAILABLE, f"{type(cause).__name__}: {cause}", {"store": repr(self)}) from None

    def close(self) -> None:
        """Let the connections go."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _open(self) -> sa.Engine:
        if self._engine is None:
            engine = sa.create_engine(self._url, pool_pre_ping=True)
            if engine.dialect.name == "sqlite":
                sa.event.listen(engine, "connect", _prepare_sqlite)
            try:
                self._metadata.create_all(engine)
            except SQLAlchemyError:
                self._metadata.create_all(engine)  # another process made the same table at the same moment
            self._engine = engine
        return self._engine


def _prepare_sqlite(connection: object, _record: object) -> None:
    """WAL so that readers don't wait for the writer; FULL so that a commit is on the disk; no driver transactions."""
    execute: Callable[[str], object] = connection.execute  # type: ignore[attr-defined]
    connection.isolation_level = None  # type: ignore[attr-defined]
    execute("PRAGMA busy_timeout = 5000")
    execute("PRAGMA journal_mode = WAL")
    execute("PRAGMA synchronous = FULL")
