"""What a user configures of an HBase sink: ``[sinks.NAME]`` and a rule's ``to``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ingest.config.fields import SOURCE_FIELD, Options, SourceName


def _column_name(text: str) -> str:
    """family:qualifier, both non-empty."""
    family, colon, qualifier = text.partition(":")
    if not (family and colon and qualifier):
        raise ValueError("expected family:qualifier")
    return text


def _family_name(text: str) -> str:
    """A family: printable, without colon, slash or a leading dot (HBase's own rule)."""
    if not text.isprintable() or text.startswith(".") or any(mark in text for mark in ":/"):
        raise ValueError("a family's name is printable, has no ':' or '/', and doesn't start with '.'")
    return text


ColumnName = Annotated[str, AfterValidator(_column_name)]
FamilyName = Annotated[str, Field(min_length=1), AfterValidator(_family_name)]


class HbaseOptions(Options):
    """One HBase cluster, by its Thrift 1 server (`hbase thrift start`)."""

    type: Literal["hbase"]
    """Says that this sink is HBase."""

    host: str = Field(default="127.0.0.1", min_length=1)
    """Host of the Thrift 1 server."""

    port: int = Field(default=9090, ge=1, le=65_535)
    """Port of the Thrift 1 server."""

    transport: Literal["buffered", "framed"] = "buffered"
    """The server's transport: `framed` when it runs with -f, -hsha, -nonblocking or -threadedselector."""

    protocol: Literal["binary", "compact"] = "binary"
    """The server's protocol: `compact` when it runs with -c; costs about four times the CPU here."""

    timeout_ms: int = Field(default=30_000, ge=100, le=600_000)
    """Milliseconds to wait for the connection or an answer before the connection is thrown away (100 to 600,000)."""

    connections: int = Field(default=1, ge=1, le=8)
    """Connections of each shard; a large request is dealt out to them (1 to 8). Few and large requests are best."""

    batch_rows: int = Field(default=2_000, ge=1, le=50_000)
    """Most rows in one request (1 to 50,000)."""

    batch_bytes: int = Field(default=1_900_000, ge=10_000, le=64_000_000)
    """Largest request in bytes (10,000 to 64,000,000). A framed server refuses more than its
    `hbase.regionserver.thrift.framed.max_frame_size_in_mb` (2 MB unless set), and only hangs up. A larger single row
    goes alone."""

    table_prefix: str = ""
    """Put before each table name as it is: `team_`, or a namespace with its colon, `team:`."""


class HbaseTarget(Options):
    """Where a rule's documents go: table, row key, columns, and how a missing table is made."""

    table: str = Field(min_length=1)
    """Name of the table; a template such as `{table}`."""

    row_key: str = Field(default="{key}", min_length=1)
    """Template of the row key. It may use `{key}` (the document key), `{salt:16}` (one of 16 prefixes by a hash of the
    key), `{reverse:key}` and key columns: a deletion knows no more. Salt or reverse keys that rise, or one region
    gets all the writes."""

    family: FamilyName | None = "d"
    """Column family of all fields that `columns` doesn't name, with the field's name as qualifier. Null: fields that
    `columns` doesn't name aren't written."""

    columns: dict[ColumnName, str] = Field(default_factory=dict)
    """Cells by `family:qualifier`, each from one field: `{"d:amount" = "amount"}`."""

    delete: Literal["row", "columns"] = "row"
    """What a deletion removes: `row`: all cells of the row in the families named here; `columns`: this rule's columns
    only (for several rules that write into one row)."""

    timestamps: Literal["version", "commit_time"] = "version"
    """Cell timestamps. version: the change's version (epoch and position), which keeps rows from going back in time; it is
    no clock time, so a family's TTL never ends. commit_time: the newest commit time of the request's changes
    (milliseconds), for TTLs, with a weaker promise: of changes of one row within one millisecond (before MySQL 8.0.1: one
    second), or across clocks that disagree after a failover, an older one may stay, and nothing fences a forgotten process
    off. All rules of a table say the same, from its first row on."""

    source_field: SourceName = SOURCE_FIELD
    """Cell that says where the row came from, `{gtid, file, position, commit_time, table, version}` of its newest change
    as JSON (about 200 bytes, and 0.1 to 0.4 µs of CPU): this qualifier in `family`, or where `columns` puts the field
    of this name. `ingest trace` reads it. `false`: none (rows keep what they have). With `delete = "columns"` there is
    none unless a name is given here: a name of its own for each rule that writes into the row."""

    create: bool = False
    """Create the table with its families when it is missing (Thrift can't pre-split it); otherwise a missing table
    stops the lane."""

    max_versions: int = Field(default=1, ge=1, le=1_000)
    """Versions of a cell kept by families that are created (1 to 1,000)."""

    compression: Literal["NONE", "GZ", "SNAPPY", "LZ4", "ZSTD"] = "NONE"
    """Compression of families that are created; the region servers must have the codec."""

    @model_validator(mode="after")
    def _writes_something(self) -> HbaseTarget:
        if self.family is None and not self.columns:
            raise ValueError("name a family, or columns, or both")
        if self.source is not None and list(self.columns.values()).count(self.source) > 1:
            raise ValueError(f"columns: the source of a row ({self.source}) has one cell")
        return self

    @property
    def target_template(self) -> str:
        """The template of the table name."""
        return self.table

    @property
    def routing_field(self) -> None:
        """HBase has no routing."""
        return None

    @property
    def source(self) -> str | None:
        """The field of a row that holds its source, if any."""
        if self.delete == "columns" and "source_field" not in self.model_fields_set:
            return None
        return self.source_field or None

    @property
    def families(self) -> tuple[str, ...]:
        """The families written to, sorted, each once."""
        named = {column.partition(":")[0] for column in self.columns}
        return tuple(sorted(named | ({self.family} if self.family is not None else set())))
