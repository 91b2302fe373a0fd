"""What the sink's half costs: ``python -m tests.kit.sink_cost [rows] [insert|update]`` prints microseconds of CPU per row,
stage by stage, for a realistic table of 11 columns (the least of many runs). Not a test; for whoever makes it faster.
"""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ingest.binlog.slice_decoder import PureSliceDecoder
from ingest.codec import SliceDecoder
from ingest.config.fields import SOURCE_FIELD, SourceName
from ingest.config.model import ElasticsearchTableRule, HbaseTableRule
from ingest.lane.applier import ParcelApplier
from ingest.native import core
from ingest.native.request_encoder import elasticsearch_encoder, hbase_encoder
from ingest.native.slice_decoder import NativeSliceDecoder
from ingest.rules.compile import compile_rule
from ingest.rules.parse import ParsedRule, parse_rule
from ingest.schema import Column
from ingest.sinks.contract import Encoder
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget
from ingest.slices import Kind, Parcel, Slice
from ingest.version import version_base
from tests.kit.binlog_slices import slice_of
from tests.kit.value_bytes import datetime_bytes, decimal_bytes, image, schema_of, table_map, timestamp_bytes


def _column(name: str, kind: int, meta: int = 0, **more: Any) -> Column:
    return Column(name, kind, meta, nullable=name != "id", **more)


SCHEMA = schema_of(
    _column("id", 8, unsigned=True),
    _column("customer", 3),
    _column("status", 247, 247 | 1 << 8, collation=255, members=("new", "paid", "sent", "back")),
    _column("quantity", 2),
    _column("price", 246, 10 | 2 << 8),
    _column("name", 15, 400, collation=255),
    _column("note", 252, 2, collation=255),
    _column("weight", 5, 8),
    _column("placed", 18, 6),
    _column("changed", 17, 0),
    _column("coupon", 15, 80, collation=255),
    primary_key=(0,),
)
RUNS = 40


def _text(text: str, width: int) -> bytes:
    data = text.encode()
    return len(data).to_bytes(width, "little") + data


def _image(number: int) -> bytes:
    values: list[bytes | None] = [
        (10_000_000 + number).to_bytes(8, "little"),
        (number * 7919 % 100_000).to_bytes(4, "little"),
        bytes([number % 4 + 1]),
        (number % 9).to_bytes(2, "little"),
        decimal_bytes(Decimal(number % 100_000).scaleb(-2), 10, 2),
        _text(f"Müller & Sohn, Nr. {number}", 2),
        None if number % 3 == 0 else _text(f'Please ring "twice"\nand wait {number} minutes at the gate.', 2),
        None if number % 5 == 0 else struct.pack("<d", number / 8),
        datetime_bytes(
            (2024, number % 12 + 1, number % 28 + 1, number % 24, number % 60, 7), number * 17 % 1_000_000, 6
        ),
        timestamp_bytes(1_700_000_000 + number, 0, 0),
        None if number % 2 else _text("SPRING24", 1),
    ]
    return image(SCHEMA, values)


def realistic_slice(rows: int, kind: Kind = Kind.INSERT) -> Slice:
    """Rows of one table, each its own document."""
    images = [_image(number) for number in range(rows)]
    before = [b""] * rows if kind is Kind.INSERT else images
    return slice_of(table_map(SCHEMA), kind, before, images, b"\xff\x07", b"\xff\x07")


def elasticsearch(source: SourceName = SOURCE_FIELD) -> tuple[ParsedRule, Encoder[bytes]]:
    """Every column to one index."""
    target = ElasticsearchTarget(index="{table}", source_field=source)
    options = ElasticsearchOptions.model_validate({"type": "elasticsearch", "urls": ["http://h:9200"]})
    return parse_rule(0, ElasticsearchTableRule(tables=("shop.*",), to=target)), elasticsearch_encoder(
        options, [target]
    )


def hbase(source: SourceName = SOURCE_FIELD) -> tuple[ParsedRule, Encoder[bytes]]:
    """Every column to one family."""
    target = HbaseTarget(table="{table}", family="d", source_field=source)
    options = HbaseOptions.model_validate({"type": "hbase", "host": "h"})
    return parse_rule(0, HbaseTableRule(tables=("shop.*",), to=target)), hbase_encoder(options, [target])


def least_us(rows: int, function: Callable[[], object]) -> float:
    """Microseconds of this process's CPU per row, the least of many runs."""
    function()
    times = []
    for _ in range(RUNS):
        start = time.process_time_ns()
        function()
        times.append(time.process_time_ns() - start)
    return min(times) / 1000 / rows


def decoders() -> dict[str, SliceDecoder]:
    """Those that there are."""
    found = core()
    pure: dict[str, SliceDecoder] = {"pure": PureSliceDecoder()}
    return pure if found is None else {**pure, "native": NativeSliceDecoder(found)}


def measure(name: str, decoder: SliceDecoder, part: Slice) -> None:
    """Print a line per stage."""
    for sink, made in {"elasticsearch": elasticsearch, "hbase": hbase}.items():
        parsed, encoder = made()
        rule = compile_rule(parsed, decoder.schema_of(part))
        decoded = decoder.decode(part, rule.columns, rule.before_columns)
        versions = [version_base(1, ordinal) for ordinal in decoded.ordinals]
        operations = rule.apply(decoded, versions, False)
        parcel = Parcel("lane", 0, 1, 1, (part,), part.rows)
        applier = ParcelApplier([parsed], decoder, encoder)
        sourceless = ParcelApplier([parsed], decoder, made(False)[1])
        stages: dict[str, Callable[[], object]] = {
            "decode": lambda: decoder.decode(part, rule.columns, rule.before_columns),  # noqa: B023
            "apply": lambda: rule.apply(decoded, versions, False),  # noqa: B023
            "encode": lambda: encoder.encode_newest([operations]),  # noqa: B023
            "whole": lambda: applier.prepare(parcel),  # noqa: B023
            "whole without source_field": lambda: sourceless.prepare(parcel),  # noqa: B023
        }
        figures = ", ".join(f"{stage} {least_us(part.rows, run):.2f}" for stage, run in stages.items())
        print(f"{name} {sink}: {figures} µs per row")


def main() -> None:
    """See the module."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    kind = Kind[(sys.argv[2] if len(sys.argv) > 2 else "insert").upper()]
    part = realistic_slice(rows, kind)
    for name, decoder in decoders().items():
        measure(name, decoder, part)


if __name__ == "__main__":
    main()
