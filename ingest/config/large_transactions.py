"""A lane's options for large transactions: from which size on, and what becomes of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ingest.config.fields import Options


class LargeTransactionOptions(Options):
    """What becomes of a transaction with more row changes or bytes than a lane shall take in its stride. What counts is the
    lane's part of it: rows of tables that its rules match."""

    policy: Literal["apply", "slow-lane", "drop"] = "apply"
    """`apply`: like any other (its rows are streamed, memory stays bounded). `slow-lane`: the lane leaves the reader that it
    shares as soon as a limit is passed, so that no other lane waits behind it, and joins again when it has caught up. `drop`:
    none of its rows is applied; they are counted, the GTID is logged, and `ingest verify` finds the rows that differ. What a
    lane read before its policy or rules last changed, or may have applied then, is never dropped."""

    rows: int | None = Field(default=None, ge=1, le=1_000_000_000)
    """Row changes above which a transaction is large (1 to 10^9). Left out: any number. Set limits well above what is usual:
    a transaction of more bytes than `rows` (or `bytes`) says is looked at row by row in Python, which is slower."""

    bytes: int | None = Field(default=None, ge=1, le=1_000_000_000_000)
    """Bytes of row images (before and after, uncompressed) above which a transaction is large (1 to 10^12). Left out: any
    number. With `drop`, rows are held back up to a limit, on disk past 64 MB."""

    @model_validator(mode="after")
    def _limits_fit_policy(self) -> LargeTransactionOptions:
        limited = self.rows is not None or self.bytes is not None
        if limited and self.policy == "apply":
            raise ValueError('rows and bytes mean nothing with policy = "apply"; choose "slow-lane" or "drop"')
        if not limited and self.policy != "apply":
            raise ValueError(f'policy = "{self.policy}" needs a limit: rows, bytes, or both')
        return self
