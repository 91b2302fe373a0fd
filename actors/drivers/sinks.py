"""A sink's options to its driver.

``open_driver`` makes a sink's driver. A sink's client is imported only here, when a lane needs it, so that a user of one
sink needn't install the others' clients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from actors.drivers.credentials import Credentials
from ingest.config.fields import SecretRef
from ingest.problems import DataProblem
from ingest.sinks.contract import SinkDriver
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.faults import CLIENT_MISSING
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget
from ingest.sinks.registry import SinkOptions, SinkTarget, targets_of
from ingest.sinks.stored import SinkReader

_CLIENTS = {"elasticsearch": "elasticsearch", "elastic_transport": "elasticsearch", "happybase": "hbase"}
"""Client's module to the extra that installs it."""


class Driver(SinkDriver[bytes], SinkReader, Protocol):
    """What every sink's driver can do: write, read back, and look before anything runs."""

    def check(self, targets: Sequence[str]) -> None:
        """Is what is there of these targets as configured? Writes nothing; raises as ``prepare``."""


ResolveSecret = Callable[[SecretRef | None], str | None]
"""From where a secret is to the secret (``actors.secrets.resolve``); None to None."""


def open_driver(
    options: SinkOptions, targets: Sequence[SinkTarget], resolve: ResolveSecret, lease_ms: float = 0.0
) -> Driver:
    """A new driver for one shard, not connected yet (its ``open`` does it). ``targets``: the ``to`` of each rule;
    ``lease_ms``: how long the shard may go on writing unheard (0: it only reads). DataProblem ``sink.client_missing``
    names the extra to install; ``resolve`` raises its own.
    """
    try:
        return _driver(options, targets, resolve, lease_ms)
    except ModuleNotFoundError as error:
        extra = _CLIENTS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        what, hint = f"the Python client {error.name!r} isn't installed", f"pip install 'ray-binlog-ingest[{extra}]'"
        raise DataProblem(CLIENT_MISSING, what, {"sink": options.type}, hint) from error


def _driver(options: SinkOptions, targets: Sequence[SinkTarget], resolve: ResolveSecret, lease_ms: float) -> Driver:
    if isinstance(options, ElasticsearchOptions):
        from actors.drivers.elasticsearch import ElasticsearchDriver

        credentials = Credentials(options.user, resolve(options.password), resolve(options.api_key))
        return ElasticsearchDriver(options, targets_of(ElasticsearchTarget, targets), credentials, lease_ms)
    if isinstance(options, HbaseOptions):
        from actors.drivers.hbase import HbaseDriver

        return HbaseDriver(options, targets_of(HbaseTarget, targets))
    from actors.drivers.blackhole import BlackholeDriver

    return BlackholeDriver(options)
