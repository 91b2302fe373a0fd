"""The sinks that the conformance suite runs on: the reference in memory, and the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from actors.drivers.sinks import Driver
from tests.conformance.harness import SinkUnderTest, elasticsearch_sink, hbase_sink, memory_sink, parts_sink

SERVERS = {
    "elasticsearch": "elasticsearch",
    "elasticsearch-parts-script": "elasticsearch_full",
    "elasticsearch-parts-optimistic": "elasticsearch",
    "hbase": "hbase",
}
"""Each real sink, and the fixture of its server."""

REAL = [pytest.param(name, marks=pytest.mark.integration) for name in SERVERS]
NUMBERS = count(1)


def real_sink(name: str, server: Any) -> SinkUnderTest:
    """A real sink on its server."""
    if name.startswith("hbase"):
        return hbase_sink(server, committed=name != "hbase")
    return elasticsearch_sink(server) if name == "elasticsearch" else parts_sink(server, name.rpartition("-")[2])


COMMIT_TIMES = "-commit-time"
"""HBase with commit times as timestamps: the same promises as long as each row change has a millisecond of its own."""


@pytest.fixture(params=["memory", *REAL, pytest.param(f"hbase{COMMIT_TIMES}", marks=pytest.mark.integration)])
def sink(request: pytest.FixtureRequest) -> SinkUnderTest:
    """A sink with a target of the test's own."""
    if request.param == "memory":
        return memory_sink()
    made = real_sink(request.param, request.getfixturevalue(SERVERS[request.param.removesuffix(COMMIT_TIMES)]))
    return made.at(f"conformance-{next(NUMBERS)}")


@pytest.fixture
def driver(sink: SinkUnderTest) -> Iterator[Driver]:
    """An open driver with the target prepared."""
    made = sink.new_driver()
    made.open()
    made.prepare([sink.target])
    yield made
    made.close()


@pytest.fixture(params=["memory", *REAL])
def stoppable(request: pytest.FixtureRequest) -> Iterator[SinkUnderTest]:
    """A sink whose server the test may stop; whatever becomes of it, the server runs again for the tests that follow."""
    if request.param == "memory":
        yield memory_sink()
    else:
        server = request.getfixturevalue(SERVERS[request.param])
        yield real_sink(request.param, server).at(f"stoppable-{next(NUMBERS)}")
        server.start()
