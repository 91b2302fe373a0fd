"""The kinds of mistakes that a configuration can have."""

from __future__ import annotations

from ingest.problems import declare

BAD_SYNTAX = declare(
    "config.bad_syntax",
    "The text isn't valid TOML or JSON.",
    "Correct the place named; nothing else could be checked.",
)
UNKNOWN_KEY = declare(
    "config.unknown_key",
    "A key that doesn't exist.",
    "Correct or remove it; configs/README.md lists every key.",
)
MISSING = declare("config.missing", "A key that must be there isn't.", "Add it; configs/README.md describes it.")
WRONG_TYPE = declare("config.wrong_type", "A value of the wrong type.", "Give a value of the type named.")
BAD_VALUE = declare("config.bad_value", "A value outside what is allowed.", "Give a value within what is allowed.")
BAD_SQL = declare(
    "config.bad_sql",
    "SQL of a rule that can't be parsed or uses what isn't supported.",
    "Rewrite the part named; ingest/rules/__init__.py lists what rules understand.",
)
UNKNOWN_REFERENCE = declare(
    "config.unknown_reference",
    "A name of a cluster, sink, field or column that isn't defined.",
    "Define it or correct the name.",
)
CONFLICT = declare("config.conflict", "Two parts that contradict each other.", "Change one of them.")
