"""ingest.sinks.elasticsearch.mapping: configured mappings against found ones."""

from __future__ import annotations

from ingest.sinks.elasticsearch.mapping import FieldConflict, conflicts, field_types, missing_fields

FOUND = {
    "dynamic": "true",
    "properties": {
        "id": {"type": "long"},
        "name": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        "address": {"properties": {"city": {"type": "keyword"}}},
    },
}


def test_field_types_by_full_name() -> None:
    """Inner fields have dotted names; a field with inner fields is an object; multi-fields aren't fields."""
    assert dict(field_types(FOUND)) == {"id": "long", "name": "text", "address": "object", "address.city": "keyword"}


def test_conflicts_name_both_types() -> None:
    """A field of another type is a conflict, wherever it stands; one that only one side has isn't."""
    configured = {
        "properties": {
            "id": {"type": "keyword"},
            "address": {"properties": {"city": {"type": "text"}}},
            "new": {"type": "long"},
        }
    }
    assert conflicts(configured, FOUND) == [
        FieldConflict("id", "keyword", "long"),
        FieldConflict("address.city", "text", "keyword"),
    ]
    assert missing_fields(configured, FOUND) == ["new"]
    assert conflicts({}, FOUND) == []
    assert conflicts(configured, {}) == []
