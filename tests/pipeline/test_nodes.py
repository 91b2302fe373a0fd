"""``ingest submit`` on a Ray cluster of several nodes, one of which dies."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.stack import Elasticsearch, Mysql
from tests.kit.lab import Lab, rows
from tests.kit.ray_nodes import RayNodes

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
WAIT_S = 180.0


@pytest.fixture
def nodes() -> Iterator[RayNodes]:
    """A head and two more nodes."""
    cluster = RayNodes(2)
    yield cluster
    cluster.close()


def test_a_node_dies_under_a_submitted_ingest(
    nodes: RayNodes, mysql9: Mysql, elasticsearch: Elasticsearch, tmp_path: Path
) -> None:
    """Invariants 1 and 4: sink actors are spread over the nodes; when the machine of one dies, all that was written
    meanwhile arrives, and nothing else."""
    lab = Lab(mysql9, tmp_path, elasticsearch, None)
    lab.sql("CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(50))")
    path = tmp_path / "ingest.toml"
    path.write_text(lab.text(lanes=("elasticsearch",), lane="shards = 3"), encoding="utf-8")
    environment = {**nodes.environment, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path / "state")}

    def ingest(*words: str) -> Any:
        """What a command prints with --json; None when it fails."""
        argv = [sys.executable, "-m", "actors.cli.main", *words, "--json"]
        result = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=WAIT_S, check=False)
        return json.loads(result.stdout) if result.returncode == 0 else None

    def await_lane(applied: int, *, unlike_epoch: int = 0) -> Any:
        deadline_s = time.monotonic() + WAIT_S
        status = None
        while time.monotonic() < deadline_s:
            status = ingest("status", lab.name, "--address", nodes.address)
            lane = status["clusters"][0]["lanes"][0] if status else None
            if lane and lane["state"] == "running" and lane["applied"] >= applied and lane["epoch"] != unlike_epoch:
                return lane
            time.sleep(1)
        raise AssertionError(status)

    rows(lab, "t", 0, 500)
    submit = ("submit", str(path), "--address", nodes.dashboard_url, "--python", sys.executable)
    assert ingest(*submit)["name"] == lab.name
    lane = await_lane(500)
    places = {nodes.of(shard["process"]["pid"]) for shard in lane["shards"]}
    assert len(places) > 1
    nodes.kill(next(place for place in places if place != "127.0.0.2"))
    rows(lab, "t", 500, 500)
    await_lane(0, unlike_epoch=lane["epoch"])
    deadline_s = time.monotonic() + WAIT_S
    while ingest("verify", str(path)) is None:
        assert time.monotonic() < deadline_s, "sink and source still differ"
        time.sleep(1)
    assert ingest("stop", lab.name, "--address", nodes.address)["done"] == "stopped"
    lab.close()
