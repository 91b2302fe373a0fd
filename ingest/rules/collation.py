"""Text comparison under a column's collation (first cut: ASCII folding)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
from pymysql.charset import charset_by_id

from ingest.rules.bound import Values

Fold = Callable[[Values], Values]


def fold_for(collation: int | None) -> Fold:
    """The function that makes texts equal exactly when the collation says so."""
    name = "utf8mb4_0900_ai_ci" if collation is None else str(charset_by_id(collation).collation)  # type: ignore[attr-defined]
    pad = "0900" not in name and name != "binary"
    ignore_case = name.endswith("_ci")

    def one(text: str) -> str:
        return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).upper()

    def fold(values: Values) -> Values:
        if isinstance(values, pa.Scalar):
            return fold(pa.array([values.as_py()], pa.string()))[0]
        if ignore_case:
            if values.null_count == len(values) or pc.all(pc.string_is_ascii(values)).as_py() is not False:
                values = pc.ascii_upper(values)
            else:
                values = pa.array([None if v is None else one(v) for v in values.to_pylist()], pa.string())
        return pc.utf8_rtrim(values, characters=" ") if pad else values

    return fold
