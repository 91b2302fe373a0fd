"""The lanes of every simulated world: their rules, and how small everything is, so that every bound is met often."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ingest.config.load import load
from ingest.config.model import Config
from ingest.failover.facts import OnGap, OnLost
from ingest.rules.parse import ParsedRule, parse_rule
from tests.simulation.mysql import DATABASE

LANES = ("plain", "stamped")
"""``stamped``: its sink has one version per request."""

COUNTED = "counted"
"""Takes the place of ``stamped`` in some worlds: its sink keeps no documents, but state: how many changes passed."""

BUFFER_BYTES = 3_000
SLACK_BYTES = 1_500
LEASE_MS = 1_000.0

CONFIG = """
[clusters.c]
hosts = ["127.0.0.1"]
user = "u"
[sinks.s]
type = "elasticsearch"
urls = ["http://127.0.0.1:1"]
bulk_items = 4
""" + "".join(
    f"""
[lanes.{lane}]
cluster = "c"
sink = "s"
rules = [{{ tables = ["{DATABASE}.*"], to = {{ index = "{{table}}" }} }}]
"""
    for lane in (*LANES, COUNTED)
)


@cache
def configuration() -> Config:
    """What the rules, encoder and decoder are made from."""
    return load(CONFIG, syntax="toml", origin="simulation")


@cache
def rules(lane: str) -> tuple[ParsedRule, ...]:
    """A lane's rules, parsed once for all seeds."""
    return tuple(parse_rule(index, options) for index, options in enumerate(configuration().lanes[lane].rules))


@dataclass(frozen=True)
class Sizes:
    """How small everything is, so that every bound is met often."""

    batch_rows: int = 3
    window: int = 2
    reserve_rows: int = 8
    checkpoint_ms: int = 20
    servers: int = 1
    nodes: int = 1
    quarantine: bool = True
    counting: bool = False
    on_gap: OnGap = "stop"
    on_lost: OnLost = "stop"

    @property
    def drops(self) -> bool:
        """May a lane's policy drop large transactions? Where it brings documents to what the source shows, none may have been
        left out of that."""
        return self.on_gap == "stop" and self.on_lost == "stop"

    @property
    def lanes(self) -> tuple[str, str]:
        """Which two there are."""
        return (LANES[0], COUNTED) if self.counting else LANES
