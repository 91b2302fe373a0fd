"""A status as JSON for programs: the dataclasses of ingest/status.py field by field, plus the lags worked out.

    {"clusters": [ClusterStatus...], "lag_bounds_ms": [0.5, ...]}

Each lane has ``applied``, ``open_letters``, ``figures`` and ``lag_ms`` (``{"p50": 5.2, "p99": 21.0}``, null when there was no transaction) besides its
fields; enums are their values. ``configs/commands.md`` lists every field (``shape`` makes that list).
"""

from __future__ import annotations

import dataclasses
import enum
import json
import typing
from collections.abc import Iterator, Mapping, Sequence

from ingest import status as model
from ingest.status import LAG_BOUNDS_MS, ClusterStatus, LaneStatus

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

QUANTILES = {"p50": 0.5, "p99": 0.99}


def to_json(statuses: Sequence[ClusterStatus], *, indent: int | None = None) -> str:
    """All clusters as one JSON object."""
    document = {"clusters": [_json(status) for status in statuses], "lag_bounds_ms": list(LAG_BOUNDS_MS)}
    return json.dumps(document, indent=indent, ensure_ascii=False)


def _json(value: object) -> Json:
    if isinstance(value, enum.Enum):
        return _json(value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _json(inner) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [_json(inner) for inner in value]
    if dataclasses.is_dataclass(value):
        fields: dict[str, Json] = {field.name: _json(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {**fields, **_worked_out(value)} if isinstance(value, LaneStatus) else fields
    raise TypeError(f"a status holds a {type(value).__name__}, which has no JSON form")


def _worked_out(lane: LaneStatus) -> dict[str, Json]:
    lag = lane.lag
    return {
        "applied": lane.applied,
        "open_letters": lane.open_letters,
        "figures": _json(lane.figures),
        "lag_ms": {name: lag.quantile_ms(share) for name, share in QUANTILES.items()},
    }


def shape() -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """(class, ((field, type), ...)) of every class in the JSON, outermost first: for the reference page."""
    for cls in (
        model.ClusterStatus, model.LaneStatus, model.ShardStatus, model.LetterStatus, model.ReaderStatus,
        model.HostStatus, model.ProcessStatus, model.LagHistogram,
    ):  # fmt: skip
        hints = typing.get_type_hints(cls)
        yield cls.__name__, tuple((field.name, _type_text(hints[field.name])) for field in dataclasses.fields(cls))


def _type_text(hint: object) -> str:
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return " \\| ".join(f'"{member.value}"' for member in hint)
    if isinstance(hint, type):
        return {"str": "string", "bool": "boolean", "int": "integer", "float": "number"}.get(
            hint.__name__, hint.__name__
        )
    arguments = [_type_text(one) for one in typing.get_args(hint)]
    origin = typing.get_origin(hint)
    if origin is Sequence:
        return f"list of {arguments[0]}"
    if origin is Mapping:
        return f"object of {arguments[1]} by name"
    return " or ".join("null" if one == "NoneType" else one for one in arguments)
