"""ingest.sinks.elasticsearch.index_settings: how long an index remembers deletions."""

from __future__ import annotations

import pytest

from ingest.sinks.elasticsearch.index_settings import gc_deletes_s


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, 60), ({"gc_deletes": "1h"}, 3600), ({"gc_deletes": "500ms"}, 0.5), ({"gc_deletes": "7200s"}, 7200),
     ({"gc_deletes": "1.5m"}, 90), ({"gc_deletes": "-1"}, 0), ({"gc_deletes": "soon"}, 0)],
)  # fmt: skip
def test_time_values(settings: dict[str, object], expected: float) -> None:
    """Elasticsearch's time units; its default when unset; nothing is promised for what isn't understood."""
    assert gc_deletes_s(settings) == expected
