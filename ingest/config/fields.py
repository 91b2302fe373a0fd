"""Field types shared by every options model: strictness, secret references, TLS.

Options models live beside what they configure (``sinks/*/options.py``, ``config/model.py``) and derive from
``Options``: frozen, unknown keys refused, every field documented (a test checks it). Secrets never enter the
configuration: it holds references to them, resolved in the process that needs them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


class Options(BaseModel):
    """Base of all options models."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True)


def _source_name(text: str) -> str:
    """A plain name, fit for a field at the top of a document and for a column's qualifier."""
    if not text or "." in text or ":" in text or text.startswith("_") or text != text.strip() or not text.isprintable():
        raise ValueError("a field's name has no dots or colons, and no _ or space before it")
    return text


SourceName = Annotated[str, AfterValidator(_source_name)] | Literal[False]
"""The field that holds where a document came from (``ingest.sinks.source_field``); false: none."""

SOURCE_FIELD = "ingest_source"


class SecretRef(Options):
    """Where a secret is: an environment variable or a file (exactly one)."""

    env: str | None = Field(default=None, min_length=1)
    """Name of the environment variable that holds the secret (in the process that runs the actor)."""

    file: str | None = Field(default=None, min_length=1)
    """Path of a file that holds the secret; one trailing newline is dropped."""

    @model_validator(mode="after")
    def _exactly_one(self) -> SecretRef:
        if (self.env is None) == (self.file is None):
            raise ValueError("name exactly one of env and file")
        return self


class TlsOptions(Options):
    """How a connection is encrypted and the server's certificate checked."""

    mode: Literal["disabled", "preferred", "required", "verify_ca", "verify_identity"] = "preferred"
    """disabled: never TLS. preferred: TLS when offered. required: TLS or fail. verify_ca: and the certificate is
    signed by `ca_file`. verify_identity: and it names the host."""

    ca_file: str | None = None
    """PEM file of the certificate authorities to trust."""

    cert_file: str | None = None
    """PEM file of the client's certificate."""

    key_file: str | None = None
    """PEM file of the client's private key."""
