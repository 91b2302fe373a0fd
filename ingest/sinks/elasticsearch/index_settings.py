"""What an index's settings say of how long it remembers deletions. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

GC_DELETES_DEFAULT_S = 60.0
"""Elasticsearch's default of ``index.gc_deletes``."""

_SECONDS = {"nanos": 1e-9, "micros": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_TIME_VALUE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(nanos|micros|ms|s|m|h|d)")


def gc_deletes_s(settings: Mapping[str, object]) -> float:
    """Seconds of ``gc_deletes`` in the ``index`` section of an index's settings; the default when it isn't set, 0 when
    it isn't understood.

    Source of the units: Elasticsearch reference "API conventions", time units.
    """
    found = settings.get("gc_deletes")
    if found is None:
        return GC_DELETES_DEFAULT_S
    match = _TIME_VALUE.fullmatch(str(found))
    return float(match.group(1)) * _SECONDS[match.group(2)] if match else 0.0
