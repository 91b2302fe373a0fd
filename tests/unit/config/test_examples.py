"""The examples in configs/ and on the reference page: all of them load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tomllib

from ingest.config.load import load
from ingest.config.reference import reference_page

CONFIGS = Path(__file__).parents[3] / "configs"
EXAMPLES = sorted([*CONFIGS.glob("*.toml"), *(CONFIGS / name for name in ["parcels.json"])])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_loads(path):
    """Every example is a valid configuration."""
    config = load(path.read_text(encoding="utf-8"), syntax=path.suffix[1:], origin=str(path))
    assert config.lanes


def test_there_are_examples():
    """The examples that the documentation names exist."""
    names = {path.name for path in EXAMPLES}
    assert {"minimal.toml", "mysql_to_elasticsearch.toml", "mysql_to_hbase.toml", "parcels.toml"} <= names


def test_json_and_toml_are_the_same_configuration():
    """TOML and JSON of the same shape give equal configurations."""
    toml, js = ((CONFIGS / f"parcels.{kind}").read_text(encoding="utf-8") for kind in ("toml", "json"))
    assert load(toml, syntax="toml", origin="a") == load(js, syntax="json", origin="b")


def test_examples_on_the_reference_page_are_toml():
    """Every example on the page can be parsed."""
    blocks = re.findall(r"```toml\n(.*?)```", reference_page(), re.DOTALL)
    assert len(blocks) > 10
    for block in blocks:
        tomllib.loads(block)
