"""How an index maps the field that says where a document came from: not at all, unless the rule's mapping does.

It is kept in ``_source`` and costs nothing else. Mapped as they come, its six values would each be a field with an index.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingest.sinks.elasticsearch.mapping import field_types

_FIELD = {"type": "object", "enabled": False}


def with_source_field(mapping: Mapping[str, object], name: str | None) -> Mapping[str, object]:
    """A configured mapping and that of the field, where there is one and the mapping doesn't have it."""
    if name is None or maps_field(mapping, name):
        return mapping
    properties = mapping.get("properties")
    return {**mapping, "properties": {**(properties if isinstance(properties, Mapping) else {}), name: _FIELD}}


def maps_field(mapping: Mapping[str, object], name: str) -> bool:
    """Does a mapping have the field?"""
    return any(field == name for field, _ in field_types(mapping))


def refuses_unmapped(mapping: Mapping[str, object]) -> bool:
    """Does an index with this mapping refuse documents with a field that it doesn't have?"""
    return mapping.get("dynamic") == "strict"
