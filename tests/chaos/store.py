"""Disruptions of the checkpoint store."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing

from tests.chaos.disruption import Skipped, disruption
from tests.chaos.world import World

CHUNK = b"x" * 65_536


@disruption(weight=2)
def full_disk(world: World, chance: random.Random) -> None:
    """The disk under the store is full for some seconds."""
    if not world.store_is_small:
        raise Skipped("only root can mount a small file system")
    filler = world.store / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(CHUNK)
            except OSError:
                pass  # full: that is what was wanted
        world.wait(chance.uniform(1, 12))
    finally:
        filler.unlink()


@disruption()
def locked_store(world: World, chance: random.Random) -> None:
    """Another process holds the store's write lock for some seconds, longer than a writer waits for it."""
    with closing(sqlite3.connect(world.store / "store.db", timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        world.wait(chance.uniform(1, 9))
        connection.execute("ROLLBACK")
