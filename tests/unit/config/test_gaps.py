"""``on_gap = "resnapshot"`` is refused where it couldn't be exact, with the reason."""

from __future__ import annotations

import pytest

from ingest.config.load import load
from ingest.problems import ProblemGroup

SINKS = {
    "elasticsearch": 'type = "elasticsearch"\nurls = ["http://127.0.0.1:1"]',
    "hbase": 'type = "hbase"',
    "blackhole": 'type = "blackhole"',
}


def text_of(sink: str, rule: str, lane: str = "", more: str = "") -> str:
    return f"""
[clusters.c]
hosts = ["127.0.0.1"]
user = "u"
[sinks.s]
{SINKS[sink]}
[lanes.l]
cluster = "c"
sink = "s"
on_gap = "resnapshot"
{lane}
rules = [{{ {rule} }}]
{more}
"""


GOOD = (
    ("elasticsearch", 'tables = ["shop.orders", "shop.old"], to = { index = "{table}" }'),
    (
        "elasticsearch",
        'tables = ["shop.order_*"], where = "kind IN (1, 2)", id = ["order_no"], to = { index = "orders" }',
    ),
    ("elasticsearch", 'sql = "SELECT id, a FROM shop.orders", to = { index = "orders" }'),
    ("hbase", 'tables = ["shop.orders"], to = { table = "orders", row_key = "{salt:16}{reverse:key}" }'),
    ("blackhole", 'tables = ["*.*"]'),
)
BAD = (
    ("elasticsearch", 'tables = ["shop.orders"], to = { index = "o", routing = "shop" }', "", "routing value"),
    ("elasticsearch", 'tables = ["shop.orders"], to = { index = "o-{shop}" }', "", "a column decides"),
    ("elasticsearch", 'tables = ["shop.*"], to = { index = "{table}" }', "", "dropped table"),
    ("elasticsearch", 'tables = ["s*.t"], to = { index = "{database}" }', "", "dropped table"),
    ("elasticsearch", 'tables = ["shop.orders"], to = { index = "o", write = "upsert" }', "", "no version"),
    ("elasticsearch", 'tables = ["shop.orders"], to = { index = "o", write = { part = "p" } }', "", "parts"),
    ("elasticsearch", 'tables = ["shop.orders"], to = { index = "o" }', 'truncate = "keep"', "keeps documents"),
    ("hbase", 'tables = ["shop.orders"], to = { table = "o", delete = "columns" }', "", "other rules"),
    ("hbase", 'tables = ["shop.orders"], to = { table = "o", timestamps = "commit_time" }', "", "commit time"),
    ("hbase", 'tables = ["shop.orders"], to = { table = "o", row_key = "{id}-{key}" }', "", "row_key"),
)
OTHERS = (
    ("orders", "orders", True),
    ("orders", "Orders", True),
    ("orders", "orders2", False),
    ("orders-{table}", "orders-x", True),
    ("orders-{table}", "order", False),
    ("{table}-a", "{table}-b", False),
    ("a-{table}", "{table}-b", True),
)


@pytest.mark.parametrize(("sink", "rule"), GOOD)
def test_it_is_taken(sink: str, rule: str) -> None:
    """Fixed names, ids of any columns, filters, row keys that hold the whole key."""
    load(text_of(sink, rule), syntax="toml", origin="test")


@pytest.mark.parametrize(("sink", "rule", "lane", "why"), BAD)
def test_it_is_refused(sink: str, rule: str, lane: str, why: str) -> None:
    """Invariant 5: nothing that should go would stay in silence."""
    with pytest.raises(ProblemGroup, match=why):
        load(text_of(sink, rule, lane), syntax="toml", origin="test")


@pytest.mark.parametrize(("mine", "other", "meets"), OTHERS)
def test_targets_of_other_lanes(mine: str, other: str, meets: bool) -> None:
    """An index that another lane writes, or might, isn't this lane's own."""
    rule = f'tables = ["shop.orders"], to = {{ index = "{mine}" }}'
    more = f"""
[lanes.m]
cluster = "c"
sink = "s"
rules = [{{ tables = ["shop.orders"], to = {{ index = "{other}" }} }}]
"""
    text = text_of("elasticsearch", rule, more=more)
    if not meets:
        load(text, syntax="toml", origin="test")
        return
    with pytest.raises(ProblemGroup, match="lane 'm' writes into the same"):
        load(text, syntax="toml", origin="test")
