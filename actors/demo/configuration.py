"""The configuration that the demo runs, as text: what a user would write for these servers.

It is written to a file, so that ``ingest status``, ``verify`` and ``plan`` can be tried on it while the demo runs.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

from ingest.config.load import load
from ingest.config.model import Config

NAME = "demo"
CLUSTER = "parcels"

_TEXT = Template(
    """\
# Written by `ingest demo`. Every table goes to both sinks; drafts are kept out of the search index.
name = "demo"

[clusters.parcels]
hosts = ["$mysql"]
user = "root"

[sinks.elasticsearch]
type = "elasticsearch"
urls = ["$elasticsearch"]

[sinks.hbase]
type = "hbase"
host = "$hbase_host"
port = $hbase_port

[checkpoint]
store = "sqlite:///$store"

# Elasticsearch: renamed and constant fields, a filter that rows enter and leave, routing.
[lanes.search]
cluster = "parcels"
sink = "elasticsearch"
start = "oldest"
shards = $shards

[[lanes.search.rules]]
sql = '''
SELECT id, order_no AS orderNo, customer_id AS customerId, type, status, origin, destination, amount,
       weight_kg AS weightKg, flags, services, placed_at AS placedAt, updated_at AS updatedAt, pickup, due, note, address,
       'parcel carrier' AS source
FROM parcel.orders
WHERE status <> 'draft'
'''
[lanes.search.rules.to]
index = "parcel-orders"
settings = { number_of_replicas = 0, refresh_interval = "10s" }
[lanes.search.rules.to.mapping]
dynamic_templates = [$codes]
[lanes.search.rules.to.mapping.properties]
note = { type = "text" }
amount = { type = "double" }
weightKg = { type = "double" }    # left to itself, Elasticsearch takes every number with a point for a float
placedAt = { type = "date" }

[[lanes.search.rules]]
tables = ["parcel.items"]
[lanes.search.rules.to]
index = "parcel-items"
routing = "order_id"
settings = { number_of_replicas = 0, refresh_interval = "10s" }
mapping.properties = { description = { type = "text" } }
mapping.dynamic_templates = [$codes]

[[lanes.search.rules]]
tables = ["parcel.events"]
[lanes.search.rules.to]
index = "parcel-events"
routing = "order_id"
settings = { number_of_replicas = 0, refresh_interval = "10s" }
mapping.properties = { detail = { type = "object", enabled = false }, happened_at = { type = "date" } }
mapping.dynamic_templates = [$codes]

[[lanes.search.rules]]
tables = ["parcel.customers", "parcel.stations"]
[lanes.search.rules.to]
index = "parcel-{table}"
settings = { number_of_replicas = 0, refresh_interval = "10s" }
mapping.properties = { preferences = { type = "object", enabled = false }, location = { type = "geo_point" } }
mapping.dynamic_templates = [$codes]

# HBase: every table and column; salted row keys, since keys that rise would make one region hot.
[lanes.archive]
cluster = "parcels"
sink = "hbase"
start = "oldest"
shards = $shards

[[lanes.archive.rules]]
tables = ["parcel.*"]
[lanes.archive.rules.to]
table = "parcel_{table}"
row_key = "{salt:8}-{key}"
family = "d"
create = true
"""
)

_CODES = '{ codes = { match_mapping_type = "string", mapping = { type = "keyword", ignore_above = 256 } } }'
"""Texts are codes unless a rule says otherwise: left to itself, Elasticsearch indexes each twice."""


def demo_text(mysql: str, elasticsearch: str, hbase: tuple[str, int], store: Path, shards: int = 1) -> str:
    """The configuration for these addresses (MySQL's host:port, Elasticsearch's URL, HBase's Thrift server)."""
    return _TEXT.substitute(
        mysql=mysql,
        elasticsearch=elasticsearch,
        hbase_host=hbase[0],
        hbase_port=hbase[1],
        store=store,
        shards=shards,
        codes=_CODES,
    )


def demo_config(text: str, origin: str) -> Config:
    """The text as a configuration. ProblemGroup, should there be a mistake in it."""
    return load(text, syntax="toml", origin=origin)
