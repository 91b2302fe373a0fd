"""The configuration's shape: clusters, sinks, lanes with their rules, checkpoints, metrics.

One class per variant, so that no field means something "only if" another has some value: a lane's class is chosen by
the type of the sink it names (``load.py`` does it), a rule's by whether it has ``sql`` or ``tables``. Secrets appear
as ``SecretRef`` only. Every field's docstring says what it is, its unit and its bounds; ``reference.py`` makes the
reference page and the JSON Schema from them.
"""

from __future__ import annotations

import re
import zlib
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag, field_validator, model_validator

from ingest.config.checkpoint import CheckpointOptions
from ingest.config.fields import Options, SecretRef, TlsOptions
from ingest.config.large_transactions import LargeTransactionOptions
from ingest.sinks.blackhole.options import BlackholeOptions, BlackholeTarget
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


def _is_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("a name has 1 to 63 lower-case letters, digits, - and _, and starts with a letter or digit")
    return value


def _is_address(value: str) -> str:
    match = _ADDRESS.fullmatch(value)
    if match is None or not 0 < int((match.group(2) or ":3306")[1:]) <= 65_535:
        raise ValueError("not a server's address; write host or host:port")
    return value


Name = Annotated[str, AfterValidator(_is_name)]
HostPort = Annotated[str, AfterValidator(_is_address)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=129)]
Text = Annotated[str, StringConstraints(min_length=1)]

SinkOptions = Annotated[ElasticsearchOptions | HbaseOptions | BlackholeOptions, Field(discriminator="type")]

_GTID_SET = re.compile(
    r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"(:[A-Za-z_][A-Za-z0-9_]{0,31})?(:[0-9]+(-[0-9]+)?(:[A-Za-z_][A-Za-z0-9_]{0,31})?)+$"
)


class ClusterOptions(Options):
    """A MySQL replication topology: the hosts that hold the same data, and how to reach them as a replica."""

    hosts: tuple[HostPort, ...] = Field(min_length=1)
    """The servers of one topology as `host` or `host:port` (port 3306 by default); one that has all is read from."""

    prefer: Literal["primary", "replica", "order"] = "primary"
    """Which of the hosts that have all that is needed is read from: the `primary` (one that takes writes and is no replica,
    then one that takes writes, then a read-only one), a `replica`, or the first in the `order` of `hosts`. Among equals:
    the one that is read from already. The stream leaves a `primary` that was demoted."""

    user: str = Field(min_length=1, max_length=32)
    """MySQL account with REPLICATION SLAVE, REPLICATION CLIENT, and SELECT on the tables that rules name."""

    password: SecretRef | None = None
    """Where the account's password is. Left out: the account has none."""

    server_id: int | None = Field(default=None, ge=1, le=4_294_967_295)
    """The replica id to pose under (1 to 4294967295), unlike any other replica's of the topology. Left out: derived
    from the cluster's name."""

    tls: TlsOptions = TlsOptions()
    """How connections are encrypted and the server's certificate checked."""

    connect_timeout_ms: int = Field(default=5_000, ge=100, le=600_000)
    """How long connecting and logging in may take, in milliseconds (100 to 600000)."""

    heartbeat_ms: int = Field(default=5_000, ge=100, le=600_000)
    """How often an idle server says that it is alive, in milliseconds (100 to 600000)."""

    read_timeout_ms: int = Field(default=15_000, ge=1_000, le=3_600_000)
    """Silence after which the connection counts as dead, in milliseconds (1000 to 3600000); longer than
    `heartbeat_ms`."""

    @model_validator(mode="after")
    def _heartbeat_is_sooner(self) -> ClusterOptions:
        if self.read_timeout_ms <= self.heartbeat_ms:
            raise ValueError(
                f"read_timeout_ms ({self.read_timeout_ms}) must be longer than heartbeat_ms ({self.heartbeat_ms}), "
                "or an idle server looks dead"
            )
        return self

    def addresses(self) -> tuple[tuple[str, int], ...]:
        """The hosts as (host, port), in order."""
        return tuple(_split_address(host) for host in self.hosts)

    def effective_server_id(self, cluster: str) -> int:
        """``server_id``, or one derived from the cluster's name (in 2^31..2^32-1, away from ids people choose)."""
        return self.server_id if self.server_id is not None else 0x8000_0000 | zlib.crc32(cluster.encode())

    def server_id_of(self, cluster: str, group: str) -> int:
        """The replica id of a reader: the cluster's for the shared one, one derived from it for a lane's own."""
        if group == "shared":
            return self.effective_server_id(cluster)
        return 0x8000_0000 | zlib.crc32(f"{self.effective_server_id(cluster)}/{group}".encode())


def _split_address(host: str) -> tuple[str, int]:
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, int(rest[1:]) if rest else 3306
    name, _, port = host.partition(":")
    return name, int(port) if port else 3306


class GtidStart(Options):
    """Start after a set of transactions."""

    gtid: str
    """The GTID set that counts as already applied, e.g. `3E11FA47-71CA-11E1-9E33-C80AA9429562:1-100`."""

    @field_validator("gtid")
    @classmethod
    def _is_gtid_set(cls, value: str) -> str:
        parts = [part.strip() for part in value.split(",")]
        bad = next((part for part in parts if not _GTID_SET.match(part)), None)
        if bad is not None and value.strip():
            raise ValueError(f"{bad!r} is not a GTID set; one looks like 3E11FA47-71CA-11E1-9E33-C80AA9429562:1-100")
        return value


class TableRule(Options):
    """A rule in the short form: which tables, which fields, which rows."""

    tables: tuple[Pattern, ...] = Field(min_length=1)
    """The tables as `database.table`; `*` stands for any run of characters and `?` for one, e.g. `shop.order_*`."""

    fields: tuple[Text, ...] = Field(default=("*",), min_length=1)
    """The document's fields: column names, `*` for every column, or SQL expressions with a name such as
    `order_no AS orderNo` or `CONCAT(city, ', ', country) AS place`."""

    exclude: tuple[Text, ...] = ()
    """Columns that `*` leaves out."""

    where: str | None = Field(default=None, min_length=1)
    """SQL condition a row must meet, e.g. `type IN (1,2)`. A row that stops meeting it is deleted from the sink."""

    id: tuple[Text, ...] | None = Field(default=None, min_length=1)
    """Columns that make the document's id. Left out: the primary key."""


class SqlRule(Options):
    """A rule as one SQL statement."""

    sql: Text
    """`SELECT columns and expressions FROM database.table WHERE condition`. The table may be a pattern in
    backquotes, e.g. ``FROM shop.`order_*` ``."""

    id: tuple[Text, ...] | None = Field(default=None, min_length=1)
    """Columns that make the document's id. Left out: the primary key."""


def rule_form(rule: object) -> str:
    """Which form a rule has, from its plain values or its class. The names can't be mistaken for keys."""
    return "(sql)" if isinstance(rule, SqlRule) or (isinstance(rule, dict) and "sql" in rule) else "(short)"


class LaneOptions(Options):
    """A set of rules that ends in one sink, with a frontier of its own."""

    cluster: str
    """Name of the cluster to read from."""

    sink: str
    """Name of the sink to write to."""

    start: Literal["oldest", "now"] | GtidStart = "oldest"
    """Where a lane without a checkpoint starts: `oldest` (the oldest binlog that the server still has), `now`, or
    `{ gtid = "..." }` (after that set). A lane with a checkpoint goes on from it."""

    shards: int = Field(default=2, ge=1, le=1024)
    """How many sink actors work side by side (1 to 1024). Changes of one document always go through one of them."""

    batch_rows: int = Field(default=5_000, ge=1, le=1_000_000)
    """Rows after which a slice is sent on, whatever the time (1 to 1000000)."""

    batch_bytes: int = Field(default=1_000_000, ge=1_000, le=100_000_000)
    """Bytes of row images after which a slice is sent on (1000 to 100000000)."""

    flush_ms: int = Field(default=200, ge=1, le=60_000)
    """The longest that a change waits for company, in milliseconds (1 to 60000). Usually none waits: a batch goes
    as soon as the source pauses or the previous request has come back."""

    buffer_bytes: int = Field(default=64_000_000, ge=1_000_000, le=100_000_000_000)
    """Bytes of row images that may be under way in the whole lane before reading pauses (1000000 to 10^11)."""

    on_poison: Literal["stop", "dead_letter"] = "stop"
    """What a document that the sink will never take does: `stop` the lane, or go to the `dead_letter` store and be
    counted (`ingest dlq` lists, shows, retries and drops them)."""

    quarantine: bool = True
    """Hold back later changes of a document that has a dead letter, in the dead-letter store too, until it was retried or
    dropped, so that none overtakes it. `false`: they are sent, and one that the sink takes settles the document's
    letters."""

    dead_letters_max: int = Field(default=10_000, ge=1, le=1_000_000)
    """How many dead letters may be open (1 to 1000000) before the lane stops; of a document's later changes that are
    held back, the newest alone is kept and doesn't count (with `write = "upsert"` each is and does)."""

    poison_share: float = Field(default=0.1, gt=0, le=1)
    """The share of poison among the last `poison_items` documents of a shard (above 0, up to 1) past which the lane
    stops: then the mapping or the rule is at fault, not a row."""

    poison_items: int = Field(default=1_000, ge=10, le=1_000_000)
    """How many documents `poison_share` looks back at (10 to 1000000)."""

    truncate: Literal["stop", "keep"] = "stop"
    """What TRUNCATE or DROP TABLE of a captured table does, since the binlog doesn't hold the rows that go: `stop` the
    lane, or `keep` the documents that are there (counted)."""

    on_lost: Literal["stop", "continue"] = "stop"
    """What follows when a failover lost transactions that the lane has applied (the new primary never had them): `stop` the
    lane and name them, or `continue` and keep them in its record (`ingest verify` finds what they alone changed)."""

    on_gap: Literal["stop", "resnapshot"] = "stop"
    """What follows when every host has purged what the lane needs: `stop` the lane and name the GTIDs, or `resnapshot`: take
    its tables as they are, and delete documents that no row asks for; so its indices or tables must be its own."""

    large_transactions: LargeTransactionOptions = LargeTransactionOptions()
    """What becomes of transactions above a size, as `[lanes.NAME.large_transactions]`; by default they are applied."""

    zero_dates: Literal["null", "text", "stop"] = "null"
    """What zero and partial dates such as `0000-00-00` become: `null`, their `text` (the whole column is text
    then), or `stop` the lane."""

    @model_validator(mode="after")
    def _buffer_holds_a_batch(self) -> LaneOptions:
        if self.buffer_bytes < 2 * self.batch_bytes:
            raise ValueError(
                f"buffer_bytes ({self.buffer_bytes}) must hold at least two batches of batch_bytes ({self.batch_bytes})"
            )
        return self


class ElasticsearchSqlRule(SqlRule):
    """A rule as SQL whose documents go to Elasticsearch."""

    to: ElasticsearchTarget
    """Where the documents go."""


class ElasticsearchTableRule(TableRule):
    """A rule in the short form whose documents go to Elasticsearch."""

    to: ElasticsearchTarget
    """Where the documents go."""


ElasticsearchRule = Annotated[
    Annotated[ElasticsearchSqlRule, Tag("(sql)")] | Annotated[ElasticsearchTableRule, Tag("(short)")],
    Discriminator(rule_form),
]


class ElasticsearchLane(LaneOptions):
    """A lane whose sink is Elasticsearch."""

    rules: tuple[ElasticsearchRule, ...] = Field(min_length=1)
    """What becomes a document. Each row is offered to every rule; several may take it."""


class HbaseSqlRule(SqlRule):
    """A rule as SQL whose documents go to HBase."""

    to: HbaseTarget
    """Where the documents go."""


class HbaseTableRule(TableRule):
    """A rule in the short form whose documents go to HBase."""

    to: HbaseTarget
    """Where the documents go."""


HbaseRule = Annotated[
    Annotated[HbaseSqlRule, Tag("(sql)")] | Annotated[HbaseTableRule, Tag("(short)")], Discriminator(rule_form)
]


class HbaseLane(LaneOptions):
    """A lane whose sink is HBase."""

    rules: tuple[HbaseRule, ...] = Field(min_length=1)
    """What becomes a document. Each row is offered to every rule; several may take it."""


class BlackholeSqlRule(SqlRule):
    """A rule as SQL whose documents go to the blackhole."""

    to: BlackholeTarget = BlackholeTarget()
    """Where the documents go."""


class BlackholeTableRule(TableRule):
    """A rule in the short form whose documents go to the blackhole."""

    to: BlackholeTarget = BlackholeTarget()
    """Where the documents go."""


BlackholeRule = Annotated[
    Annotated[BlackholeSqlRule, Tag("(sql)")] | Annotated[BlackholeTableRule, Tag("(short)")], Discriminator(rule_form)
]


class BlackholeLane(LaneOptions):
    """A lane whose sink is the blackhole."""

    rules: tuple[BlackholeRule, ...] = Field(min_length=1)
    """What becomes a document. Each row is offered to every rule; several may take it."""


Lane = ElasticsearchLane | HbaseLane | BlackholeLane
Target = ElasticsearchTarget | HbaseTarget | BlackholeTarget
RuleOptions = (
    ElasticsearchSqlRule
    | ElasticsearchTableRule
    | HbaseSqlRule
    | HbaseTableRule
    | BlackholeSqlRule
    | BlackholeTableRule
)


class MetricsOptions(Options):
    """Where Prometheus scrapes."""

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address to listen on."""

    port: int = Field(default=0, ge=0, le=65_535)
    """Port to listen on (0 to 65535); 0 takes a free one and says which at start."""


class Config(Options):
    """All that one ingest runs."""

    name: Name = "ingest"
    """Name of this ingest: lower-case letters, digits, `-` and `_`. Supervisors and checkpoints carry it."""

    clusters: dict[Name, ClusterOptions] = Field(min_length=1)
    """MySQL topologies by name."""

    sinks: dict[Name, SinkOptions] = Field(min_length=1)
    """Sinks by name."""

    lanes: dict[Name, Lane] = Field(min_length=1)
    """Lanes by name."""

    checkpoint: CheckpointOptions = CheckpointOptions()
    """Where progress is kept."""

    metrics: MetricsOptions = MetricsOptions()
    """Where metrics are offered."""
