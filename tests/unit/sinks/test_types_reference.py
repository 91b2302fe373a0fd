"""configs/types.md: what each MySQL type becomes."""

from __future__ import annotations

import os
from pathlib import Path

from ingest.binlog.field_types import FieldType
from ingest.sinks.types_reference import _LINES, types_page

PAGE = Path(__file__).parents[3] / "configs" / "types.md"
OLD_ENCODINGS = {"TIMESTAMP", "DATETIME", "TIME", "NEWDATE"}
SAME_AS_ANOTHER = {"VAR_STRING", "TINY_BLOB", "MEDIUM_BLOB", "LONG_BLOB"}
NEVER_IN_ROWS = {"DECIMAL", "NULL", "TYPED_ARRAY"}


def test_the_generated_types_page_is_current() -> None:
    """configs/types.md is what the code gives (REWRITE=1 writes it anew)."""
    if os.environ.get("REWRITE") == "1":
        PAGE.write_text(types_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == types_page(), "run `make docs`"


def test_every_type_is_on_the_page() -> None:
    """Each binlog type has a line, but for other encodings of the same type and what never stands in a row."""
    shown = {FieldType(line.column.type).name for line in _LINES}
    assert shown == {kind.name for kind in FieldType} - OLD_ENCODINGS - SAME_AS_ANOTHER - NEVER_IN_ROWS
