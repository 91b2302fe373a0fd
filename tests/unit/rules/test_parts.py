"""Rules that own parts of documents: which part each row is, and where a part goes that moves."""

from __future__ import annotations

import pytest

from ingest.binlog.walker import KEY_NULL
from ingest.codec import RowBlock
from ingest.lane.document_changes import document_changes
from ingest.lane.routing import RuleRoute
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


PARENTED = PAIR.__class__(PAIR.name, (PAIR.columns[0].__class__("order_id", 8, 0, True), *PAIR.columns[1:]), (1,))
ORPHAN = [None, 2, "de", "x", None]


@pytest.mark.parametrize("tail", [False, True])
def test_a_row_of_no_document(tail: bool) -> None:
    """A row whose document's id is NULL belongs to none: it is counted; where it belonged to one, that loses its part."""
    changes = [
        (Kind.INSERT, None, ORPHAN),
        (Kind.INSERT, None, ROW),
        (Kind.DELETE, ORPHAN, None),
        (Kind.UPDATE, ORPHAN, ORPHAN),
    ]
    operations = run(rule(LINES), changes, tail, schema=PARENTED)
    assert (list(operations.keys), list(operations.deletes)) == (["7"], [False])
    assert operations.dropped == {"no_document": 3}
    moved = run(rule(LINES), [(Kind.DELETE, ROW, None), (Kind.INSERT, None, ORPHAN)], tail, schema=PARENTED)
    assert (list(moved.keys), list(moved.deletes)) == (["7"], [True])
    with pytest.raises(DataProblem, match="bad_row"):
        run(table_rule(id=("order_id",), fields=("code",)), [(Kind.INSERT, None, ORPHAN)], schema=PARENTED)


def test_filtered_and_nowhere_are_told_apart() -> None:
    """Each row that gives nothing has one reason (invariant 5)."""
    changes = [(Kind.INSERT, None, ORPHAN), (Kind.INSERT, None, ROW), (Kind.INSERT, None, [7, 9, "de", "x", None])]
    operations = run(rule(LINES, where="position = 2"), changes, schema=PARENTED)
    assert operations.dropped == {"no_document": 1, "filtered": 1}
    assert list(operations.sources) == [1]


class Cut:
    """Images that are their keys' text; "-" is NULL."""

    def keys(self, images, columns, after=None, null_text=None):
        if null_text is None and b"-" in images:
            raise DataProblem(KEY_NULL, "a key column is NULL")
        return ["|".join([null_text or "" if image == b"-" else image.decode()] * len(columns)) for image in images]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"7", b"-", [("7", Kind.DELETE), ("", Kind.INSERT)]),
        (b"-", b"7", [("", Kind.DELETE), ("7", Kind.INSERT)]),
        (b"-", b"-", [("", Kind.UPDATE)]),
        (b"7", b"7", [("7", Kind.UPDATE)]),
    ],
)
def test_the_reader_moves_parts_to_nowhere(before: bytes, after: bytes, expected: list[tuple[str, Kind]]) -> None:
    """A row that loses its document is deleted there; a NULL key is a problem where it may not be."""
    block = RowBlock(Kind.UPDATE, [b"1", before], [b"1", after])
    for route in (RuleRoute(0, (0,), (), "", True), RuleRoute(0, (0,), (1,), "", True)):
        changes: list = [[], []]
        document_changes(changes, Kind.UPDATE, block, Cut(), route, None)
        assert [(key, kind) for key, _, _, kind, _, _ in changes[1]] == expected
        assert len({identity for _, identity, *_ in changes[1]}) == len(expected)
    if b"-" in (before, after):
        with pytest.raises(DataProblem):
            document_changes([[], []], Kind.UPDATE, block, Cut(), RuleRoute(0, (0,)), None)
