"""What pydantic finds wrong with a value, in the configuration's own words.

Pydantic names its classes and echoes what it found. Here each error becomes a DataProblem with the path as a user
writes it, the nearest valid name, what was expected; what was found is only shown where it can't be a secret.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ingest.config.codes import BAD_VALUE, MISSING, UNKNOWN_KEY, WRONG_TYPE
from ingest.config.fields import SecretRef
from ingest.config.positions import Path
from ingest.problems import DataProblem, ProblemCode

_EXPECTED_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "a string",
    "str": "a string",
    "tuple": "a list",
    "list": "a list",
    "dict": "a table",
    "model": "a table",
}
_SECRET_WORDS = ("password", "secret", "key", "token", "store", "credential")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A problem and the path it is at; the loader adds origin and line."""

    path: Path
    problem: DataProblem


def mistakes(error: ValidationError, raw: object, model: object, prefix: Path) -> list[Mistake]:
    """All that a validation of ``raw`` (found at ``prefix``) against the type ``model`` says, each place once."""
    by_path: dict[Path, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False, include_input=False):
        by_path.setdefault(_plain_path(details["loc"], raw), []).append(details)
    found = []
    for path, group in by_path.items():
        inner = any(len(other) > len(path) and other[: len(path)] == path for other in by_path)
        if inner and all(_is_type_error(one) or one["type"] == "too_short" for one in group):
            continue  # another variant of a union fits better; a list is short of its bad entries
        tagless = any(one["type"].startswith("union_tag") for one in group)
        place = (*path, "type") if tagless else path
        found.append(Mistake(prefix + place, _problem(group, place, raw, model)))
    return found


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like ``name``, or None."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return near[0] if near else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest, and all when they are few."""
    names = sorted(known)
    near = nearest(name, names)
    listed = f"Known: {', '.join(names)}." if names else "None is defined."
    return f"Did you mean {near!r}? {listed}" if near else listed


def path_text(path: Path) -> str:
    """``lanes.orders.rules[1].to.index``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + step
    return text or "(top)"


def shown(value: object, path: Path) -> str:
    """What was found, without ever giving away a secret."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        names = [step for step in path if isinstance(step, str)]
        private = any(word in name.lower() for name in names[-2:] for word in _SECRET_WORDS)
        plain = len(value) <= 80 and not any(mark in value for mark in "@\n") and "://" not in value
        return repr(value) if plain and not private else "a string"
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, Sequence) else "nothing" if value is None else f"a {type(value).__name__}"


def value_at(raw: object, path: Path) -> object:
    """The value at a path, None where there is none."""
    for step in path:
        if not _has(raw, step):
            return None
        raw = raw[step]  # type: ignore[index]
    return raw


def _has(value: object, step: int | str) -> bool:
    """Is the step a key of a table or an index of a list?"""
    if isinstance(value, Mapping):
        return step in value
    return isinstance(value, list | tuple) and isinstance(step, int) and step < len(value)


def _plain_path(loc: tuple[int | str, ...], raw: object) -> Path:
    """Pydantic's location without the names of union members, which aren't keys of the configuration."""
    path: list[int | str] = []
    here: object = raw
    for number, step in enumerate(loc):
        last = number == len(loc) - 1
        if _has(here, step):
            here = here[step]  # type: ignore[index]
        elif not (last and isinstance(here, Mapping) and isinstance(step, str) and _looks_like_key(step)):
            continue
        path.append(step)
    return tuple(path)


def _looks_like_key(step: str) -> bool:
    return step.isidentifier() and step == step.lower() and step not in _EXPECTED_TYPES


def _is_type_error(details: ErrorDetails) -> bool:
    return details["type"].endswith("_type") or details["type"] == "literal_error"


def _problem(group: list[ErrorDetails], path: Path, raw: object, model: object) -> DataProblem:
    first = next((one for one in group if one["type"] == "literal_error"), group[0])
    kind, context = first["type"], first.get("ctx") or {}
    name = str(path[-1]) if path else ""
    value = value_at(raw, path)
    if kind == "extra_forbidden":
        known = keys_at(model, path[:-1], raw)
        return DataProblem(UNKNOWN_KEY, f"unknown key {name!r}", hint=suggestion(name, known))
    if kind in ("missing", "union_tag_not_found"):
        return DataProblem(MISSING, f"the key {name!r} is missing")
    if kind == "union_tag_invalid":
        tags = [tag.strip().strip("'") for tag in str(context["expected_tags"]).split(",")]
        return _wrong(BAD_VALUE, shown(value, path), "one of " + ", ".join(tags), tags, value)
    if kind == "literal_error":
        allowed = [part.strip().strip("'") for part in str(context["expected"]).replace(" or ", ", ").split(",")]
        more = [_expected(one) for one in group if one is not first]
        expected = " or ".join(["one of " + ", ".join(allowed), *more])
        code = BAD_VALUE if isinstance(value, str) else WRONG_TYPE
        return _wrong(code, shown(value, path), expected, allowed, value)
    if kind == "value_error":
        return DataProblem(BAD_VALUE, f"found {shown(value, path)}: {context['error']}")
    if all(_is_type_error(one) for one in group):
        expected = " or ".join(dict.fromkeys(_expected(one) for one in group))
        found = "a string" if isinstance(value, str) else shown(value, path)
        return _wrong(WRONG_TYPE, found, expected, (), value)
    expected = " and ".join(dict.fromkeys(_expected(one) for one in group if not _is_type_error(one)))
    return _wrong(BAD_VALUE, shown(value, path), expected, (), value)


def _wrong(code: ProblemCode, found: str, expected: str, allowed: Sequence[str], value: object) -> DataProblem:
    near = nearest(value, allowed) if isinstance(value, str) and allowed else None
    hint = f"Did you mean {near!r}?" if near else None
    if SECRET_EXPECTED in expected and isinstance(value, str):
        hint = "A secret never stands in the configuration: name the variable or the file that holds it."
    return DataProblem(code, f"found {found}, expected {expected}", hint=hint)


SECRET_EXPECTED = '{ env = "NAME" } or { file = "PATH" }'


def _expected(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx") or {}
    if kind in ("model_type", "model_attributes_type"):
        secret = context.get("class_name") == SecretRef.__name__
        return SECRET_EXPECTED if secret else "a table"
    if kind.endswith("_type") and kind.removesuffix("_type") in _EXPECTED_TYPES:
        return _EXPECTED_TYPES[kind.removesuffix("_type")]
    bounds = {"greater_than_equal": ("ge", "at least"), "less_than_equal": ("le", "at most"),
              "greater_than": ("gt", "more than"), "less_than": ("lt", "less than")}  # fmt: skip
    if kind in bounds:
        key, words = bounds[kind]
        return f"{words} {context[key]}"
    if kind in ("too_short", "string_too_short"):
        what = "entries" if kind == "too_short" else "characters"
        return f"at least {context['min_length']} {what}"
    if kind in ("too_long", "string_too_long"):
        what = "entries" if kind == "too_long" else "characters"
        return f"at most {context['max_length']} {what}"
    if kind == "string_pattern_mismatch":
        return f"text of the form {context['pattern']}"
    return details["msg"][:1].lower() + details["msg"][1:]


def keys_at(model: object, path: Path, raw: object) -> list[str]:
    """The keys that the type ``model`` allows at ``path``; of a union's members those whose keys fit best."""
    candidates = list(_models(model))
    for step in path:
        following: list[object] = []
        for one in candidates:
            following += _step(one, step)
        candidates = [inner for one in following for inner in _models(one)]
    present = value_at(raw, path)
    names = set(present) if isinstance(present, Mapping) else set()
    models = [one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)]
    if not models:
        return []
    tag = present.get("type") if isinstance(present, Mapping) else None
    tagged = [
        one for one in models if "type" in one.model_fields and tag in get_args(one.model_fields["type"].annotation)
    ]
    best = max(tagged or models, key=lambda one: len(names & set(one.model_fields)))
    return list(best.model_fields)


def _models(annotation: object) -> Iterable[object]:
    """The alternatives of an annotation: unions opened, Annotated unwrapped."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _models(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for one in get_args(annotation):
            yield from _models(one)
    else:
        yield annotation


def _step(annotation: object, step: int | str) -> list[object]:
    """The types one step below."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field: Any = annotation.model_fields.get(str(step))
        return [] if field is None else [field.annotation]
    arguments = get_args(annotation)
    if get_origin(annotation) is dict and isinstance(step, str):
        return [arguments[1]]
    return [arguments[0]] if get_origin(annotation) in (tuple, list) and isinstance(step, int) else []
