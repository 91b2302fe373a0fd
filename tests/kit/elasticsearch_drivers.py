"""Elasticsearch drivers for tests on real servers: made, fed and asked."""

from __future__ import annotations

import http.client
import json
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from actors.drivers.credentials import Credentials
from actors.drivers.elasticsearch import ElasticsearchDriver
from actors.stack import Elasticsearch
from ingest.problems import Problem
from ingest.sinks.contract import ItemResult, Request
from ingest.sinks.elasticsearch.encode import ElasticsearchEncoder
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from tests.kit.sink_operations import Change, operations_of

PASSWORD = "a-pass-word-1"


def options_of(server: Elasticsearch, **more: Any) -> ElasticsearchOptions:
    given: dict[str, Any] = {"type": "elasticsearch", "urls": [server.url], "request_timeout_ms": 20_000, **more}
    if server.tls:
        given.setdefault("tls", {"mode": "verify_identity", "ca_file": str(server.ca_file)})
    return ElasticsearchOptions.model_validate(given)


def driver_of(
    server: Elasticsearch, target: ElasticsearchTarget, secrets: Credentials | None = None, **more: Any
) -> ElasticsearchDriver:
    return ElasticsearchDriver(options_of(server, **more), [target], secrets or Credentials())


def guarded_driver(server: Elasticsearch, target: ElasticsearchTarget, **more: Any) -> ElasticsearchDriver:
    return driver_of(server, target, Credentials("elastic", PASSWORD), **more)


def encode(
    server: Elasticsearch, target: ElasticsearchTarget, changes: Sequence[Change], **more: Any
) -> list[Request[bytes]]:
    coder = ElasticsearchEncoder(options_of(server), [target])
    return list(coder.encode([operations_of(changes, target.index, **more)]))


def send(driver: ElasticsearchDriver, requests: Sequence[Request[bytes]]) -> list[ItemResult]:
    return [result for request in requests for result in driver.send(request)]


def outcomes(results: Sequence[ItemResult]) -> list[str]:
    return [result.outcome.value for result in results]


def ask(server: Elasticsearch, method: str, path: str, body: object = None) -> Any:
    """What a person would do by curl."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {"content-type": "application/json"})
    reply = connection.getresponse()
    answer = json.loads(reply.read() or b"null")
    assert reply.status < 300, answer
    connection.close()
    return answer


def caught(family: type[Problem], call: Callable[[], object]) -> Problem:
    with pytest.raises(family) as info:
        call()
    problem = info.value
    assert PASSWORD not in str(problem) + repr(problem)
    assert str(pickle.loads(pickle.dumps(problem))) == str(problem)
    return problem
