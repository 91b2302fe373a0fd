"""Rules that own parts of documents: which part each row is, and where a part goes that moves."""

from __future__ import annotations

import pytest

from ingest.problems import DataProblem
from ingest.rules.parse import parse_rule
from ingest.rules.routes import RuleRoutes
from ingest.sinks.contract import Parts
from ingest.sinks.elasticsearch.options import ElasticsearchTarget, PartOptions
from ingest.slices import Kind
from tests.unit.rules.tables import compiled, run, table_rule
from tests.unit.rules.test_places import PAIR

LINES = ElasticsearchTarget(index="orders", write=PartOptions(part="lines", into="lines", key=("position", "country")))
ADDRESS = ElasticsearchTarget(index="orders", write=PartOptions(part="address", into="address"))
ROW = [7, 2, "de", "x", None]


def rule(target: ElasticsearchTarget, **options: object):
    return table_rule(to=target, id=("order_id",), fields=("code",), **options)


def test_each_row_is_a_part() -> None:
    """The document's key is the rule's id; the part's is that of the part's own columns, "" where there is but one."""
    changes = [(Kind.INSERT, None, ROW), (Kind.DELETE, ROW, None)]
    operations = run(rule(LINES), changes, schema=PAIR)
    assert list(operations.keys) == ["7", "7"]
    assert operations.parts == Parts("lines", ["2|de", "2|de"])
    one = run(rule(ADDRESS), changes, schema=PAIR)
    assert one.parts is not None
    assert (one.parts.name, list(one.parts.keys)) == ("address", ["", ""])
    assert run(table_rule(fields=("code",)), changes, schema=PAIR).parts is None


def test_a_part_has_a_key() -> None:
    """A row whose part's key is NULL stops the lane by name."""
    target = ElasticsearchTarget(index="t", write=PartOptions(part="p", into="p", key=("note",)))
    with pytest.raises(DataProblem, match=r"bad_row.*part's key column 'note' is NULL"):
        run(rule(target), [(Kind.INSERT, None, ROW)], schema=PAIR)


def test_the_part_is_in_the_identity() -> None:
    """An update of the part's key, or of the document's, arrives as a deletion of the old part and a new one: the columns
    of both decide the place, so the tail keeps the last change of each part (invariant 3)."""
    [route] = RuleRoutes([parse_rule(0, rule(LINES))]).routes(PAIR)
    assert (route.key_columns, route.place_columns) == ((0,), (1, 2))
    assert {0, 1, 2} <= set(compiled(rule(LINES), PAIR).before_columns)


def test_the_versions_have_their_field() -> None:
    """A column of that name can't be a field of a part."""
    schema = PAIR.__class__(
        PAIR.name, (*PAIR.columns[:4], PAIR.columns[4].__class__("ingest_parts", 3, 0, True)), (0, 1)
    )
    with pytest.raises(DataProblem, match="ingest_parts"):
        compiled(table_rule(to=ElasticsearchTarget(index="t", write=PartOptions(part="p"))), schema)
    compiled(
        table_rule(to=ElasticsearchTarget(index="t", write=PartOptions(part="p")), exclude=("ingest_parts",)), schema
    )
