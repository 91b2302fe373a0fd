"""ingest.sinks.elasticsearch.options: what a user may configure."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget

PASSWORD = {"env": "P"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"urls": []}, "at least 1"),
        ({"urls": ["127.0.0.1:9200"]}, "expected http"),
        ({"urls": ["http://u:p@h:9200"]}, "no credentials"),
        ({"urls": ["http://h:9200?x=1"]}, "no query"),
        ({"urls": ["http://a", "https://b"]}, "all http or all https"),
        ({"urls": ["https://a"], "tls": {"mode": "disabled"}}, "disabled"),
        ({"user": "u"}, "go together"),
        ({"password": PASSWORD}, "go together"),
        ({"user": "u", "password": PASSWORD, "api_key": PASSWORD}, "either api_key"),
        ({"gc_deletes_s": 59}, "60"),
        ({"bulk_byte": 1}, "Extra inputs"),
    ],
)
def test_mistakes_are_refused(given: dict[str, Any], message: str) -> None:
    """Each mistake in the options is refused with a text that says which."""
    with pytest.raises(ValidationError, match=message):
        ElasticsearchOptions.model_validate({"type": "elasticsearch", "urls": ["http://h:9200"], **given})


def test_defaults() -> None:
    """The documented defaults."""
    options = ElasticsearchOptions.model_validate({"type": "elasticsearch", "urls": ["http://h:9200/"]})
    assert options.urls == ("http://h:9200",)
    assert (options.bulk_bytes, options.gc_deletes_s, options.tls.mode) == (8_000_000, 3_600, "verify_identity")
    target = ElasticsearchTarget(index="{table}", routing="customer_id")
    assert (target.target_template, target.routing_field, target.write, target.create) == (
        "{table}",
        "customer_id",
        "document",
        True,
    )
