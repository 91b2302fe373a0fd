"""Dead letters of documents that are made of parts: one item says several rows, and each of them is kept."""

from __future__ import annotations

from ingest.binlog.slice_decoder import PureSliceDecoder
from ingest.config.model import ElasticsearchTableRule
from ingest.dead_letters.origin import letter_of, name_of, origins
from ingest.lane.applier import ParcelApplier
from ingest.rules.parse import parse_rule
from ingest.sinks.contract import ItemResult, Outcome
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget, PartOptions
from ingest.sinks.elasticsearch.parts.encode import PartEncoder
from ingest.slices import Parcel
from ingest.version import split_version
from tests.kit.letter_world import Change, slice_of_changes

LINES = ElasticsearchTableRule(
    tables=("shop.t",),
    id=("bad",),
    to=ElasticsearchTarget(index="orders", write=PartOptions(part="lines", into="lines", key=("id",))),
)
HEAD = ElasticsearchTableRule(
    tables=("shop.t",),
    id=("bad",),
    fields=("n",),
    to=ElasticsearchTarget(index="orders", write=PartOptions(part="head")),
)
REFUSED = ItemResult(Outcome.POISON, "mapping", "no")


def test_every_part_that_an_item_says_is_a_letter() -> None:
    """Invariant 1: an update of several parts that the sink refuses loses none of its rows; of one part's several changes
    the newest is kept, under its own version."""
    rules = [LINES, HEAD]
    options = ElasticsearchOptions(type="elasticsearch", urls=("http://h:9200",))
    applier = ParcelApplier(
        [parse_rule(index, rule) for index, rule in enumerate(rules)],
        PureSliceDecoder("null"),
        PartEncoder(options, [rule.to for rule in rules]),
    )
    changes = [(1, Change(1, 1, False)), (2, Change(2, 2, False)), (3, Change(1, 3, False)), (4, Change(9, 4, True))]
    lines, head = slice_of_changes(changes), slice_of_changes(changes)
    head = type(head)(1, *[getattr(head, name) for name in head.__slots__ if name != "rule"])
    prepared = applier.prepare(Parcel("lane", 0, 5, 1, (lines, head), 4))
    items = {item.key: item for request in prepared.requests for item in request.items}
    assert set(items) == {"0", "1"}
    found = origins(prepared.applied, {name_of(item) for item in items.values()})
    letters = [
        letter_of("lane", items["0"], origin, REFUSED, whole=False, buried_us=1)
        for origin in found[name_of(items["0"])]
    ]
    kept = sorted((letter.row.rule, letter.stamp.position, split_version(letter.version)[1]) for letter in letters)
    assert kept == [(0, 2, 2), (0, 3, 3), (1, 3, 3)]
    assert len({letter.change for letter in letters}) == 3
    assert len(found[name_of(items["1"])]) == 2
