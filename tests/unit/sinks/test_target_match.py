"""ingest.sinks.target_match: rendered names back to the rule's target."""

from __future__ import annotations

import pytest

from ingest.sinks.elasticsearch.options import ElasticsearchTarget
from ingest.sinks.target_match import target_of

TARGETS = [
    ElasticsearchTarget(index=template)
    for template in ("{database}-{table}", "orders-{station}", "orders-eu-{station}", "orders", "a.b")
]


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("orders", "orders"),
        ("orders-7", "orders-{station}"),
        ("orders-eu-7", "orders-eu-{station}"),
        ("shop-items", "{database}-{table}"),
        ("a.b", "a.b"),
        ("axb", None),
    ],
)
def test_most_specific_template_wins(name: str, template: str | None) -> None:
    """A name belongs to the fitting template with the most literal characters, or to none."""
    found = target_of(name, TARGETS)
    assert (found.index if found else None) == template
