"""The native encoders against the pure ones: the same requests byte for byte, or problems with the same code."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.native import core
from ingest.native.request_encoder import NativeEncoder, blackhole_encoder, elasticsearch_encoder, hbase_encoder
from ingest.problems import DataProblem
from ingest.sinks.blackhole.encode import BlackholeEncoder
from ingest.sinks.blackhole.options import BlackholeOptions
from ingest.sinks.contract import Encoder, Operations, PackedItems, Provenance, Request, body_of, keys_of
from ingest.sinks.elasticsearch.encode import ElasticsearchEncoder
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.hbase.encode import HbaseEncoder, commit_ms_of, timestamp_of
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget
from ingest.sinks.operation_columns import Same, TextColumn
from ingest.slices import TransactionStamp
from tests.kit.sink_operations import operations_of

pytestmark = pytest.mark.skipif(core() is None, reason="the native core isn't built")


def field(name: str, kind: pa.DataType, mysql: str = "", fsp: int | None = None) -> pa.Field:
    metadata = {b"mysql.type": mysql.encode()} if mysql else {}
    if fsp is not None:
        metadata[b"mysql.fsp"] = str(fsp).encode()
    return pa.field(name, kind, metadata=metadata)


FEW_DIGITS = st.builds(lambda number, digits: number / 10**digits, st.integers(-(10**11), 10**11), st.integers(0, 7))
TIES = st.builds(lambda number, unit: 2.0**50 + number * unit, st.integers(0, 2**40), st.sampled_from([0.25, 0.5, 4.0]))
MOMENTS = st.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31))
TEXTS = st.text(max_size=6) | st.sampled_from(['a"b\\', "\n\t\x1f\x7f", "é€😀"])
JSON = st.sampled_from(["null", '{"a": [1, 2.50]}', '"x"', "[]"])
POINT = struct.pack("<IBIdd", 0, 1, 1, 1.5, -2)
FIELDS: list[tuple[pa.Field, st.SearchStrategy[Any]]] = [
    (field("tiny", pa.int8()), st.integers(-128, 127)),
    (field("big", pa.int64()), st.integers(-(2**63), 2**63 - 1)),
    (field("ubig", pa.uint64()), st.integers(0, 2**64 - 1)),
    (field("year", pa.uint16(), "year"), st.sampled_from([0, 7, 1901, 2155])),
    (field("whole", pa.decimal128(38, 0)), st.integers(-(10**38) + 1, 10**38 - 1).map(Decimal)),
    (field("price", pa.decimal128(10, 2)), st.integers(-(10**10) + 1, 10**10 - 1).map(lambda n: Decimal(n).scaleb(-2))),
    (field("small", pa.decimal128(18, 18)), st.integers(-99, 99).map(lambda n: Decimal(n).scaleb(-18))),
    (
        field("wide", pa.decimal256(65, 30)),
        st.integers(-(10**65) + 1, 10**65 - 1).map(lambda n: Decimal((n < 0, tuple(map(int, str(abs(n)))), -30))),
    ),
    (field("double", pa.float64()), st.floats(allow_nan=False, allow_infinity=False) | FEW_DIGITS | TIES),
    (field("float", pa.float32()), st.floats(allow_nan=False, allow_infinity=False, width=32)),
    (field("risky", pa.float64()), st.sampled_from([1.0, 2.5] * 20 + [float("nan"), float("inf")])),
    (field("name", pa.string(), "varchar"), TEXTS),
    (field('we"ird %s', pa.string()), TEXTS),
    (field("json", pa.string(), "json"), JSON),
    (field("blob", pa.binary(), "blob"), st.binary(max_size=8)),
    (field("place", pa.binary(), "geometry"), st.just(POINT)),
    (field("set", pa.list_(pa.string()), "set"), st.lists(st.sampled_from("ab"), max_size=2)),
    (field("vector", pa.list_(pa.float32()), "vector"), st.lists(st.sampled_from([1.0, 0.5]), max_size=2)),
    (field("flag", pa.bool_()), st.booleans()),
    (field("day", pa.date32(), "date"), st.dates()),
    *((field(f"at{fsp}", pa.timestamp("us"), "datetime", fsp), MOMENTS) for fsp in (0, 3, 6)),
    (field("free", pa.timestamp("us")), MOMENTS),
    (field("second", pa.timestamp("s")), MOMENTS.map(lambda moment: moment.replace(microsecond=0))),
    (field("changed", pa.timestamp("us", "UTC"), "timestamp", 2), MOMENTS),
    (field("ago", pa.timestamp("us")), st.sampled_from([0, -1, -(10**16)])),
    *((field(f"span{fsp}", pa.duration("us"), "time", fsp), st.integers(-(10**13), 10**13)) for fsp in (0, 4, 6)),
]  # fmt: skip
STAMPS = st.builds(
    TransactionStamp,
    st.sampled_from(["3e11fa47-71ca-11e1-9e33-c80aa9429562:7", "3e11fa47-71ca-11e1-9e33-c80aa9429562:tag:7"]),
    st.sampled_from([0, 1_704_164_645_123_456, 253_402_300_799_999_999, 253_402_300_800_000_000, 2**64 - 1]),
    st.sampled_from(["binlog.000001", 'b"\\in\x01é']),
    st.sampled_from([4, 2**32, 2**64 - 1]),
)
KEYS = st.text(max_size=3) | st.sampled_from(["k1", "k2", 'a"|\\'])


@st.composite
def operations(draw: Any, rule: int) -> Operations:
    """Up to eight operations with up to six fields of any types, as lists or as columns."""
    fields = draw(st.lists(st.sampled_from(FIELDS), max_size=6, unique_by=lambda pair: pair[0].name))
    count = draw(st.integers(0, 8))
    deletes = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    if draw(st.booleans()):
        deletes = [False] * count
    columns = []
    for one, values in fields:
        drawn = draw(st.lists(st.none() | values, min_size=count, max_size=count))
        masked = [None if delete else value for delete, value in zip(deletes, drawn, strict=True)]
        ahead = draw(st.integers(0, 2))  # an array that begins inside its buffers
        columns.append(pa.array([None] * ahead + masked, one.type)[ahead:])
    schema = pa.schema([one for one, _ in fields])
    documents = (
        pa.RecordBatch.from_arrays(columns, schema=schema) if fields else pa.record_batch([pa.nulls(count)], ["n"])
    )
    made = Operations(
        rule=rule,
        keys=draw(st.lists(KEYS, min_size=count, max_size=count)),
        versions=draw(st.lists(st.integers(1, 2**63 - 1), min_size=count, max_size=count)),
        deletes=deletes,
        targets=draw(st.lists(st.sampled_from(["t", 'T"2']), min_size=count, max_size=count)),
        routings=draw(st.lists(st.none() | TEXTS, min_size=count, max_size=count)),
        documents=documents,
        sources=list(range(count)),
    )
    made = as_columns(made) if draw(st.booleans()) else made
    return draw(with_provenance(made)) if draw(st.booleans()) else made


@st.composite
def with_provenance(draw: Any, made: Operations) -> Operations:
    """The same operations as of some rows of a slice with a few transactions."""
    stamps = draw(st.lists(STAMPS, min_size=1, max_size=3))
    count, ahead = len(made.keys), draw(st.integers(0, 2))
    numbers = draw(st.lists(st.integers(0, len(stamps) - 1), min_size=count + ahead, max_size=count + ahead))
    provenance = Provenance(
        draw(st.sampled_from(["shop.orders", 'sh"op.né'])),
        b"".join(stamp.pack() for stamp in stamps),
        struct.pack(f"<{count + ahead}I", *numbers),
    )
    rows = range(ahead, count + ahead)
    forms = [rows, list(rows), memoryview(struct.pack(f"<{count}q", *rows)).cast("q")]
    sources = forms[draw(st.integers(0, 2))]
    return replace(made, sources=sources, provenance=provenance)


def as_columns(made: Operations) -> Operations:
    """The same rows as columns, all for one target and without deletes and routings."""
    count = len(made.keys)
    return replace(
        made,
        keys=TextColumn(pa.array(["ahead", *made.keys], pa.string())[1:]),
        versions=memoryview(struct.pack(f"<{count}Q", *made.versions)).cast("Q"),
        deletes=Same(False, count),
        targets=Same("t", count),
        routings=Same(None, count),
        sources=range(count),
    )


PARCELS = st.tuples(operations(0), operations(1))


def outcome(encoder: Encoder[bytes], parcel: Sequence[Operations]) -> object:
    """What comes out, in a form that can be compared."""
    try:
        return [list(request.items) for request in encoder.encode(parcel)]
    except DataProblem as problem:
        return problem.code.name, problem.what, problem.where


def newest_outcome(encoder: Encoder[bytes], parcel: Sequence[Operations]) -> object:
    """What comes out when only the newest operation of each document counts."""
    try:
        encoded = encoder.encode_newest(parcel)
    except DataProblem as problem:
        return problem.code.name, problem.what, problem.where
    requests = [list(request.items) for request in encoded.requests]
    return requests, encoded.upserts, encoded.deletes, encoded.coalesced


def check(pure: Encoder[bytes], native: Encoder[bytes], parcel: Sequence[Operations]) -> None:
    """Both give the same; what the native one gives is packed, and says the same of all its items at once."""
    assert isinstance(native, NativeEncoder)
    assert newest_outcome(native, parcel) == newest_outcome(pure, parcel)
    assert outcome(native, parcel) == outcome(pure, parcel)
    if isinstance(outcome(pure, parcel), tuple):
        return
    for request in native.encode(parcel):
        plain: Request[bytes] = Request(list(request.items))
        assert isinstance(request.items, PackedItems)
        assert keys_of(request) == [item.key for item in request.items]
        assert (request.size_bytes, request.targets) == (plain.size_bytes, plain.targets)
        assert body_of(request) == body_of(plain)
        assert timestamp_of(request) == timestamp_of(plain)
        sizes = [len(item.key.encode()) for item in plain.items]
        assert (request.items.key_bytes_min, request.items.key_bytes_max) == (min(sizes), max(sizes))


@given(PARCELS, st.integers(1, 20), st.sampled_from([1000, 100_000]))
@settings(deadline=None, max_examples=settings.default.max_examples * 300 // 100)
def test_elasticsearch_same_as_pure(parcel: Sequence[Operations], items: int, size: int) -> None:
    """Any operations, whole documents and upserts, cut anywhere."""
    options = ElasticsearchOptions.model_construct(bulk_items=items, bulk_bytes=size)
    targets = [ElasticsearchTarget(index="t"), ElasticsearchTarget(index="t", write="upsert")]
    check(ElasticsearchEncoder(options, targets), elasticsearch_encoder(options, targets), parcel)


@given(PARCELS, st.integers(1, 20), st.sampled_from([1000, 100_000]))
@settings(deadline=None, max_examples=settings.default.max_examples * 300 // 100)
def test_hbase_same_as_pure(parcel: Sequence[Operations], items: int, size: int) -> None:
    """Any operations, deleted by row and by column, cut anywhere."""
    options = HbaseOptions.model_construct(batch_rows=items, batch_bytes=size)
    targets = [
        HbaseTarget(table="t"),
        HbaseTarget(table="t", delete="columns", columns={"x:from": "origin"}, source_field="origin"),
    ]
    check(HbaseEncoder(options, targets), hbase_encoder(options, targets), parcel)


@given(PARCELS, st.integers(1, 20), st.sampled_from(["nothing", "json"]))
@settings(deadline=None)
def test_blackhole_same_as_pure(parcel: Sequence[Operations], items: int, encode: str) -> None:
    """Any operations, with documents or without, cut anywhere."""
    options = BlackholeOptions.model_construct(batch_items=items, encode=encode)
    check(BlackholeEncoder(options), blackhole_encoder(options), parcel)


def test_a_key_that_is_no_text() -> None:
    """Half a surrogate pair is the pure encoder's problem."""
    options, targets = (
        ElasticsearchOptions.model_construct(bulk_items=9, bulk_bytes=99),
        [ElasticsearchTarget(index="t")],
    )
    with pytest.raises(DataProblem, match=r"sink\.key_not_text"):
        elasticsearch_encoder(options, targets).encode([operations_of([("x\ud800", 1, {})])])


def test_what_the_core_has_no_text_for() -> None:
    """A year before 0 goes to the pure encoder, which has one."""
    options, targets = (
        ElasticsearchOptions.model_construct(bulk_items=9, bulk_bytes=99),
        [ElasticsearchTarget(index="t")],
    )
    documents = pa.record_batch({"ago": pa.array([-(10**17)], pa.timestamp("us"))})
    parcel = [replace(operations_of([("k", 1, {})]), documents=documents)]
    [request] = elasticsearch_encoder(options, targets).encode(parcel)
    assert not isinstance(request.items, PackedItems)
    assert outcome(elasticsearch_encoder(options, targets), parcel) == outcome(
        ElasticsearchEncoder(options, targets), parcel
    )


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 10**15)), min_size=1, max_size=6))
@settings(deadline=None)
def test_commit_times_same_as_pure(rows: list[tuple[int, int]]) -> None:
    """Requests of either encoder have the same commit time, whole and in part: their newest, in milliseconds."""
    options = HbaseOptions.model_construct(batch_rows=4, batch_bytes=100_000)
    targets = [HbaseTarget(table="t", timestamps="commit_time")]
    stamps = b"".join(TransactionStamp("u:1", commit_us + 1_000, "f", 4).pack() for _, commit_us in rows)
    made = operations_of([(f"k{key}", 9 + place, {"id": key}) for place, (key, _) in enumerate(rows)])
    parcel = [replace(made, provenance=Provenance("s.t", stamps, struct.pack(f"<{len(rows)}I", *range(len(rows)))))]
    for encode in (hbase_encoder(options, targets).encode, HbaseEncoder(options, targets).encode):
        at = 0
        for request in encode(parcel):
            commits = [commit_us + 1_000 for _, commit_us in rows[at : at + len(request.items)]]
            at += len(commits)
            assert commit_ms_of(request) == max(commits) // 1000
            assert commit_ms_of(request.only([0])) == commits[0] // 1000
