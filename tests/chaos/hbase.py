"""Disruptions of HBase: region server and Thrift server."""

from __future__ import annotations

import random

from tests.chaos.disruption import disruption
from tests.chaos.processes import freeze
from tests.chaos.world import ARCHIVE, World


@disruption(weight=2)
def kill_thrift(world: World, chance: random.Random) -> None:
    """`kill -9` of the Thrift server, and a start some time later."""
    world.hbase.kill_thrift()
    world.wait(chance.uniform(0, 3))
    world.hbase.start_thrift()


@disruption()
def restart_thrift(world: World, chance: random.Random) -> None:
    """The Thrift server is ended in good order and started again."""
    world.hbase.stop_thrift()
    world.hbase.start_thrift()


@disruption()
def kill_region_server(world: World, chance: random.Random) -> None:
    """`kill -9` of the region server (with its master: they are one process here) under a Thrift server that lives on for
    some seconds; then both are started anew. It is over when the tables' regions are open again."""
    world.hbase.kill_region_server()
    world.wait(chance.uniform(0, 4))
    world.hbase.start()
    seen = world.watcher.histories[ARCHIVE]
    looks = seen.looks
    world.until(lambda: seen.looks > looks, "HBase's tables can be read")


@disruption()
def freeze_region_server(world: World, chance: random.Random) -> None:
    """SIGSTOP of the region server for up to 6 s (less than its session lasts), then SIGCONT."""
    freeze(world, chance, world.hbase.pid, 6)
