"""Faults between a pipeline and its surroundings: damaged packets, servers that go away, a disk that is full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actors.control import Pipeline, launch
from actors.runtime import LocalRay
from actors.stack import Elasticsearch, Mysql
from ingest.status import LaneState
from tests.kit.lab import Lab, lane_of, rows, until, until_stopped
from tests.kit.tcp_proxy import TcpProxy

pytestmark = pytest.mark.integration

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, n INT, note VARCHAR(6000))"
PLAIN = 'tls = { mode = "disabled" }'


def large_rows(lab: Lab, first: int, count: int) -> None:
    """Rows of five kilobytes, a transaction each."""
    for key in range(first, first + count):
        lab.sql(f"INSERT INTO t VALUES ({key}, {key}, REPEAT('{key % 10}', 5000))")


def restarts(pipeline: Pipeline, lane: str) -> int:
    """How often the lane was started anew."""
    (status,) = pipeline.status()
    return lane_of(status, lane).restarts


@pytest.mark.parametrize("damage", ["flipped bit", "lost bytes", "cut in a packet"])
def test_a_damaged_packet_is_read_again(lab: Lab, damage: str) -> None:
    """Invariant 1: a packet that was damaged on its way is noticed, by checksum or length, and never applied: the
    lane begins anew at its frontier, and all arrives."""
    lab.sql(TABLE)
    with TcpProxy(("127.0.0.1", lab.mysql.port)) as proxy:
        config = lab.config(lanes=("elasticsearch",), host=f"127.0.0.1:{proxy.port}", cluster=PLAIN)
        with launch(config) as pipeline:
            large_rows(lab, 0, 3)
            lab.settle(pipeline)
            before, at = restarts(pipeline, "elasticsearch"), proxy.bytes_from_server + 52_000
            if damage == "flipped bit":
                proxy.flip_bit(at)
            elif damage == "lost bytes":
                proxy.drop_bytes(at, 100)
            else:
                proxy.cut_after(at)
            large_rows(lab, 3, 20)
            until(pipeline, lambda seen: lane_of(seen, "elasticsearch").restarts > before, "the lane begins anew")
            proxy.heal()
            large_rows(lab, 23, 3)
            lab.settle(pipeline)
            assert lab.differences(lab.config(lanes=("elasticsearch",))) == {"elasticsearch": 0}


def test_thrift_down_at_the_start_and_midway(lab: Lab) -> None:
    """HBase's lane waits for its Thrift server, at the start and later, and says so; the other lane doesn't notice."""
    assert lab.hbase is not None
    lab.sql(TABLE)
    with TcpProxy((lab.hbase.thrift_host, lab.hbase.thrift_port)) as proxy:
        proxy.refuse()
        config = lab.config(hbase=("127.0.0.1", proxy.port))
        with launch(config) as pipeline:
            rows(lab, "t", 0, 100)
            until(pipeline, lambda seen: lane_of(seen, "elasticsearch").applied >= 100, "elasticsearch goes on")
            until(pipeline, lambda seen: lane_of(seen, "hbase").problem != "", "hbase says why it waits")
            proxy.heal()
            lab.settle(pipeline)
            proxy.refuse()
            proxy.cut()
            rows(lab, "t", 100, 100)
            until(pipeline, lambda seen: lane_of(seen, "elasticsearch").applied >= 200, "elasticsearch goes on again")
            proxy.heal()
            lab.settle(pipeline)
            assert lab.differences(lab.config()) == {"elasticsearch": 0, "hbase": 0}


@contextmanager
def own_lab(elasticsearch: Elasticsearch, directory: Path) -> Iterator[Lab]:
    """A lab with a MySQL of its own, whose binlogs may go."""
    with Mysql("9") as mysql:
        corner = Lab(mysql, directory, elasticsearch, None)
        yield corner
        corner.close()


def test_a_purged_frontier_stops_by_name(local_ray: LocalRay, elasticsearch: Elasticsearch, tmp_path: Path) -> None:
    """Invariant 1: when the server has purged what the lane still needs, the lane stops and names what is gone."""
    assert local_ray.address is not None
    with own_lab(elasticsearch, tmp_path) as lab:
        lab.sql(TABLE)
        config = lab.config(lanes=("elasticsearch",))
        with launch(config) as pipeline:
            rows(lab, "t", 0, 10)
            lab.settle(pipeline)
        rows(lab, "t", 10, 10)
        lab.sql("FLUSH BINARY LOGS")
        newest = lab.sql("SHOW BINARY LOGS")[-1][0]
        lab.sql(f"PURGE BINARY LOGS TO '{newest}'")
        with launch(config) as pipeline:
            problem = until_stopped(pipeline, "elasticsearch")
        assert "purged" in problem
        assert lab.executed().split(":", maxsplit=1)[0] in problem  # names the transactions


def test_a_server_id_that_is_taken_stops_by_name(lab: Lab) -> None:
    """Two replicas with one server_id throw each other out for ever: ours stops instead, and says so."""
    lab.sql(TABLE)
    one, other = lab.config(lanes=("elasticsearch",)), lab.config(lanes=("elasticsearch",), name=f"{lab.name}x")
    with launch(one) as first:
        rows(lab, "t", 0, 10)
        lab.settle(first)
        with launch(other) as second:
            assert "server_id_taken" in until_stopped(second, "elasticsearch")
        rows(lab, "t", 10, 10)
        lab.settle(first)
        assert lab.differences(one) == {"elasticsearch": 0}


@contextmanager
def small_disk(directory: Path) -> Iterator[Path]:
    """A file system of a megabyte."""
    place = directory / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")
def test_a_full_disk_under_the_store(lab: Lab, tmp_path: Path) -> None:
    """Invariants 1 and 2: while the frontier can't be kept the lane says so; with room again it goes on, and nothing
    was lost."""
    lab.sql(TABLE)
    with small_disk(tmp_path) as disk:
        config = lab.config(lanes=("elasticsearch",), store=f"sqlite:///{disk}/store.db")
        with launch(config) as pipeline:
            rows(lab, "t", 0, 10)
            lab.settle(pipeline)
            filler = disk / "filler"
            with pytest.raises(OSError, match="No space"):
                filler.write_bytes(b"x" * 2_000_000)
            rows(lab, "t", 10, 2000)
            status = until(
                pipeline,
                lambda seen: "checkpoint.store_unavailable" in lane_of(seen, "elasticsearch").problem,
                "the lane says that its store fails",
            )
            assert lane_of(status, "elasticsearch").state is not LaneState.STOPPED
            filler.unlink()
            lab.settle(pipeline)
            assert lab.differences(config) == {"elasticsearch": 0}
