"""How an index maps the field that holds the versions of parts: nothing of it is indexed but whether any part is there.

Otherwise each part's key would become a field of the index, until it has too many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ingest.sinks.elasticsearch.options import PARTS_FIELD, ElasticsearchTarget

_FIELD = {"properties": {"live": {"type": "boolean"}, "sources": {"type": "object", "enabled": False}}}


def with_parts_field(mapping: Mapping[str, object]) -> dict[str, object]:
    """A configured mapping and that of the field."""
    properties = mapping.get("properties")
    return {**mapping, "properties": {**(properties if isinstance(properties, Mapping) else {}), PARTS_FIELD: _FIELD}}


def keeps_versions_apart(mapping: Mapping[str, Any]) -> bool:
    """Does an index with this mapping leave the versions out of its fields?"""
    found: Any = mapping
    for name in ("properties", PARTS_FIELD, "properties", "sources"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return isinstance(found, Mapping) and found.get("enabled") is False


def speaker(targets: Sequence[ElasticsearchTarget], chosen: ElasticsearchTarget) -> ElasticsearchTarget:
    """Of the rules that write parts into the same index, the one that gives its mapping and settings."""
    if chosen.part is None:
        return chosen
    same = [target for target in targets if target.part is not None and target.index == chosen.index]
    return next((target for target in same if target.mapping is not None or target.settings), chosen)
