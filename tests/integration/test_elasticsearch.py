"""The Elasticsearch driver against real servers: what goes wrong, and what each mistake is told as."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from itertools import count

import pytest

from actors.drivers.credentials import Credentials
from actors.drivers.elasticsearch import ElasticsearchDriver
from actors.stack import Elasticsearch
from ingest.problems import DataProblem, Problem, WorldProblem
from ingest.sinks.contract import ItemResult, Outcome, Request, RequestItem
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from tests.kit.elasticsearch_drivers import PASSWORD, ask, caught, driver_of, encode, guarded_driver, outcomes, send
from tests.kit.http_fake import http_fake
from tests.kit.sink_operations import Change

pytestmark = pytest.mark.integration

NUMBERS = count(1)
BODY_LIMIT = 1 << 20
PRESSURE_LIMIT = 300_000


@pytest.fixture(scope="module")
def guarded() -> Iterator[Elasticsearch]:
    """Security and TLS on, bodies up to 1 MB; who doesn't log in may look but not write."""
    settings = {
        "http.max_content_length": "1mb",
        "xpack.security.authc.anonymous.username": "nobody",
        "xpack.security.authc.anonymous.roles": "viewer,remote_monitoring_collector",
    }
    with Elasticsearch(quick=True, password=PASSWORD, tls=True, extra_settings=settings) as one:
        yield one


@pytest.fixture(scope="module")
def narrow() -> Iterator[Elasticsearch]:
    """Refuses more than 300 kB at a time."""
    settings = {"indexing_pressure.memory.limit": f"{PRESSURE_LIMIT}b"}
    with Elasticsearch(quick=True, extra_settings=settings) as one:
        yield one


@pytest.fixture
def index() -> str:
    """A name of the test's own."""
    return f"es-{next(NUMBERS)}"


# --- reaching it ------------------------------------------------------------------------------------------------------


def test_unreachable() -> None:
    """Nothing listens there: WorldProblem with the address."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        driver = ElasticsearchDriver(
            ElasticsearchOptions(type="elasticsearch", urls=(url,)), [ElasticsearchTarget(index="x")]
        )
        problem = caught(WorldProblem, driver.open)
    assert problem.code.name == "sink.unreachable"
    assert problem.where["servers"] == url


def test_second_address_takes_over(elasticsearch: Elasticsearch, index: str) -> None:
    """Of two addresses one is dead: after at most one WorldProblem the driver works through the other."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        urls = [f"http://127.0.0.1:{held.getsockname()[1]}", elasticsearch.url]
        driver = driver_of(elasticsearch, ElasticsearchTarget(index=index), urls=urls)
        failures = 0
        for _ in range(6):
            try:
                driver.open()
            except WorldProblem:
                failures += 1
    assert failures <= 1


@pytest.mark.parametrize("secrets", [Credentials("elastic", "wrong-" + PASSWORD), Credentials(api_key="eDp5")])
def test_wrong_credentials(guarded: Elasticsearch, index: str, secrets: Credentials) -> None:
    """A 401 is a DataProblem that doesn't show the password."""
    problem = caught(DataProblem, driver_of(guarded, ElasticsearchTarget(index=index), secrets).open)
    assert problem.code.name == "sink.unauthorized"
    assert "401" in problem.what


def test_secrets_are_not_shown() -> None:
    """Neither password nor key stands in the representation of credentials."""
    assert "sesame" not in repr(Credentials("u", "sesame", "sesame"))


def test_api_key_and_password_are_sent_as_headers() -> None:
    """An API key goes as ApiKey, a password as Basic, and neither as part of the path."""
    answer = json.dumps({"version": {"number": "9.1.0"}}).encode()
    with http_fake(200, answer) as fake:
        options = ElasticsearchOptions(type="elasticsearch", urls=(fake.url,))
        ElasticsearchDriver(options, [], Credentials(api_key="a2V5")).open()
        ElasticsearchDriver(options, [], Credentials("user", "pass")).open()
    assert [request["authorization"] for request in fake.requests] == ["ApiKey a2V5", "Basic dXNlcjpwYXNz"]


def test_tls(guarded: Elasticsearch, index: str) -> None:
    """The certificate is checked against ca_file and the host; without the right one it is a DataProblem, and plain
    HTTP to an HTTPS port is a WorldProblem.
    """
    target = ElasticsearchTarget(index=index)
    guarded_driver(guarded, target).open()
    guarded_driver(guarded, target, tls={"mode": "verify_ca", "ca_file": str(guarded.ca_file)}).open()
    guarded_driver(guarded, target, tls={"mode": "required"}).open()
    for tls in ({"mode": "verify_identity"}, {"mode": "verify_identity", "ca_file": "/nowhere/ca.pem"}):
        problem = caught(DataProblem, guarded_driver(guarded, target, tls=tls).open)
        assert problem.code.name == "sink.tls_failed"
    plain = guarded.url.replace("https://", "http://")
    assert caught(WorldProblem, guarded_driver(guarded, target, urls=[plain]).open).code.name == "sink.unreachable"


@pytest.mark.parametrize(
    ("version", "accepted"), [("7.17.9", False), ("8.0.0", True), ("9.9.9", True), ("10.0.0", False)]
)
def test_version(version: str, accepted: bool) -> None:
    """Versions 8 and 9 are taken; another is a DataProblem that names it and those."""
    with http_fake(200, json.dumps({"version": {"number": version}}).encode()) as fake:
        driver = ElasticsearchDriver(ElasticsearchOptions(type="elasticsearch", urls=(fake.url,)), [])
        if accepted:
            driver.open()
            return
        problem = caught(DataProblem, driver.open)
    assert problem.code.name == "sink.wrong_version"
    assert version in problem.what
    assert "8 or 9" in problem.what


@pytest.mark.parametrize(
    ("status", "body", "kind", "family", "code"),
    [
        (200, b"<html>hello</html>", "text/html", DataProblem, "sink.answer_not_understood"),
        (200, b"{}", "application/json", DataProblem, "sink.answer_not_understood"),
        (404, b"nothing here", "text/plain", DataProblem, "sink.answer_not_understood"),
        (502, b"<html>bad gateway</html>", "text/html", WorldProblem, "sink.unreachable"),
        (429, b"", "application/json", WorldProblem, "sink.busy"),
    ],
)
def test_something_else_answers(status: int, body: bytes, kind: str, family: type[Problem], code: str) -> None:
    """A proxy's page isn't taken for Elasticsearch's answer, at the start and for a bulk request."""
    with http_fake(status, body, kind) as fake:
        driver = ElasticsearchDriver(ElasticsearchOptions(type="elasticsearch", urls=(fake.url,)), [])
        assert caught(family, driver.open).code.name == code
        request = Request([RequestItem("k", 1, "t", False, b"{}\n{}\n", 6)])
        assert caught(family, lambda: driver.send(request)).code.name == code


def test_frozen_server(narrow: Elasticsearch, index: str) -> None:
    """A server that doesn't answer in time is a WorldProblem; when it wakes up, the same driver works."""
    target = ElasticsearchTarget(index=index)
    driver = driver_of(narrow, target, request_timeout_ms=1_000)
    driver.open()
    driver_of(narrow, target).prepare([index])
    requests = encode(narrow, target, [("a", 3, {"id": 1})])
    os.kill(narrow.pid, signal.SIGSTOP)
    try:
        assert caught(WorldProblem, lambda: send(driver, requests)).code.name == "sink.timeout"
    finally:
        os.kill(narrow.pid, signal.SIGCONT)
    patient = driver_of(narrow, target)
    assert outcomes(send(patient, requests))[0] in ("done", "newer")
    driver.open()


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", ["write", "read_only", "read_only_allow_delete"])
def test_blocked_index(elasticsearch: Elasticsearch, index: str, block: str) -> None:
    """A read-only index: try again, for the reason given; when the block is gone, it passes."""
    target = ElasticsearchTarget(index=index)
    driver = driver_of(elasticsearch, target)
    driver.prepare([index])
    requests = encode(elasticsearch, target, [("a", 3, {"id": 1})])
    ask(elasticsearch, "PUT", f"/{index}/_settings", {f"index.blocks.{block}": True})
    [result] = send(driver, requests)
    assert (result.outcome, result.reason) == (Outcome.RETRY, "cluster_block_exception")
    assert index in result.detail
    ask(elasticsearch, "PUT", f"/{index}/_settings", {f"index.blocks.{block}": None})
    assert outcomes(send(driver, requests)) == ["done"]


def test_closed_index(elasticsearch: Elasticsearch, index: str) -> None:
    """A closed index isn't the document's fault: try again."""
    target = ElasticsearchTarget(index=index)
    driver = driver_of(elasticsearch, target)
    driver.prepare([index])
    ask(elasticsearch, "POST", f"/{index}/_close")
    [result] = send(driver, encode(elasticsearch, target, [("a", 3, {"id": 1})]))
    assert (result.outcome, result.reason) == (Outcome.RETRY, "index_closed_exception")


def sent_patiently(
    driver: ElasticsearchDriver, request: Request[bytes]
) -> tuple[Sequence[ItemResult], list[WorldProblem]]:
    """Send until there is an answer, as a lane does; what came before it."""
    refusals: list[WorldProblem] = []
    while len(refusals) < 10:
        try:
            return driver.send(request), refusals
        except WorldProblem as problem:
            refusals.append(problem)
    raise refusals[-1]


def test_pressure(narrow: Elasticsearch, index: str) -> None:
    """A request above the server's memory limit is refused whole (429): tried again, smaller each time, it passes."""
    target = ElasticsearchTarget(index=index)
    driver = driver_of(narrow, target)
    driver.prepare([index])
    changes: list[Change] = [(str(n), 2 * n + 3, {"name": "x" * 1_000}) for n in range(2_000)]
    [request] = encode(narrow, target, changes)
    assert request.size_bytes > 5 * PRESSURE_LIMIT
    results, refusals = sent_patiently(driver, request)
    assert {problem.code.name for problem in refusals} == {"sink.busy"}
    assert all("429" in problem.what for problem in refusals)
    assert len(results) == len(changes)
    assert set(outcomes(results)) <= {"done", "newer"}


def test_body_too_large(guarded: Elasticsearch, index: str) -> None:
    """A 413 makes requests smaller (and so does a server that hangs up before it is read); a single document above the
    limit is poison, the others are applied."""
    target = ElasticsearchTarget(index=index)
    driver = guarded_driver(guarded, target)
    driver.prepare([index])
    changes: list[Change] = [(str(n), 2 * n + 3, {"name": "x" * 100_000}) for n in range(30)]
    changes[7] = ("7", 17, {"name": "x" * (BODY_LIMIT + 1)})
    [request] = encode(guarded, target, changes)
    results, _ = sent_patiently(driver, request)
    assert [result.outcome is Outcome.POISON for result in results] == [n == 7 for n in range(30)]
    assert results[7].reason == "request_too_large"
    assert [found is not None for found in driver.fetch(index, [str(n) for n in range(30)])] == [
        n != 7 for n in range(30)
    ]


def test_a_server_that_hangs_up_gets_smaller_requests(elasticsearch: Elasticsearch) -> None:
    """A body that the server doesn't even read through isn't sent over and over: requests shrink until one passes."""
    target = ElasticsearchTarget(index="t")
    with http_fake(200, b"{}", hang_up_above=100_000) as fake:
        options = ElasticsearchOptions.model_validate({"type": "elasticsearch", "urls": [fake.url]})
        driver = ElasticsearchDriver(options, [target], Credentials())
        changes: list[Change] = [(str(n), 2 * n + 3, {"name": "x" * 10_000}) for n in range(100)]
        [request] = encode(elasticsearch, target, changes)
        for _ in range(6):
            with contextlib.suppress(Problem):
                driver.send(request)
        driver.close()
    sizes = [int(headers["content-length"]) for headers in fake.requests]
    assert sizes[0] > 1_000_000
    assert sizes[-1] <= 100_000


def test_malformed_line_is_found(elasticsearch: Elasticsearch, index: str) -> None:
    """An item that makes the server refuse the whole request (400) is found and named; the others are applied."""
    target = ElasticsearchTarget(index=index)
    driver = driver_of(elasticsearch, target)
    driver.prepare([index])
    [request] = encode(elasticsearch, target, [(str(n), 2 * n + 3, {"id": n}) for n in range(20)])
    bad = RequestItem("bad", 99, index, False, b'{"indx":{}}\n{}\n', 15)
    items = [*request.items[:13], bad, *request.items[13:]]
    results = driver.send(Request(items))
    assert [result.outcome is Outcome.POISON for result in results] == [item is bad for item in items]
    assert "Malformed action" in results[13].detail
    assert all(driver.fetch(index, [item.key for item in request.items]))


def test_long_id_is_poison(elasticsearch: Elasticsearch, index: str) -> None:
    """An id above 512 bytes is poison by name; its neighbours are applied."""
    target = ElasticsearchTarget(index=index)
    driver = driver_of(elasticsearch, target)
    driver.prepare([index])
    [request] = encode(elasticsearch, target, [("a", 3, {}), ("é" * 257, 5, {}), ("é" * 256, 7, {})])
    results = driver.send(request)
    assert outcomes(results) == ["done", "poison", "done"]
    assert results[1].reason == "id_too_long"


def test_forbidden_index(guarded: Elasticsearch, index: str) -> None:
    """A user (here the anonymous one) who may not write to the index: DataProblem with the server's words."""
    guarded_driver(guarded, ElasticsearchTarget(index=index)).prepare([index])
    target = ElasticsearchTarget(index=index, create=False)
    driver = driver_of(guarded, target)
    driver.open()
    driver.prepare([index])
    problem = caught(DataProblem, lambda: send(driver, encode(guarded, target, [("a", 3, {"id": 1})])))
    assert problem.code.name == "sink.unauthorized"
    assert "unauthorized for user [nobody]" in problem.what


# --- modes ------------------------------------------------------------------------------------------------------------


def test_routing(elasticsearch: Elasticsearch, index: str) -> None:
    """Routed documents are found under their routing; a row that changes its routing stands once, whether or not both
    routings lead to one shard.
    """
    target = ElasticsearchTarget(index=index, routing="id", settings={"number_of_shards": 5})
    driver = driver_of(elasticsearch, target)
    driver.prepare([index])
    keys = [f"k{n}" for n in range(20)]
    first: list[Change] = [(key, 2 * n + 3, {"id": 1}) for n, key in enumerate(keys)]
    send(driver, encode(elasticsearch, target, first, routings=["r1"] * 20))
    assert all(driver.fetch(index, keys, ["r1"] * 20))
    moved: list[Change] = [
        one for n, key in enumerate(keys) for one in ((key, 100 + 2 * n, None), (key, 101 + 2 * n, {"id": 2}))
    ]
    routings = [routing for n in range(20) for routing in ("r1", f"r{n}")]
    requests = encode(elasticsearch, target, moved, routings=routings)
    for _ in range(2):
        assert set(outcomes(send(driver, requests))) <= {"done", "newer"}
        assert sorted((one.key, one.fields["id"]) for one in driver.scan(index)) == sorted((key, b"2") for key in keys)


def test_upsert_merges(elasticsearch: Elasticsearch, index: str) -> None:
    """In upsert mode fields of several rules meet in one document; a deletion removes it, and it can come again."""
    target = ElasticsearchTarget(index=index, write="upsert")
    driver = driver_of(elasticsearch, target)
    driver.prepare([index])
    ask(elasticsearch, "PUT", f"/{index}/_doc/a", {"other": "kept"})
    request = encode(elasticsearch, target, [("a", 3, {"id": 1, "name": "x"})])
    assert outcomes(send(driver, request)) == ["done"]
    [found] = driver.fetch(index, ["a"])
    assert found is not None
    assert {"other": b'"kept"', "id": b"1", "name": b'"x"'}.items() <= found.fields.items()
    assert outcomes(send(driver, encode(elasticsearch, target, [("a", 4, None)]))) == ["done"]
    assert driver.fetch(index, ["a"]) == [None]
    assert outcomes(send(driver, request)) == ["done"]


def test_compressed(elasticsearch: Elasticsearch, index: str) -> None:
    """Requests compressed by gzip are applied alike."""
    target = ElasticsearchTarget(index=index)
    driver = driver_of(elasticsearch, target, compress=True)
    driver.open()
    driver.prepare([index])
    changes: list[Change] = [(str(n), 2 * n + 3, {"id": n}) for n in range(100)]
    assert set(outcomes(send(driver, encode(elasticsearch, target, changes)))) == {"done"}
    assert len(list(driver.scan(index, batch=7))) == 100


def test_reading_a_missing_index(elasticsearch: Elasticsearch, index: str) -> None:
    """Reading back from an index that isn't there names it."""
    driver = driver_of(elasticsearch, ElasticsearchTarget(index=index))
    for read in (lambda: list(driver.scan(index)), lambda: driver.fetch(index, ["a"])):
        assert caught(DataProblem, read).code.name == "sink.target_missing"
