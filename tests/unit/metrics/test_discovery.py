"""actors.metrics.discovery: the file that Prometheus reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actors.metrics.discovery import CANT_WRITE, write_targets
from ingest.problems import WorldProblem


def test_the_file_lists_every_address_once_and_is_replaced_whole(tmp_path: Path) -> None:
    """One group in Prometheus' file_sd format; nothing else is left in the directory."""
    path = tmp_path / "targets.json"
    write_targets(path, ["127.0.0.2:9100"])
    write_targets(path, ["127.0.0.3:9100", "127.0.0.2:9101", "127.0.0.3:9100"])
    assert json.loads(path.read_text()) == [
        {"targets": ["127.0.0.2:9101", "127.0.0.3:9100"], "labels": {"job": "ingest"}}
    ]
    assert [entry.name for entry in tmp_path.iterdir()] == ["targets.json"]


def test_a_missing_directory_is_a_problem_that_names_the_file(tmp_path: Path) -> None:
    """What can't be written is said, with the path."""
    with pytest.raises(WorldProblem) as caught:
        write_targets(tmp_path / "absent" / "targets.json", [])
    assert caught.value.code is CANT_WRITE
    assert "absent" in caught.value.where["file"]
