"""Secret references to secrets, in the process that needs them and nowhere else (invariant 8)."""

from __future__ import annotations

import os
from pathlib import Path

from ingest.config.fields import SecretRef
from ingest.problems import DataProblem, declare

SECRET_MISSING = declare(
    "config.secret_missing",
    "A secret isn't where the configuration says.",
    "Set the environment variable in the process that runs the actor, or make the file readable to it.",
)


def resolve(reference: SecretRef | None) -> str | None:
    """The secret, or None without a reference. DataProblem ``config.secret_missing``, which never shows one."""
    if reference is None:
        return None
    if reference.env is not None:
        value = os.environ.get(reference.env)
        if value is None:
            raise DataProblem(SECRET_MISSING, f"environment variable {reference.env} isn't set")
        return value
    assert reference.file is not None
    try:
        return Path(reference.file).read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataProblem(SECRET_MISSING, f"file {reference.file} can't be read: {type(error).__name__}") from None
