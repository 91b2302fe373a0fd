"""What a user configures of an Elasticsearch sink: ``[sinks.NAME]`` and a rule's ``to``."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue, model_validator

from ingest.config.fields import Options, SecretRef, TlsOptions


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
    it a late write of an old version can't bring a deleted document back; it must exceed the lane's lease."""

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


class ElasticsearchTarget(Options):
    """Where a rule's documents go: index, routing, how they are written, and how a missing index is made."""

    index: str = Field(min_length=1)
    """Name of the index or alias; a template such as `{database}-{table}` or `orders-{station}` (a column)."""

    routing: str | None = Field(default=None, min_length=1)
    """Column whose value routes the document to its shard; by default Elasticsearch routes by document id."""

    write: Literal["index", "upsert"] = "index"
    """index: whole documents with an external version; a replay or a late writer changes nothing. upsert: fields are
    merged into what is there (`doc_as_upsert`); Elasticsearch accepts no external version for it, so the promise is
    weaker: after a crash a field may show an older value until the replay has caught up, a deletion removes the whole
    document, and a late writer isn't fenced off."""

    mapping: dict[str, JsonValue] | None = None
    """Mapping for an index that is created, as in Elasticsearch's create-index call (`{"properties": {...}}`). An
    index that exists is compared with it. Without one, fields are mapped as they come, strings never as dates."""

    settings: dict[str, JsonValue] = Field(default_factory=dict)
    """Index settings for an index that is created, e.g. `{"number_of_shards": 3}`."""

    create: bool = True
    """Create the index when it is missing; otherwise a missing index stops the lane."""

    @property
    def target_template(self) -> str:
        """The template of the index name."""
        return self.index

    @property
    def routing_field(self) -> str | None:
        """The routing column."""
        return self.routing
