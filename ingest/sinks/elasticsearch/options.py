"""What a user configures of an Elasticsearch sink: ``[sinks.NAME]`` and a rule's ``to``."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue, model_validator

from ingest.config.fields import SOURCE_FIELD, Options, SecretRef, SourceName, TlsOptions


def _node_url(text: str) -> str:
    """http(s)://host[:port][/prefix], without user, query and fragment."""
    parts = urlsplit(text)
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL holds no credentials; use user and password, or api_key")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected http://host:port or https://host:port")
    if parts.query or parts.fragment:
        raise ValueError("a node's URL has no query and no fragment")
    return text.rstrip("/")


NodeUrl = Annotated[str, AfterValidator(_node_url)]


class ElasticsearchOptions(Options):
    """One Elasticsearch cluster, version 8 or 9."""

    type: Literal["elasticsearch"]
    """Says that this sink is Elasticsearch."""

    urls: tuple[NodeUrl, ...] = Field(min_length=1)
    """Addresses of the cluster's nodes, e.g. `["https://es1:9200", "https://es2:9200"]`: all http or all https. A node
    that doesn't answer is left out for a while."""

    user: str | None = Field(default=None, min_length=1)
    """User name (basic authentication); needs `password`. The user needs the cluster privilege `monitor`, on the
    indices `write` and `view_index_metadata`, to create them and to add fields also `create_index` and `manage`, and
    for `ingest verify` also `read` and `maintenance`."""

    password: SecretRef | None = None
    """Where the user's password is; needs `user`."""

    api_key: SecretRef | None = None
    """Where an API key is (its encoded form), instead of `user` and `password`."""

    tls: TlsOptions = TlsOptions(mode="verify_identity")
    """For https addresses: how the certificate is checked. `preferred` and `required` mean: not at all."""

    request_timeout_ms: int = Field(default=30_000, ge=100, le=600_000)
    """Milliseconds to wait for the answer to one request before the connection counts as lost (100 to 600,000)."""

    bulk_bytes: int = Field(default=8_000_000, ge=10_000, le=100_000_000)
    """Largest bulk request in bytes, before compression (10,000 to 100,000,000; servers refuse more than
    `http.max_content_length`, 100 MB unless set). A larger single document goes alone."""

    bulk_items: int = Field(default=5_000, ge=1, le=100_000)
    """Most documents in one bulk request (1 to 100,000)."""

    compress: bool = False
    """Compress requests by gzip: less network, more CPU on both sides."""

    gc_deletes_s: int = Field(default=3_600, ge=60, le=604_800)
    """Seconds for which indices that this sink creates remember deletions (`index.gc_deletes`; 60 to 604,800). Within
    it a late write of an old version can't bring a deleted document back; it must exceed the lease
    (`checkpoint.lease_ms`). An index that exists and remembers less than the lease stops the lane; one that remembers
    less than this is named in the log."""

    parts: Literal["script", "optimistic"] = "script"
    """How parts of documents are written (`write = { part = ... }`). script: one scripted upsert per document, made by
    the server in one step; it needs inline Painless scripts. optimistic: for clusters that forbid scripts: documents
    are read, the parts put in, and written if nobody else did meanwhile (`if_seq_no`); it keeps numbers digit by digit,
    and needs the privilege `read`."""

    @model_validator(mode="after")
    def _credentials_fit(self) -> ElasticsearchOptions:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        if self.api_key is not None and self.user is not None:
            raise ValueError("give either api_key, or user and password")
        return self

    @model_validator(mode="after")
    def _scheme_fits(self) -> ElasticsearchOptions:
        schemes = {urlsplit(url).scheme for url in self.urls}
        if len(schemes) > 1:
            raise ValueError("the URLs must be all http or all https")
        if schemes == {"https"} and self.tls.mode == "disabled":
            raise ValueError("https addresses with tls mode disabled; use http or another mode")
        return self


PARTS_FIELD = "ingest_parts"
"""The field of a document in which the versions of its parts are kept."""


def _field_name(text: str) -> str:
    """A plain field at the top of a document."""
    if "." in text or text.startswith("_") or text == PARTS_FIELD or text != text.strip():
        raise ValueError(f"a field at the top of the document, without dots, not {PARTS_FIELD!r} nor one with _ before")
    return text


class PartOptions(Options):
    """A rule's part of a document that several rules write, often of several tables. Each part has a version of its own
    (in the field `ingest_parts`), so parts land in any order and none goes back; a deleted row takes its part away and
    leaves the version, so that an older write that comes late doesn't bring it back. The rule's `id` names the document:
    a row moves to another when it changes, and belongs to none when it is NULL (counted as `no_document`). All rules of
    an index route alike. (Rows that a foreign key's ON DELETE or ON UPDATE action changes are in the binlog from MySQL
    9.6 on; before, delete children by statements.)"""

    part: str = Field(min_length=1, max_length=100)
    """Name of the part, e.g. `order`, `lines`. Versions are kept under it: no two rules of an index have the same, and
    it stays as long as the index does."""

    into: Annotated[str, AfterValidator(_field_name)] | None = Field(default=None, min_length=1)
    """The document's field that holds the part: an object, or with `key` an array of objects. Left out: the rule's
    fields stand at the top of the document; no other rule of the index may have one of the same name."""

    key: tuple[Annotated[str, Field(min_length=1)], ...] | None = Field(default=None, min_length=1)
    """For a table with several rows per document: the columns that tell them apart, e.g. `["line_no"]`. The array is
    kept in the order of this key (shorter texts first, so whole numbers stand in theirs)."""

    when_empty: Literal["keep", "delete"] = "keep"
    """What becomes of a document whose last part is gone. keep: it stays with nothing but `ingest_parts`, whose field
    `ingest_parts.live` is false then (for a filtered alias). delete: it goes, and the versions with it, so a write of a
    forgotten process that comes later than that brings its part back. All rules of an index say the same."""

    @model_validator(mode="after")
    def _key_has_a_place(self) -> PartOptions:
        if self.key is not None and self.into is None:
            raise ValueError("key needs into: the field that holds the array")
        return self


class ElasticsearchTarget(Options):
    """Where a rule's documents go: index, routing, how they are written, and how a missing index is made."""

    index: str = Field(min_length=1)
    """Name of the index or alias; a template such as `{database}-{table}` or `orders-{station}` (a column)."""

    routing: str | None = Field(default=None, min_length=1)
    """Column whose value routes the document to its shard; by default Elasticsearch routes by document id."""

    write: Literal["document", "upsert"] | PartOptions = "document"
    """document: whole documents with an external version; a replay or a late writer changes nothing. `{ part = ... }`:
    the rule owns a part of the document, and other rules own others, with the same promise. upsert: fields are merged
    into what is there (`doc_as_upsert`) without any version, so the promise is weaker: after a crash a field may show
    an older value until the replay has caught up, a deletion removes the whole document, a late writer isn't fenced
    off, and numbers of more than 15 digits with a point may lose some."""

    mapping: dict[str, JsonValue] | None = None
    """Mapping for an index that is created, as in Elasticsearch's create-index call (`{"properties": {...}}`). An
    index that exists is compared with it. Without one, fields are mapped as they come, strings never as dates. Of
    rules that write parts of one index, one gives it for all."""

    settings: dict[str, JsonValue] = Field(default_factory=dict)
    """Index settings for an index that is created, e.g. `{"number_of_shards": 3}`."""

    create: bool = True
    """Create the index when it is missing; otherwise a missing index stops the lane."""

    source_field: SourceName = SOURCE_FIELD
    """Field that says where the document came from: `{gtid, file, position, commit_time, table, version}` of its newest
    change (about 190 bytes, and 0.1 to 0.4 µs of CPU). It isn't indexed unless `mapping` says so; `ingest trace`
    reads it. Parts keep theirs in `ingest_parts`, whatever the name. `false`: none (documents keep what they have)."""

    @property
    def target_template(self) -> str:
        """The template of the index name."""
        return self.index

    @property
    def routing_field(self) -> str | None:
        """The routing column."""
        return self.routing

    @property
    def source(self) -> str | None:
        """The field of a whole document that holds its source, if any."""
        return self.source_field or None if self.part is None else None

    @property
    def parts_source(self) -> bool:
        """Does the rule's part of a document keep its source?"""
        return self.part is not None and bool(self.source_field)

    @model_validator(mode="after")
    def _source_has_a_field(self) -> ElasticsearchTarget:
        if self.source_field == PARTS_FIELD:
            raise ValueError(f"source_field: {PARTS_FIELD!r} holds the versions of parts")
        return self

    @property
    def part(self) -> PartOptions | None:
        """The part of a document that the rule owns, None when it writes whole ones."""
        return self.write if isinstance(self.write, PartOptions) else None
