"""A configuration's text to a ``Config``, or to every mistake in it at once.

    text --parse--> plain values --each part against its model--> parts --cross checks--> Config

Each part is checked whether or not the others are right, so that one run shows all mistakes. Which class a lane gets
depends on the sink that it names; a lane whose sink is unknown is checked as the kind that its rules look like.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter, ValidationError

from ingest.config.check import check_lane_text, check_parts, reference_mistakes
from ingest.config.checkpoint import CheckpointOptions
from ingest.config.codes import BAD_SYNTAX, CONFLICT, MISSING, UNKNOWN_KEY, WRONG_TYPE
from ingest.config.gaps import gap_mistakes
from ingest.config.model import (
    BlackholeLane,
    ClusterOptions,
    Config,
    ElasticsearchLane,
    HbaseLane,
    Lane,
    MetricsOptions,
    Name,
    SinkOptions,
)
from ingest.config.positions import Path, json_positions, toml_positions
from ingest.config.shapes import Mistake, mistakes, path_text, shown, suggestion
from ingest.problems import DataProblem, ProblemGroup

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Syntax = Literal["toml", "json"]

_LANES: dict[object, type[BaseModel]] = {
    "elasticsearch": ElasticsearchLane,
    "hbase": HbaseLane,
    "blackhole": BlackholeLane,
}
_NAMED_PARTS: dict[str, Any] = {"clusters": ClusterOptions, "sinks": SinkOptions}
_SINGLE_PARTS: dict[str, type[BaseModel]] = {"checkpoint": CheckpointOptions, "metrics": MetricsOptions}


def load(text: str, *, syntax: Syntax, origin: str) -> Config:
    """The configuration. ``origin`` names the file in messages. ProblemGroup of DataProblems (config.*), one for each
    mistake, with ``where`` holding origin, path, and line and column where they are known.
    """
    raw = _parse(text, syntax, origin)
    loading = _Loading(raw)
    config = loading.config()
    if config is not None:
        return config
    positions = toml_positions(text) if syntax == "toml" else json_positions(text)
    problems = []
    for mistake in loading.found:
        place: dict[str, object] = {"origin": origin, "path": path_text(mistake.path)}
        position = next((positions[p] for p in _upwards(mistake.path) if p in positions), None)
        if position is not None:
            place |= {"line": position.line, "column": position.column}
        problems.append(mistake.problem.with_where(**place))
    raise ProblemGroup(problems)


def _upwards(path: Path) -> list[Path]:
    return [path[:length] for length in range(len(path), 0, -1)]


def _parse(text: str, syntax: Syntax, origin: str) -> dict[str, Any]:
    """Text to plain values. ProblemGroup with the one syntax error there is."""
    try:
        raw = tomllib.loads(text) if syntax == "toml" else json.loads(text, object_pairs_hook=_once)
    except _TwiceError as error:
        raise ProblemGroup([DataProblem(CONFLICT, f"the key {error} is given twice", {"origin": origin})]) from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise ProblemGroup([DataProblem(BAD_SYNTAX, f"not valid {syntax}: {error}", {"origin": origin})]) from None
    except RecursionError:
        raise ProblemGroup([DataProblem(BAD_SYNTAX, "nested too deeply", {"origin": origin})]) from None
    if not isinstance(raw, dict):
        raise ProblemGroup([DataProblem(WRONG_TYPE, f"found {shown(raw, ())}, expected an object", {"origin": origin})])
    return raw


class _TwiceError(Exception):
    """A JSON object with a key twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _TwiceError(repr(key))
        result[key] = value
    return result


@dataclass
class _Loading:
    """One pass over a configuration: the parts that are right, and the mistakes of those that aren't."""

    raw: dict[str, Any]
    found: list[Mistake] = field(default_factory=list)

    def config(self) -> Config | None:
        """The configuration, or None: ``found`` says why."""
        self._unknown_parts()
        name = self._part(Name, "name") if "name" in self.raw else None
        named = {part: self._named(part, model) for part, model in _NAMED_PARTS.items()}
        lanes = self._lanes()
        single = {part: self._part(model, part) for part, model in _SINGLE_PARTS.items() if part in self.raw}
        self.found += reference_mistakes(self.raw)
        self.found += check_parts(named["clusters"], lanes)
        self.found += gap_mistakes(lanes, named["sinks"])
        if self.found:
            return None
        given = {"clusters": named["clusters"], "sinks": named["sinks"], "lanes": lanes, **single}
        if name is not None:
            given["name"] = name
        try:
            return Config(**given)
        except ValidationError as error:
            self.found += mistakes(error, self.raw, Config, ())
            return None

    def _unknown_parts(self) -> None:
        for key in self.raw:
            if key not in Config.model_fields:
                problem = DataProblem(UNKNOWN_KEY, f"unknown key {key!r}", hint=suggestion(key, Config.model_fields))
                self.found.append(Mistake((key,), problem))

    def _part(self, model: Any, *path: str | int) -> Any:
        """A validated part, None when it isn't valid."""
        value: Any = self.raw
        for step in path:
            value = value[step]
        try:
            return TypeAdapter(model).validate_json(json.dumps(value, default=str), strict=True)
        except ValidationError as error:
            self.found += mistakes(error, value, model, path)
            return None

    def _table(self, part: str) -> dict[str, Any]:
        value = self.raw.get(part)
        if value is None:
            self.found.append(Mistake((part,), DataProblem(MISSING, f"the key {part!r} is missing")))
        elif not isinstance(value, dict):
            found = DataProblem(WRONG_TYPE, f"found {shown(value, (part,))}, expected a table of {part} by name")
            self.found.append(Mistake((part,), found))
        elif not value:
            self.found.append(Mistake((part,), DataProblem(MISSING, f"{part} is empty: define at least one")))
        if not isinstance(value, dict):
            return {}
        for name in value:
            self._check_name(part, name)
        return value

    def _check_name(self, part: str, name: str) -> None:
        try:
            TypeAdapter(Name).validate_python(name)
        except ValidationError as error:
            self.found += [Mistake((part, name), one.problem) for one in mistakes(error, name, Name, ())]

    def _named(self, part: str, model: object) -> dict[str, Any]:
        valid = {name: self._part(model, part, name) for name in self._table(part)}
        return {name: value for name, value in valid.items() if value is not None}

    def _lanes(self) -> dict[str, Lane]:
        lanes: dict[str, Lane] = {}
        for name, value in self._table("lanes").items():
            valid = self._part(self._lane_class(value), "lanes", name)
            if isinstance(value, Mapping):
                self.found += check_lane_text(name, value)
            if valid is not None:
                lanes[name] = valid
        return lanes

    def _lane_class(self, lane: object) -> type[BaseModel]:
        sinks, name = self.raw.get("sinks"), lane.get("sink") if isinstance(lane, Mapping) else None
        sink = sinks.get(name) if isinstance(sinks, Mapping) and isinstance(name, str) else None
        chosen = _LANES.get(sink.get("type")) if isinstance(sink, Mapping) else None
        return chosen or _lane_class_by_look(lane)


def _lane_class_by_look(lane: object) -> type[BaseModel]:
    rules = lane.get("rules") if isinstance(lane, Mapping) else None
    for rule in rules if isinstance(rules, list) else []:
        to = rule.get("to") if isinstance(rule, Mapping) else None
        if isinstance(to, Mapping):
            return HbaseLane if "table" in to else ElasticsearchLane if "index" in to else BlackholeLane
    return ElasticsearchLane
