"""A server and a sink, opened to read a lane's rows and documents: wiring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from actors.drivers.dead_letters import SqlDeadLetters
from actors.drivers.sinks import open_driver
from actors.parts.rules import parsed_rules
from actors.parts.source import connect_options
from actors.parts.store import store_url
from actors.secrets import resolve
from actors.snapshot.filling import KeySource, RowSource, SnapshotLane
from actors.snapshot.rows import SelectedRows
from ingest.config.model import Config
from ingest.dead_letters.letter import OpenLetter
from ingest.mysql.endpoint import Endpoint
from ingest.rules.routes import RuleRoutes
from ingest.sinks.stored import SinkReader


class _Documents:
    """A sink's keys, and those of documents that have dead letters: such a document may not be in the sink, and a letter
    that is retried must not bring it back."""

    def __init__(self, reader: SinkReader, letters: Sequence[OpenLetter]) -> None:
        self._reader = reader
        self._letters = letters

    def scan_keys(self, target: str) -> Iterator[str]:
        """See ``KeySource``."""
        yield from dict.fromkeys(one.key for one in self._letters if one.target == target)
        yield from self._reader.scan_keys(target)


class ConfiguredEnds:
    """``actors.snapshot.gap.SnapshotEnds`` of a configuration."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def lane(self, name: str) -> SnapshotLane:
        """See ``SnapshotEnds``."""
        lane = self._config.lanes[name]
        rules = parsed_rules(lane)
        return SnapshotLane(name, rules, RuleRoutes(rules), lane.shards)

    def _lettered(self, name: str) -> Sequence[OpenLetter]:
        store = SqlDeadLetters(store_url(self._config), self._config.name)
        try:
            return store.opened(name)
        finally:
            store.close()

    @contextmanager
    def opened(self, name: str, endpoint: Endpoint) -> Iterator[tuple[RowSource, KeySource]]:
        """See ``SnapshotEnds``."""
        lane = self._config.lanes[name]
        driver = open_driver(self._config.sinks[lane.sink], [rule.to for rule in lane.rules], resolve)
        try:
            driver.open()
            with SelectedRows([endpoint], connect_options(self._config, lane.cluster)) as rows:
                yield rows, _Documents(driver, self._lettered(name))
        finally:
            driver.close()
