"""ingest.sinks.hbase.options: what a user may configure."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"columns": {"amount": "amount"}}, "expected family:qualifier"),
        ({"columns": {"d:": "amount"}}, "expected family:qualifier"),
        ({"family": "a:b"}, "printable"),
        ({"family": ".d"}, "printable"),
        ({"family": ""}, "at least 1"),
        ({"family": None}, "name a family"),
        ({"timestamps": "clock"}, "version"),
        ({"famly": "d"}, "Extra inputs"),
    ],
)
def test_mistakes_are_refused(given: dict[str, Any], message: str) -> None:
    """Each mistake in a target is refused with a text that says which."""
    with pytest.raises(ValidationError, match=message):
        HbaseTarget.model_validate({"table": "t", **given})


def test_families() -> None:
    """The families written to: of the columns, and of all other fields."""
    assert HbaseTarget(table="t").families == ("d",)
    assert HbaseTarget(table="t", columns={"e:x": "x", "c:y": "y"}).families == ("c", "d", "e")
    assert HbaseTarget(table="t", family=None, columns={"e:x": "x"}).families == ("e",)


def test_defaults() -> None:
    """The documented defaults."""
    options = HbaseOptions(type="hbase")
    assert (options.port, options.transport, options.protocol, options.timeout_ms) == (
        9090,
        "buffered",
        "binary",
        30_000,
    )
    target = HbaseTarget(table="{table}")
    assert (target.target_template, target.routing_field, target.row_key) == ("{table}", None, "{key}")
