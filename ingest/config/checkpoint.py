"""Options of the checkpoint store: where progress is kept, how often, and how far ahead of it a lane may be."""

from __future__ import annotations

import re

from pydantic import Field, field_validator, model_validator

from ingest.config.fields import Options, SecretRef

_URL_PASSWORD = re.compile(r"^[a-z0-9+]+://[^:/@]*:[^@]*@")


class CheckpointOptions(Options):
    """The durable record of what has been applied."""

    store: str | SecretRef = "sqlite:///ingest.db"
    """SQLAlchemy URL of the store, or where to find it (`{ env = "..." }`, `{ file = "..." }`); a URL that holds a
    password must be given that way. Use MySQL or PostgreSQL when there is more than one node."""

    lease_ms: int = Field(default=8_000, ge=1_000, le=60_000)
    """How long a shard may go on writing without hearing from its lane, in milliseconds (1000 to 60000); shorter
    than the time that Elasticsearch remembers deletions (`index.gc_deletes`)."""

    interval_ms: int = Field(default=100, ge=10, le=60_000)
    """How often a frontier that moved is made durable, in milliseconds (10 to 60000); shorter than `lease_ms`."""

    reserve_rows: int = Field(default=16_384, ge=1, le=100_000_000)
    """How many row changes past the durable frontier may be dispatched (1 to 10^8): what a restart applies as one."""

    state_bytes: int = Field(default=1_000_000, ge=1_000, le=8_000_000)
    """How large the state may be that a lane's sink keeps beside the frontier (1000 to 8000000 bytes; each shard may keep an
    equal part): all of it is written with every record. A lane whose sink keeps more stops and says so."""

    @field_validator("store")
    @classmethod
    def _no_password_inline(cls, value: str | SecretRef) -> str | SecretRef:
        if isinstance(value, str):
            if _URL_PASSWORD.match(value):
                raise ValueError('a URL with a password must not stand here: use store = { env = "..." }')
            if "://" not in value:
                raise ValueError("not a URL; one looks like sqlite:///ingest.db")
        return value

    @model_validator(mode="after")
    def _interval_fits_lease(self) -> CheckpointOptions:
        if self.interval_ms >= self.lease_ms:
            raise ValueError(f"interval_ms ({self.interval_ms}) must be shorter than lease_ms ({self.lease_ms})")
        return self
