"""The ways in which a rule may not fit a table or a row."""

from __future__ import annotations

from ingest.problems import declare

UNKNOWN_COLUMN = declare(
    "rule.unknown_column",
    "A rule names a column that the table doesn't have.",
    "Correct the name in the rule, or narrow its tables.",
)
NO_PRIMARY_KEY = declare(
    "rule.no_primary_key",
    "The table has no primary key and the rule names no id.",
    'Name the columns that identify a row: id = ["..."] in the rule.',
)
UNSUPPORTED_COLLATION = declare(
    "rule.unsupported_collation",
    "Text would be compared under a collation that rules can't follow exactly.",
    "Compare bytes instead: BINARY column = '...', or column COLLATE utf8mb4_bin = '...'.",
)
TYPE_MISMATCH = declare(
    "rule.type_mismatch",
    "An operator or function meets types that it isn't defined for here.",
    "Convert one side: CAST(column AS ...).",
)
OUT_OF_RANGE = declare(
    "rule.out_of_range",
    "A computed value doesn't fit its type; MySQL refuses it too.",
    "CAST the operands to a wider type in the rule, or filter the row out.",
)
BAD_ROW_KEY = declare(
    "rule.bad_row_key",
    "A row key template that may give two documents one row, or uses columns that a deletion doesn't know.",
    "Use {key}, or every column of the document's id with something between them.",
)
BAD_ROW = declare(
    "rule.bad_row",
    "A row can't be turned into a document: its key, index name or row key would be invalid.",
    "Change the rule's id or template, or the row.",
)
