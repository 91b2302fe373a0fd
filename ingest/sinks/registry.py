"""The kinds of sinks: what is configured of each, how documents become requests, what it promises.

Drivers, which do I/O, are made by ``actors.drivers.open_driver``. To add a sink: its options in the two unions, an
entry in ``SINK_KINDS``, a case in ``stored_fields`` and in ``open_driver``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from ingest.config.fields import Options
from ingest.native.request_encoder import blackhole_encoder, elasticsearch_encoder, hbase_encoder
from ingest.sinks.blackhole.counts import RowCounts
from ingest.sinks.blackhole.options import BlackholeOptions, BlackholeTarget
from ingest.sinks.contract import Encoder
from ingest.sinks.elasticsearch import encode as elasticsearch
from ingest.sinks.elasticsearch.options import ElasticsearchOptions, ElasticsearchTarget
from ingest.sinks.hbase import encode as hbase
from ingest.sinks.hbase.options import HbaseOptions, HbaseTarget
from ingest.sinks.state import SinkState
from ingest.sinks.stored import StoredFields
from ingest.sinks.target_match import fitting

SinkOptions = ElasticsearchOptions | HbaseOptions | BlackholeOptions
SinkTarget = ElasticsearchTarget | HbaseTarget | BlackholeTarget


@dataclass(frozen=True, slots=True)
class SinkKind:
    """A kind of sink: its ``type`` in the configuration, the models of its options and of a rule's target, what it
    promises, the extra that installs its client (None: needs none), and what makes a lane's encoder of the options
    and the ``to`` of each rule, by rule number (TypeError when they are another sink's, which no ``Config`` allows).
    ``state``: a new shard's state, where the options say that the sink keeps some (``ingest.sinks.state``).
    """

    name: str
    options: type[Options]
    target: type[Options]
    promise: str
    extra: str | None
    encoder: Callable[[SinkOptions, Sequence[SinkTarget]], Encoder[bytes]]
    state: Callable[[SinkOptions], SinkState | None] = lambda _options: None


TargetT = TypeVar("TargetT", ElasticsearchTarget, HbaseTarget, BlackholeTarget)


def targets_of(kind: type[TargetT], targets: Sequence[SinkTarget]) -> list[TargetT]:
    """The targets, all of one kind. TypeError when one isn't."""
    found = [target for target in targets if isinstance(target, kind)]
    if len(found) != len(targets):
        raise TypeError(f"a target isn't a {kind.__name__}")
    return found


def _elasticsearch(options: SinkOptions, targets: Sequence[SinkTarget]) -> Encoder[bytes]:
    if not isinstance(options, ElasticsearchOptions):
        raise TypeError(f"not Elasticsearch's options: {type(options).__name__}")
    return elasticsearch_encoder(options, targets_of(ElasticsearchTarget, targets))


def _hbase(options: SinkOptions, targets: Sequence[SinkTarget]) -> Encoder[bytes]:
    if not isinstance(options, HbaseOptions):
        raise TypeError(f"not HBase's options: {type(options).__name__}")
    return hbase_encoder(options, targets_of(HbaseTarget, targets))


def _blackhole(options: SinkOptions, targets: Sequence[SinkTarget]) -> Encoder[bytes]:
    if not isinstance(options, BlackholeOptions):
        raise TypeError(f"not the blackhole's options: {type(options).__name__}")
    return blackhole_encoder(options)


def _counts(options: SinkOptions) -> RowCounts | None:
    return RowCounts() if isinstance(options, BlackholeOptions) and options.counts else None


SINK_KINDS = (
    SinkKind(
        "elasticsearch",
        ElasticsearchOptions,
        ElasticsearchTarget,
        "Exactly once in effect: every document carries its change's version, and an older or repeated write is "
        "refused by the server; deletions are remembered for gc_deletes_s. Parts of documents (write = { part = ... }): "
        'the same for each part, whose versions stay in the document; with when_empty = "delete" only while some part '
        'is there. With write = "upsert": at least once, and fields may show an older value until a replay has caught up.',
        "elasticsearch",
        _elasticsearch,
    ),
    SinkKind(
        "hbase",
        HbaseOptions,
        HbaseTarget,
        "Exactly once in effect: cells carry the change's version as timestamp, and an older or repeated write lies "
        "beneath. A row's new values and the removal of its emptied columns aren't seen in one step.",
        "hbase",
        _hbase,
    ),
    SinkKind(
        "blackhole",
        BlackholeOptions,
        BlackholeTarget,
        "Keeps nothing; with counts = true, how many row changes passed, exactly.",
        None,
        _blackhole,
        _counts,
    ),
)
"""Every kind, by which the configuration and the reference page list them."""


def sink_kind(name: str) -> SinkKind:
    """The kind with this ``type``. KeyError for a name that no configuration can hold."""
    return {kind.name: kind for kind in SINK_KINDS}[name]


def sink_state(options: SinkOptions) -> SinkState | None:
    """A new shard's state, or None for a sink that keeps none."""
    return sink_kind(options.type).state(options)


def state_name(options: SinkOptions) -> str:
    """What a lane with this sink keeps beside its frontier, "" for nothing."""
    state = sink_state(options)
    return state.name if state is not None else ""


def source_names(target: str, targets: Sequence[SinkTarget]) -> frozenset[str]:
    """The stored names of what says where documents of an index or table came from; ``targets``: the ``to`` of a lane's
    rules."""
    names: set[str] = set()
    for one in fitting(target, targets):
        if isinstance(one, HbaseTarget) and one.source is not None:
            names.update(hbase.column_of(one.source, one))
        elif isinstance(one, ElasticsearchTarget) and one.source is not None:
            names.add(one.source)
    return frozenset(names)


def stored_fields(target: SinkTarget, documents: pa.RecordBatch) -> Sequence[StoredFields]:
    """What a driver must read back of each document written by a rule with this target (``ingest.sinks.stored``)."""
    if isinstance(target, ElasticsearchTarget):
        return elasticsearch.stored_fields(documents)
    if isinstance(target, HbaseTarget):
        return hbase.stored_fields(documents, target)
    return [{} for _ in range(documents.num_rows)]
