"""Pytest fixtures: one shared server of each kind per session, started on first use only.

``tests/conftest.py`` makes them known everywhere. They are shared:
a test uses databases, indices and tables of its own. One that stops a server in good order starts it again; one that kills
or configures it starts its own: ``with Mysql() as mysql:``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from actors.stack import Elasticsearch, Hbase, Mysql


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@pytest.fixture(scope="session")
def mysql9() -> Iterator[Mysql]:
    """MySQL 9 with full row metadata."""
    with Mysql("9", progress=_say) as server:
        yield server


@pytest.fixture(scope="session")
def mysql56() -> Iterator[Mysql]:
    """MySQL 5.6."""
    with Mysql("5.6", server_id=56, progress=_say) as server:
        yield server


@pytest.fixture(params=["mysql9", "mysql56"])
def server(request: pytest.FixtureRequest) -> Mysql:
    """Each of the two in turn."""
    found: Mysql = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def elasticsearch() -> Iterator[Elasticsearch]:
    """Elasticsearch without security, for functional tests."""
    with Elasticsearch(quick=True, progress=_say) as server:
        yield server


@pytest.fixture(scope="session")
def elasticsearch_full() -> Iterator[Elasticsearch]:
    """Elasticsearch with painless (scripted upserts), for functional tests."""
    with Elasticsearch(full=True, quick=True, progress=_say) as server:
        yield server


@pytest.fixture(scope="session")
def hbase() -> Iterator[Hbase]:
    """HBase with its Thrift 1 server, for functional tests."""
    with Hbase(quick=True, progress=_say) as server:
        yield server
