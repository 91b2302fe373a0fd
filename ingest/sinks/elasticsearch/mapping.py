"""A configured mapping against the one that an index has. Pure.

Both are bodies of Elasticsearch's mapping API: ``{"properties": {name: {"type": ..} | {"properties": ..}}}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that both mappings have, with different types."""

    field: str
    configured: str
    found: str


def conflicts(configured: Mapping[str, object], found: Mapping[str, object]) -> list[FieldConflict]:
    """Fields whose types differ, by full name (``address.city``); a field that only one side has is no conflict."""
    there = dict(field_types(found))
    return [
        FieldConflict(field, kind, there[field])
        for field, kind in field_types(configured)
        if field in there and there[field] != kind
    ]


def missing_fields(configured: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    """Configured fields that the index doesn't have yet."""
    there = dict(field_types(found))
    return [field for field, _ in field_types(configured) if field not in there]


def field_types(mapping: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each field's full name and type; one with inner fields and no type is an ``object``."""
    properties = mapping.get("properties")
    if not isinstance(properties, Mapping):
        return
    for name, definition in properties.items():
        if isinstance(definition, Mapping):
            yield f"{prefix}{name}", str(definition.get("type", "object"))
            yield from field_types(definition, f"{prefix}{name}.")
