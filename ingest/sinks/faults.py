"""Problem codes that the sinks share: what a sink's answers and connections can mean for a lane.

``classify`` modules and ``actors.drivers`` raise them; a sink's own codes stand in its own folder.
"""

from __future__ import annotations

from ingest.problems import declare

UNREACHABLE = declare(
    "sink.unreachable",
    "The sink's server can't be reached, or it hung up.",
    "Check that the server runs and that address and port are right; the lane waits and tries again.",
)
TIMEOUT = declare(
    "sink.timeout",
    "The sink's server didn't answer in time.",
    "Look at the server's load, or raise the sink's timeout; the lane tries again (what was sent may have been applied).",
)
BUSY = declare(
    "sink.busy",
    "The sink's server refuses work for now.",
    "The lane tries again, with smaller requests; give the server more room if it goes on.",
)
UNAUTHORIZED = declare(
    "sink.unauthorized",
    "The sink's server doesn't accept the credentials, or they don't allow what is asked.",
    "Check the sink's user and password (or API key) and the rights that they have.",
)
TLS_FAILED = declare(
    "sink.tls_failed",
    "The encrypted connection to the sink's server couldn't be made.",
    "Check the URL's scheme, the sink's tls.mode and tls.ca_file, and the host name in the server's certificate.",
)
WRONG_VERSION = declare(
    "sink.wrong_version",
    "The sink's server has a version that isn't supported.",
    "Use a supported version of the server.",
)
NOT_UNDERSTOOD = declare(
    "sink.answer_not_understood",
    "The sink's server gave an answer that can't be read as success or failure.",
    "Check that the address is that of the sink itself; a proxy in between may answer in its place.",
)
TARGET_MISSING = declare(
    "sink.target_missing",
    "An index or a table that a rule writes to isn't there, and the rule doesn't say to create it.",
    "Create it, or set create = true in the rule's target.",
)
TARGET_REFUSED = declare(
    "sink.target_refused",
    "An index or a table that a rule writes to can't be made or used as configured.",
    "Read the server's words, and change the rule's target or the index or table.",
)
CLIENT_MISSING = declare(
    "sink.client_missing",
    "The Python client of a sink isn't installed.",
    "Install the package with the sink's extra.",
)
KEY_NOT_TEXT = declare(
    "sink.key_not_text",
    "A document key can't be written as UTF-8.",
    "Look at the row's key column; name another id in the rule.",
)
FIELD_MISSING = declare(
    "sink.field_missing",
    "A rule's target names a field that the rule's documents don't have.",
    "Name one of the rule's fields.",
)
