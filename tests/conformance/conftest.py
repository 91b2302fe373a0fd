"""The sinks that the conformance suite runs on: the reference in memory, and the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from actors.drivers.sinks import Driver
from actors.stack import Elasticsearch, Hbase
from tests.conformance.harness import SinkUnderTest, elasticsearch_sink, hbase_sink, memory_sink

REAL = [pytest.param(name, marks=pytest.mark.integration) for name in ("elasticsearch", "hbase")]
NUMBERS = count(1)


@pytest.fixture(params=["memory", *REAL])
def sink(request: pytest.FixtureRequest) -> SinkUnderTest:
    """A sink with a target of the test's own."""
    if request.param == "memory":
        return memory_sink()
    server = request.getfixturevalue(request.param)
    made = elasticsearch_sink(server) if request.param == "elasticsearch" else hbase_sink(server)
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
    """A sink on a server of the test's own, which it may stop."""
    if request.param == "memory":
        yield memory_sink()
    elif request.param == "elasticsearch":
        with Elasticsearch(quick=True) as server:
            yield elasticsearch_sink(server).at("stoppable")
    else:
        with Hbase(quick=True) as hbase_server:
            yield hbase_sink(hbase_server).at("stoppable")
