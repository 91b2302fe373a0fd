"""ingest.replay.shadow: a lane's rules into targets beside its own."""

from __future__ import annotations

import pytest

from ingest.config.load import load
from ingest.config.model import GtidStart
from ingest.problems import DataProblem
from ingest.replay.shadow import with_shadow
from ingest.sinks.hbase.options import HbaseTarget

CONFIG = load(
    """
    [clusters.shop]
    hosts = ["127.0.0.1"]
    user = "u"
    [sinks.es]
    type = "elasticsearch"
    urls = ["http://127.0.0.1:9200"]
    [sinks.hb]
    type = "hbase"
    [sinks.none]
    type = "blackhole"
    [lanes.es]
    cluster = "shop"
    sink = "es"
    [[lanes.es.rules]]
    tables = ["shop.*"]
    to = { index = "{table}", routing = "id" }
    [lanes.hb]
    cluster = "shop"
    sink = "hb"
    [[lanes.hb.rules]]
    tables = ["shop.*"]
    to = { table = "t" }
    [lanes.none]
    cluster = "shop"
    sink = "none"
    [[lanes.none.rules]]
    tables = ["shop.*"]
    to = {}
    """,
    syntax="toml",
    origin="test",
)
UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


@pytest.mark.parametrize(("lane", "target"), [("es", "{table}-new"), ("hb", "t-new"), ("none", "{table}-new")])
def test_the_targets_have_the_suffix(lane: str, target: str) -> None:
    """Nothing but the target's name differs, and where it starts; an HBase table beside another is created."""
    shadow = with_shadow(CONFIG, lane, "new", f"{UUID}:1-5").lanes
    ((name, options),) = shadow.items()
    (rule,) = options.rules
    assert (name, rule.to.target_template) == (f"{lane}@new", target)
    assert rule.to.routing_field == CONFIG.lanes[lane].rules[0].to.routing_field
    assert options.start == GtidStart(gtid=f"{UUID}:1-5")
    assert with_shadow(CONFIG, lane, "new", None).lanes[name].start == "oldest"
    assert not isinstance(rule.to, HbaseTarget) or rule.to.create


@pytest.mark.parametrize("suffix", ["", "-a", "A", "a b", "a/b", "x" * 41, "{table}"])
def test_suffixes_that_no_name_can_have(suffix: str) -> None:
    """Refused before anything is written."""
    with pytest.raises(DataProblem, match="can't be a suffix"):
        with_shadow(CONFIG, "es", suffix, None)
