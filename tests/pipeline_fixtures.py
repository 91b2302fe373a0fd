"""Pytest fixtures for whole pipelines: one local Ray per session, and a lab per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.runtime import LocalRay, join, leave
from actors.stack import Elasticsearch, Hbase, Mysql
from tests.kit.lab import Lab


@pytest.fixture(scope="session")
def local_ray() -> Iterator[LocalRay]:
    """A Ray of our own on loopback, joined."""
    local = LocalRay(dashboard=False)
    join(local.start())
    try:
        yield local
    finally:
        leave()
        local.close()


@pytest.fixture
def lab(
    local_ray: LocalRay, mysql9: Mysql, elasticsearch: Elasticsearch, hbase: Hbase, tmp_path: Path
) -> Iterator[Lab]:
    """A corner of MySQL 9, Elasticsearch and HBase."""
    yield from _corner(local_ray, Lab(mysql9, tmp_path, elasticsearch, hbase))


@pytest.fixture
def old_lab(
    local_ray: LocalRay, mysql56: Mysql, elasticsearch: Elasticsearch, hbase: Hbase, tmp_path: Path
) -> Iterator[Lab]:
    """The same with MySQL 5.6."""
    yield from _corner(local_ray, Lab(mysql56, tmp_path, elasticsearch, hbase))


@pytest.fixture
def own_lab(local_ray: LocalRay, elasticsearch: Elasticsearch, hbase: Hbase, tmp_path: Path) -> Iterator[Lab]:
    """A corner of a MySQL 9 of its own, whose binlogs may go, and of the shared sinks."""
    with Mysql("9") as server:
        yield from _corner(local_ray, Lab(server, tmp_path, elasticsearch, hbase))


def _corner(local_ray: LocalRay, lab: Lab) -> Iterator[Lab]:
    assert local_ray.address is not None
    yield lab
    lab.close()
