"""The generated pages: they are what the models say, and every key is on them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ingest.config.fields import Options
from ingest.config.reference import COVERED_BY_BASE, documented_models, reference_page, schema_json

CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.mark.parametrize(("name", "make"), [("README.md", reference_page), ("schema.json", schema_json)])
def test_generated_pages_are_current(name, make):
    """configs/README.md and configs/schema.json are what the models give (REWRITE=1 writes them anew)."""
    path = CONFIGS / name
    if os.environ.get("REWRITE") == "1":
        path.write_text(make(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == make(), "run `make docs`"


def every_options_class(base: type[Options] = Options) -> set[type[Options]]:
    """All options models there are."""
    return {one for direct in base.__subclasses__() for one in (direct, *every_options_class(direct))}


def test_every_model_and_key_is_documented():
    """Each options model of the program has a section, and each of its keys a text."""
    models = {model for model in every_options_class() if model.__module__.startswith("ingest.")}
    assert models - set(documented_models()) - set(COVERED_BY_BASE) == set()
    page = reference_page()
    for model in models:
        assert model.__doc__
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name} has no docstring"
            assert f"| `{name}` |" in page


def test_schema_knows_the_parts():
    """The JSON Schema describes the top-level parts and refuses unknown keys."""
    schema = json.loads(schema_json())
    assert {"clusters", "sinks", "lanes", "checkpoint", "metrics", "name"} == set(schema["properties"])
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["clusters", "sinks", "lanes"]
