"""A server and a sink, opened to read a lane's rows and documents: wiring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from actors.drivers.sinks import open_driver
from actors.parts.rules import parsed_rules
from actors.parts.source import connect_options
from actors.secrets import resolve
from actors.snapshot.filling import KeySource, RowSource, SnapshotLane
from actors.snapshot.rows import SelectedRows
from ingest.config.model import Config
from ingest.mysql.endpoint import Endpoint
from ingest.rules.routes import RuleRoutes


class ConfiguredEnds:
    """``actors.snapshot.gap.SnapshotEnds`` of a configuration."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def lane(self, name: str) -> SnapshotLane:
        """See ``SnapshotEnds``."""
        lane = self._config.lanes[name]
        rules = parsed_rules(lane)
        return SnapshotLane(name, rules, RuleRoutes(rules), lane.shards)

    @contextmanager
    def opened(self, name: str, endpoint: Endpoint) -> Iterator[tuple[RowSource, KeySource]]:
        """See ``SnapshotEnds``."""
        lane = self._config.lanes[name]
        driver = open_driver(self._config.sinks[lane.sink], [rule.to for rule in lane.rules], resolve)
        try:
            driver.open()
            with SelectedRows([endpoint], connect_options(self._config, lane.cluster)) as rows:
                yield rows, driver
        finally:
            driver.close()
