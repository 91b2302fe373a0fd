"""ingest.config.part_rules: what rules that write parts of one index's documents must agree on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.config.load import load
from ingest.problems import ProblemGroup

EXAMPLE = (Path(__file__).parents[3] / "configs" / "order_in_parts.toml").read_text(encoding="utf-8")
ADDRESS = '{ part = "address", into = "address" }'
LINES = '{ part = "lines", into = "lines", key = ["line_no"] }'


def mistakes(text: str) -> dict[str, str]:
    """What is wrong, by path."""
    with pytest.raises(ProblemGroup) as caught:
        load(text, syntax="toml", origin="x")
    return {str(problem.where["path"]): problem.what for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("old", "new", "rule", "said"),
    [
        (ADDRESS, '"document"', 1, "this rule whole ones"),
        (ADDRESS, '"upsert"', 1, "this rule whole ones"),
        ('part = "address"', 'part = "lines"', 2, "owns the part 'lines'"),
        ('into = "address"', 'into = "total"', 1, "writes the field 'total'"),
        ('into = "lines"', 'into = "address"', 2, "writes the field 'address'"),
        (', into = "address"', "", None, ""),
        ('into = "address" }', 'into = "address", when_empty = "delete" }', 1, "agree on when_empty"),
        ('key = ["line_no"] }', 'key = ["line_no"] }, create = false', 2, "agree on create"),
        ('key = ["line_no"] }', 'key = ["line_no"] }, routing = "x"', 2, "agree on routing"),
        ('key = ["line_no"] }', 'key = ["line_no"] }, settings = { a = 1 }', 2, "gives mapping or settings"),
        ('shop.order_lines"\nid = ["order_id"]', 'shop.order_lines"\nid = ["a", "b"]', 2, "columns in id"),
    ],
)
def test_rules_of_one_index(old: str, new: str, rule: int | None, said: str) -> None:
    """Each disagreement is told at its rule."""
    assert old in EXAMPLE
    changed = EXAMPLE.replace(old, new)
    if rule is None:
        load(changed, syntax="toml", origin="x")
    else:
        assert said in mistakes(changed)[f"lanes.orders.rules[{rule}]"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('into = "lines", key', "key", "key needs into"),
        ('into = "lines"', 'into = "a.b"', "without dots"),
        ('into = "lines"', 'into = "ingest_parts"', "without dots"),
        ('part = "lines", ', "", "missing"),
        ("order_no AS orderNo", "order_no AS ingest_parts", "holds the versions"),
        ('write = { part = "order" }', 'write = "index"', "expected one of document, upsert"),
    ],
)
def test_parts_that_will_not_do(old: str, new: str, said: str) -> None:
    """A part by itself is checked too."""
    assert any(said in what for what in mistakes(EXAMPLE.replace(old, new)).values())


def test_lanes_share_documents_with_parts_of_their_own() -> None:
    """Parts of one document may come from two lanes, but no part does: its versions would be incomparable."""
    lane = '[lanes.more]\ncluster = "shop"\nsink = "search"\n[[lanes.more.rules]]\ntables = ["shop.notes"]\nid = ["order_id"]\n'
    own = f'{EXAMPLE}\n{lane}to = {{ index = "orders", write = {{ part = "notes", into = "notes" }} }}\n'
    load(own, syntax="toml", origin="x")
    assert "owns the part 'lines'" in mistakes(own.replace('part = "notes"', 'part = "lines"'))["lanes.more.rules[0]"]
    load(own.replace('index = "orders", write = { part = "notes"', 'index = "other", write = { part = "lines"'),
         syntax="toml", origin="x")  # fmt: skip


def test_two_parts_of_one_table() -> None:
    """One table may give two parts of a document; whole documents from two rules would overwrite each other."""
    twice = EXAMPLE.replace("SELECT city, street FROM shop.addresses", "SELECT city FROM shop.orders").replace(
        'id = ["order_id"]\nto = { index = "orders", write = { part = "address"',
        'to = { index = "orders", write = { part = "address"',
    )
    load(twice, syntax="toml", origin="x")
