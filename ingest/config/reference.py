"""The reference page and the JSON Schema, generated from the models, so that they can't disagree with the program.

Pure: both are texts. ``configs/README.md`` and ``configs/schema.json`` hold them (a test compares; ``make docs``
writes them anew).
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ingest.config.checkpoint import CheckpointOptions
from ingest.config.fields import SecretRef, TlsOptions
from ingest.config.large_transactions import LargeTransactionOptions
from ingest.config.model import (
    BlackholeLane,
    BlackholeSqlRule,
    BlackholeTableRule,
    ClusterOptions,
    Config,
    ElasticsearchLane,
    ElasticsearchSqlRule,
    ElasticsearchTableRule,
    GtidStart,
    HbaseLane,
    HbaseSqlRule,
    HbaseTableRule,
    LaneOptions,
    MetricsOptions,
    SqlRule,
    TableRule,
)
from ingest.sinks.blackhole.options import BlackholeOptions, BlackholeTarget
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget, PartOptions
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of the page: the heading, the model, and how the part looks in a file."""

    heading: str
    model: type[BaseModel]
    example: str


_SECTIONS = (
    _Section("Top level", Config, 'name = "parcels"'),
    _Section(
        "`[clusters.NAME]`",
        ClusterOptions,
        '[clusters.parcels]\nhosts = ["db1:3306", "db2:3306"]\nuser = "repl"\npassword = { env = "MYSQL_PASSWORD" }',
    ),
    _Section("`tls = { ... }`", TlsOptions, 'tls = { mode = "verify_ca", ca_file = "/etc/ssl/mysql-ca.pem" }'),
    _Section("A secret", SecretRef, 'password = { file = "/run/secrets/mysql" }'),
    _Section(
        '`[sinks.NAME]` with `type = "elasticsearch"`',
        ElasticsearchOptions,
        '[sinks.search]\ntype = "elasticsearch"\nurls = ["https://es1:9200", "https://es2:9200"]\n'
        'user = "ingest"\npassword = { env = "ES_PASSWORD" }',
    ),
    _Section('`[sinks.NAME]` with `type = "hbase"`', HbaseOptions, '[sinks.archive]\ntype = "hbase"\nhost = "thrift1"'),
    _Section('`[sinks.NAME]` with `type = "blackhole"`', BlackholeOptions, '[sinks.nothing]\ntype = "blackhole"'),
    _Section(
        "`[lanes.NAME]`",
        LaneOptions,
        '[lanes.orders]\ncluster = "parcels"\nsink = "search"\nstart = "oldest"',
    ),
    _Section(
        "`start = { gtid = ... }`",
        GtidStart,
        'start = { gtid = "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-100" }',
    ),
    _Section(
        "`[lanes.NAME.large_transactions]`",
        LargeTransactionOptions,
        '[lanes.orders.large_transactions]\npolicy = "drop"\nrows = 100_000',
    ),
    _Section(
        "`[[lanes.NAME.rules]]` as SQL",
        SqlRule,
        '[[lanes.orders.rules]]\nsql = "SELECT id, order_no AS orderNo FROM shop.orders WHERE type IN (1,2)"\n'
        'to = { index = "orders" }',
    ),
    _Section(
        "`[[lanes.NAME.rules]]` in the short form",
        TableRule,
        '[[lanes.orders.rules]]\ntables = ["shop.order_*"]\nexclude = ["internal_note"]\nwhere = "type IN (1,2)"\n'
        'to = { index = "{table}" }',
    ),
    _Section(
        "A rule's `to` when the sink is Elasticsearch",
        ElasticsearchTarget,
        'to = { index = "orders-{station}", routing = "customer_id" }',
    ),
    _Section(
        "`write = { part = ... }` in such a `to`",
        PartOptions,
        'to = { index = "orders", write = { part = "lines", into = "lines", key = ["line_no"] } }',
    ),
    _Section(
        "A rule's `to` when the sink is HBase",
        HbaseTarget,
        'to = { table = "{table}", row_key = "{salt:16}{key}", family = "d", columns = { "m:amount" = "amount" } }',
    ),
    _Section("A rule's `to` when the sink is the blackhole", BlackholeTarget, 'to = { name = "{table}" }'),
    _Section("`[checkpoint]`", CheckpointOptions, '[checkpoint]\nstore = { env = "INGEST_STORE" }'),
    _Section("`[metrics]`", MetricsOptions, "[metrics]\nport = 9464"),
)
#: Classes that add nothing to the page beyond what the sections of their bases say.
COVERED_BY_BASE: tuple[type[BaseModel], ...] = (
    ElasticsearchLane,
    HbaseLane,
    BlackholeLane,
    ElasticsearchSqlRule,
    ElasticsearchTableRule,
    HbaseSqlRule,
    HbaseTableRule,
    BlackholeSqlRule,
    BlackholeTableRule,
)

_OPENING = """# Configuration reference

Generated from the models in `ingest/config` and `ingest/sinks/*/options.py` by `make docs`; don't edit.

A configuration is TOML, or JSON of the same shape. Unknown keys are mistakes. Check one with `ingest check FILE`.
`schema.json` beside this page is its JSON Schema, for editors. Times are in milliseconds, sizes in bytes.
The files beside this page are complete examples: `minimal.toml` is the smallest.
"""


def reference_page() -> str:
    """The page, as Markdown."""
    return _OPENING + "".join(_section(section) for section in _SECTIONS)


def schema_json() -> str:
    """The JSON Schema of a configuration, as JSON text."""
    return json.dumps(Config.model_json_schema(), indent=2, sort_keys=True) + "\n"


def documented_models() -> tuple[type[BaseModel], ...]:
    """The models that have a section."""
    return tuple(section.model for section in _SECTIONS)


def _section(section: _Section) -> str:
    rows = "".join(_row(name, field) for name, field in _fields(section.model))
    summary = " ".join((section.model.__doc__ or "").split())
    return (
        f"\n## {section.heading}\n\n{summary}\n\n```toml\n{section.example}\n```\n\n"
        f"| key | type | default | meaning |\n|---|---|---|---|\n{rows}"
    )


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The keys of a model; of a lane and a rule also those that their variants add."""
    yield from model.model_fields.items()
    variant = next((one for one in COVERED_BY_BASE if issubclass(one, model)), None)
    if variant is not None:
        for name, field in variant.model_fields.items():
            if name not in model.model_fields:
                yield name, field


def _row(name: str, field: FieldInfo) -> str:
    meaning = " ".join((field.description or "").split()).replace("|", "\\|")
    kind = _kind(field.annotation).replace("|", "\\|")
    return f"| `{name}` | {kind} | {_default(field)} | {meaning} |\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value: Any = field.default if field.default is not PydanticUndefined else field.default_factory()  # type: ignore[misc,call-arg]
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        given = ", ".join(f"{key} = {json.dumps(one)}" for key, one in value.model_dump(exclude_defaults=True).items())
        return f"`{{ {given} }}`" if given else "`{}`"
    return f"`{json.dumps(value)}`"


_PLAIN = {str: "string", int: "whole number", float: "number", bool: "true or false"}


def _kind(annotation: Any) -> str:
    """A type in a user's words."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kind(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return _either(_kind(one) for one in get_args(annotation) if one is not type(None))
    if origin is Literal:
        return _either(f"`{json.dumps(one)}`" for one in get_args(annotation))
    if origin is tuple:
        return f"list of {_kind(get_args(annotation)[0])}"
    if origin is dict:
        return f"table of {_kind(get_args(annotation)[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model_kind(annotation)
    return _PLAIN.get(annotation, "any value")


def _either(kinds: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(kinds))


def _model_kind(model: type[BaseModel]) -> str:
    if model is SecretRef:
        return "secret"
    if issubclass(model, LaneOptions):
        return "lane"
    if issubclass(model, SqlRule | TableRule):
        return "rule"
    if model in (ElasticsearchTarget, HbaseTarget, BlackholeTarget):
        return "target of the lane's sink"
    return f"{model.__name__.removesuffix('Options').lower()} table"
