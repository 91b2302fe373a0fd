"""Disruptions of MySQL."""

from __future__ import annotations

import random
import shutil
from functools import partial
from pathlib import Path

from actors.stack import Mysql
from tests.chaos.disruption import Unexpected, disruption
from tests.chaos.processes import freeze, kill, reader, sink
from tests.chaos.world import ARCHIVE, LANES, LARGE_ROWS, NAME, SEARCH, World
from tests.chaos.writer import DATABASE

OPERATOR = "the lane stops by design; an operator mends it"
LOST = ("source.lost_transactions", "it is of another topology, or was reset")
"""What is said of a source that lacks what was applied: as the only host, and beside replicas that have it."""
FILLS = "all tables are read, and compared with the sink's documents, before any of it is applied"


@disruption(weight=2)
def kill_mysql(world: World, chance: random.Random) -> None:
    """`kill -9` of mysqld, and a start some time later."""
    world.primary.kill()
    world.wait(chance.uniform(0, 4))
    world.primary.start()


@disruption()
def restart_mysql(world: World, chance: random.Random) -> None:
    """The server is ended in good order and started again."""
    world.primary.restart()


@disruption()
def freeze_mysql(world: World, chance: random.Random) -> None:
    """SIGSTOP of mysqld for up to 8 s, then SIGCONT."""
    freeze(world, chance, world.primary.pid, 8)


@disruption()
def mysql_read_only(world: World, chance: random.Random) -> None:
    """The only server is super_read_only for some seconds; its lanes go on."""
    world.sql("SET GLOBAL super_read_only = ON")
    world.wait(chance.uniform(1, 4))
    world.sql("SET GLOBAL super_read_only = OFF")


@disruption()
def purge_what_is_applied(world: World, chance: random.Random) -> None:
    """The binlog is rotated a few times, and all files but the newest are purged: the lanes need none of them."""
    for _ in range(3):
        world.sql("FLUSH BINARY LOGS")
        world.wait(chance.uniform(0.1, 0.5))
    executed = world.executed()
    world.until(lambda: all(world.holds(lane, executed) for lane in LANES), "the lanes hold what will be purged")
    newest = world.sql("SHOW BINARY LOGS")[-1][0]
    before_newest = world.sql("SHOW BINARY LOGS")[-2][0]
    world.sql(f"PURGE BINARY LOGS TO '{before_newest if chance.random() < 0.5 else newest}'")


@disruption()
def move_clock(world: World, chance: random.Random) -> None:
    """The clock that the binlog's events show jumps by up to a day, forth or back, and returns (the session's
    timestamp: the machine's own clock stays as it is)."""
    world.writer.clock_shift_s = chance.choice((-86_400, -3_600, -5, 5, 3_600, 86_400))
    world.wait(chance.uniform(1, 4))
    world.writer.clock_shift_s = 0


@disruption(exception=OPERATOR)
def purge_what_is_missing(world: World, chance: random.Random) -> None:
    """The archive's lane is paused, and the server purges what it lacks: it stops and names what is gone. The files were
    archived, so an operator replays them, and resumes the lane."""
    archive = world.directory / f"archive-{chance.randrange(10**9)}"
    archive.mkdir()
    _purge_behind(world, chance, ARCHIVE, archive)
    world.resume(ARCHIVE)
    world.until_stopped(ARCHIVE, "source.purged")
    files = [str(path) for path in sorted(archive.iterdir())]
    world.product.command("replay", str(world.product.config_file), *files, "--lane", ARCHIVE, "--json")
    world.resume(ARCHIVE)
    shutil.rmtree(archive)


@disruption(exception=FILLS)
def purge_under_a_resnapshot(world: World, chance: random.Random) -> None:
    """The search lane is paused, and the servers purge what it lacks: it fills the gap by the tables' present state, by
    itself, also when its reader is killed meanwhile."""
    _purge_behind(world, chance, SEARCH, None)
    world.resume(SEARCH)
    if chance.random() < 0.5:
        kill(world, chance, reader)


def _purge_behind(world: World, chance: random.Random, lane: str, archive: Path | None) -> None:
    """Pause a lane and purge, on every server, what it hasn't read; ``archive`` gets copies of the source's files first."""
    world.product.command("pause", f"{NAME}/{lane}")
    world.wait(chance.uniform(0.5, 2))
    for server in world.mysqls:
        world.sql("FLUSH BINARY LOGS", server=server)
        *old, newest = (str(row[0]) for row in world.sql("SHOW BINARY LOGS", server=server))
        if archive is not None and server is world.primary:
            for name in old:
                shutil.copy(server.data / name, archive)
        world.until(partial(world.purged, newest, server), "the binlogs are purged")
    if world.holds(lane, world.sql("SELECT @@GLOBAL.gtid_purged")[0][0]):
        raise Unexpected(f"{lane} lacks nothing of what was purged")


@disruption(weight=2)
def large_transaction(world: World, chance: random.Random) -> None:
    """One transaction changes thousands of rows, and the reader or a sink is killed while it is being applied. One lane
    takes it aside, the other in its stride."""
    rows = chance.randint(LARGE_ROWS + 1, 5 * LARGE_ROWS)
    with world.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SET SESSION cte_max_recursion_depth = {rows}")
        cursor.execute("BEGIN")
        cursor.execute(f"DELETE FROM {DATABASE}.bulk WHERE id % 3 = {chance.randrange(3)}")
        cursor.execute(
            f"INSERT INTO {DATABASE}.bulk WITH RECURSIVE k (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM k WHERE id < {rows})"
            " SELECT id, 1, CONCAT('row ', id) FROM k ON DUPLICATE KEY UPDATE n = n + 1, note = CONCAT('again ', bulk.id)"
        )
        cursor.execute("COMMIT")
    kill(world, chance, chance.choice((reader, sink)))


@disruption(exception=OPERATOR)
def reset_mysql(world: World, chance: random.Random) -> None:
    """RESET BINARY LOGS AND GTIDS: the server forgets every transaction that it had, and the lanes stop rather than read
    from a server that lacks what they hold (or from its replicas, which follow nobody any more). An operator puts the old
    set into gtid_purged, lets the replicas follow again, and resumes the lanes. (Nothing is written meanwhile: what a server
    wrote under old GTIDs anew, nobody could tell.)"""
    mark = world.product.mark
    with world.writer.paused():
        executed = world.executed()
        world.until(lambda: all(world.holds(lane, executed) for lane in LANES), "the lanes hold all there is")
        replicas = [server for server in world.mysqls if server is not world.primary]
        for replica in replicas:
            world.until(partial(world.has, executed, replica), "the replicas have all there is")
        world.sql("RESET BINARY LOGS AND GTIDS")
        world.mysql_proxy.cut()
        world.until(
            lambda: any(world.product.said(words, mark) for words in LOST),
            "the lanes stop, and say what the source lacks",
        )
        world.sql(f"SET GLOBAL gtid_purged = '{executed}'")
        for replica in replicas:
            world.follow(replica, world.primary)
    world.until_running_or(lambda: world.resume(*LANES))


@disruption(weight=2, needs="servers")
def fail_over_twice(world: World, chance: random.Random) -> None:
    """Another server becomes the source, twice in a row; the old one is killed, or stays as a read-only replica. Nothing
    is lost: the new one has all before it takes writes."""
    for _ in range(2):
        old = world.primary
        fail_over(world, chance.choice([server for server in world.mysqls if server is not old]))
        if chance.random() < 0.5:
            old.kill()
            world.wait(chance.uniform(0, 3))
            old.start()
        world.follow(old, world.primary)
        world.wait(chance.uniform(0, 2))


def fail_over(world: World, new: Mysql) -> None:
    """Writes go to another server once it has all of the old one's."""
    old = world.primary
    world.sql("SET GLOBAL super_read_only = ON")
    world.until(partial(world.has, world.executed(), new), "the new source has all")
    world.sql(
        "STOP REPLICA",
        "RESET REPLICA ALL",
        "SET GLOBAL super_read_only = OFF",
        "SET GLOBAL read_only = OFF",
        server=new,
    )
    world.primary = new
    world.writer.forget_connection()
    for other in world.mysqls:
        if other not in (old, new):
            world.follow(other, new)
