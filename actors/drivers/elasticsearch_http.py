"""The way to Elasticsearch: requests and answers as bytes through the official client's connections.

Owns the client: its nodes (several addresses, one that fails is left out for a while), TLS, authentication, timeouts.
It doesn't retry: the lane does. Bodies pass through as they are, in both directions, and headers name plain JSON, which
versions 8 and 9 both take (the client's own "compatible-with" headers tie it to one).

Invariant: an exception of the client becomes a Problem with the addresses in it and no secret.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from elastic_transport import (
    ConnectionError as ClientConnectionError,
)
from elastic_transport import (
    ConnectionTimeout,
    SerializationError,
    Serializer,
    TlsError,
    TransportError,
)
from elastic_transport.client_utils import basic_auth_to_header
from elasticsearch import Elasticsearch

from actors.drivers.credentials import Credentials
from ingest.problems import DataProblem, Problem, WorldProblem
from ingest.sinks.elasticsearch.options import ElasticsearchOptions
from ingest.sinks.faults import NOT_UNDERSTOOD, TIMEOUT, TLS_FAILED, UNREACHABLE

JSON = "application/json"
NDJSON = "application/x-ndjson"

_CERTIFICATE_WORDS = ("certificate", "hostname", "wrong_version_number", "unknown_ca", "no such file", "pem lib")
"""Of the client's TLS errors, what trying again won't heal."""


class _AsItIs(Serializer):
    """Bytes in, bytes out."""

    def dumps(self, data: Any) -> bytes:
        """Bodies are made by us."""
        assert isinstance(data, bytes)
        return data

    def loads(self, data: bytes) -> bytes:
        """Answers are read by us."""
        return data


class _JsonAsItIs(_AsItIs):
    mimetype: ClassVar[str] = JSON


class _NdjsonAsItIs(_AsItIs):
    mimetype: ClassVar[str] = NDJSON


class _TextAsItIs(_AsItIs):
    mimetype: ClassVar[str] = "text/*"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status, headers in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """The body as JSON; None when it isn't."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class ElasticsearchHttp:
    """Connections to one cluster. Built without I/O."""

    def __init__(self, options: ElasticsearchOptions, credentials: Credentials) -> None:
        self._options = options
        self._headers = {"accept": JSON, **_authorization(credentials)}
        self._client: Elasticsearch | None = None

    def close(self) -> None:
        """Let the connections go; the next request makes new ones. Never raises."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def ask(self, method: str, path: str, body: bytes | None = None, content_type: str = JSON) -> Answer:
        """One request, one answer, whatever its status. WorldProblem without an answer; DataProblem for a certificate
        that isn't accepted.
        """
        headers = self._headers if body is None else {**self._headers, "content-type": content_type}
        if self._client is None:
            logging.getLogger("elastic_transport").setLevel(logging.ERROR)  # what fails is told by the lane
            self._client = self._connected()
        try:
            meta, answer = self._client.transport.perform_request(method, path, body=body, headers=headers)
        except TransportError as error:
            raise self.placed(self._problem_of(error)) from None
        return Answer(meta.status, {name.lower(): value for name, value in meta.headers.items()}, answer or b"")

    def placed(self, problem: Problem) -> Problem:
        """The problem with the servers' addresses."""
        return problem.with_where(sink="elasticsearch", servers=" ".join(self._options.urls))

    def _connected(self) -> Elasticsearch:
        serializers = {serializer.mimetype: serializer() for serializer in (_JsonAsItIs, _NdjsonAsItIs, _TextAsItIs)}
        try:
            return Elasticsearch(
                list(self._options.urls),
                request_timeout=self._options.request_timeout_ms / 1000,
                max_retries=0,
                retry_on_timeout=False,
                http_compress=self._options.compress,
                connections_per_node=1,
                serializers=serializers,
                **_tls(self._options),
            )
        except (OSError, ValueError) as error:
            raise self.placed(DataProblem(TLS_FAILED, f"the TLS files can't be used: {error}")) from error

    def _problem_of(self, error: TransportError) -> Problem:
        words = str(error)
        if isinstance(error, ConnectionTimeout):
            return WorldProblem(TIMEOUT, f"no answer from Elasticsearch within {self._options.request_timeout_ms} ms")
        if isinstance(error, TlsError) and any(word in words.lower() for word in _CERTIFICATE_WORDS):
            return DataProblem(TLS_FAILED, words)
        if isinstance(error, ClientConnectionError):
            return WorldProblem(UNREACHABLE, words)
        if isinstance(error, SerializationError):
            return WorldProblem(NOT_UNDERSTOOD, words)
        return WorldProblem(UNREACHABLE, f"{type(error).__name__}: {words}")


def _authorization(credentials: Credentials) -> dict[str, str]:
    if credentials.api_key is not None:
        return {"authorization": f"ApiKey {credentials.api_key}"}
    if credentials.user is not None:
        return {"authorization": basic_auth_to_header((credentials.user, credentials.password or ""))}
    return {}


def _tls(options: ElasticsearchOptions) -> dict[str, Any]:
    """The client's TLS arguments; none for http."""
    if not options.urls[0].startswith("https://"):
        return {}
    tls = options.tls
    verify = tls.mode in ("verify_ca", "verify_identity")
    arguments: dict[str, Any] = {"verify_certs": verify, "ssl_show_warn": False}
    if tls.mode == "verify_ca":
        arguments["ssl_assert_hostname"] = False
    named = {"ca_certs": tls.ca_file, "client_cert": tls.cert_file, "client_key": tls.key_file}
    return arguments | {name: path for name, path in named.items() if path is not None}
