"""`ingest rewind` and `ingest replay` on a real MySQL and a real Ray: shown, asked, done, and killed."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.drivers.store import SqlCheckpointStore
from actors.runtime import LocalRay
from actors.stack import Mysql
from ingest.binlog.gtid import GtidSet
from tests.integration.test_command_line import ROWS, Foreground, Place, on_cluster
from tests.kit.mysql_session import execute, executed

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def own_mysql() -> Iterator[Mysql]:
    """A server of this module's own: its binlogs go."""
    with Mysql() as server:
        yield server


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, own_mysql: Mysql, local_ray: LocalRay) -> Place:
    """Its runs join the session's Ray, which saves each the start of one, but where the test says otherwise."""
    name = "r" + request.node.name.removeprefix("test_")[:20].strip("_")
    made = Place(tmp_path, name, own_mysql)
    made.on = ("--address", on_cluster(made, local_ray)[1])
    return made


def epoch_of(place: Place) -> int:
    """The lane's epoch as the store has it."""
    store = SqlCheckpointStore(f"sqlite:///{place.config.parent}/ingest.db", place.name)
    record = store.latest("orders")
    assert record is not None
    epoch = record.epoch
    while not store.holds("orders", epoch):
        epoch += 1
    return epoch


def test_a_lane_that_runs_is_taken_back(place: Place) -> None:
    """Shown with --dry-run, refused where nobody can be asked, done with --yes: the run goes on in a new epoch and applies
    again what it had applied."""
    before = str(executed(place.mysql))
    place.insert(*range(1001, 1021))
    running = Foreground(place)
    try:
        running.await_lane(state="running", applied=ROWS + 20)
        shown = place.json("rewind", str(place.config), *place.on, "--to", before, "--dry-run")
        assert (shown["done"], shown["new_frontier"], shown["never_applied"]["transactions"]) == (False, before, 0)
        assert shown["read_again"]["transactions"] >= 1
        assert shown["read_again"]["bytes"] > 0
        asked = place.ingest("rewind", str(place.config), *place.on, "--to", before)
        assert (asked.returncode, "cli.not_confirmed" in asked.stderr) == (2, True)
        assert "NEVER" not in asked.stdout
        running.await_lane(epoch=1, applied=ROWS + 20)
        done = place.json("rewind", str(place.config), *place.on, "--to", before, "--yes")
        assert (done["done"], done["running"], done["new_epoch"]) == (True, True, 2)
        running.await_lane(epoch=3, state="running")
        place.insert(1021)
        running.await_lane(applied=ROWS + 20 + 21)
    finally:
        code, stderr = running.end()
    assert code == 0, stderr


def test_a_lane_that_does_not_run_is_taken_back(place: Place) -> None:
    """On the store alone; the next run goes on from there. What can't be is refused, with exit status and hint."""
    unknown = place.ingest("rewind", str(place.config), "--to", "-1h", "--yes")
    assert (unknown.returncode, "rewind.no_record" in unknown.stderr) == (1, True)
    before = str(executed(place.mysql))
    place.insert(*range(1001, 1011))
    running = Foreground(place)
    running.await_lane(state="running", applied=ROWS + 10)
    assert running.end()[0] == 0
    wrong = place.ingest("rewind", str(place.config), "--to", "yesterday")
    assert (wrong.returncode, "cli.not_a_point" in wrong.stderr) == (2, True)
    ahead = place.ingest("rewind", str(place.config), "--to", str(executed(place.mysql)), "--yes")
    assert (ahead.returncode, "rewind.nothing" in ahead.stderr) == (1, True)
    done = place.ingest("rewind", str(place.config), "--lane", "orders", "--to", before, "--yes")
    assert done.returncode == 0, done.stderr
    assert "read again" in done.stdout
    assert "it goes on from there" in done.stdout
    again = Foreground(place)
    again.await_lane(state="running", applied=10)
    assert again.end()[0] == 0


def archive(place: Place) -> list[str]:
    """Copies of all binlog files but the newest; they are purged on the server."""
    execute(place.mysql, "FLUSH BINARY LOGS")
    with place.mysql.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW BINARY LOGS")
        names = [str(row[0]) for row in cursor.fetchall()]
    copies = [shutil.copy(place.mysql.data / name, place.config.parent / name) for name in names[:-1]]
    execute(place.mysql, f"PURGE BINARY LOGS TO '{names[-1]}'")
    return [str(copy) for copy in copies]


def test_purged_binlogs_are_replayed_from_their_archive(place: Place) -> None:
    """The run says what is purged, the replay closes the gap, the next run goes on from the server."""
    running = Foreground(place)
    running.await_lane(state="running", applied=ROWS)
    assert running.end()[0] == 0
    place.insert(*range(1001, 1031))
    files = archive(place)
    place.insert(1031)
    refused = place.ingest("run", str(place.config), *place.on)
    assert (refused.returncode, "source.purged" in refused.stderr) == (1, True)

    secret = place.config.parent / "binlog.secret"
    secret.write_bytes(b"\xfdbin" + bytes(100))
    encrypted = place.ingest("replay", str(place.config), *place.on, *files, str(secret))
    assert (encrypted.returncode, "replay.encrypted" in encrypted.stderr) == (1, True)
    shown = place.json("replay", str(place.config), *place.on, *files, "--dry-run")
    assert (shown["done"], shown["row_changes"]) == (False, 0)
    assert [Path(one["file"]).name for one in shown["files"]] == [Path(files[-1]).name]
    done = place.json("replay", str(place.config), *place.on, *files)
    assert done["done"]
    assert GtidSet.parse(shown["frontier"]).issubset(GtidSet.parse(done["new_frontier"]))
    assert executed(place.mysql).issubset(GtidSet.parse(done["new_frontier"]))
    nothing = place.ingest("replay", str(place.config), *place.on, *files)
    assert (nothing.returncode, "nothing to do" in nothing.stdout) == (0, True)

    place.insert(*range(2001, 2006))
    again = Foreground(place)
    again.await_lane(state="running", applied=5)
    assert again.end()[0] == 0


def test_a_paused_lane_of_a_running_ingest_is_replayed(place: Place) -> None:
    """On the running ingest's own Ray; the lane stays paused, and when it is resumed it goes on behind what was replayed."""
    place.on = ()
    running = Foreground(place)
    try:
        running.await_lane(state="running", applied=ROWS)
        place.json("pause", place.name)
        running.await_lane(state="paused")
        place.insert(*range(1001, 1031))
        files = archive(place)
        place.insert(1031)
        assert place.json("replay", str(place.config), *place.on, *files)["done"]
        running.await_lane(state="paused")
        place.insert(2001)
        assert place.json("resume", place.name)["done"] == "resumed"
        running.await_lane(
            state="running", applied=1
        )  # its actors were replaced: what was replayed isn't counted again
    finally:
        code, stderr = running.end()
    assert code == 0, stderr
    second = Foreground(place)
    second.await_lane(state="running")
    assert second.end()[0] == 0
    record = SqlCheckpointStore(f"sqlite:///{place.config.parent}/ingest.db", place.name).latest("orders")
    assert record is not None
    assert executed(place.mysql).issubset(GtidSet.parse(record.frontier.executed))


def test_a_shadow_from_files_alone(place: Place) -> None:
    """It has a frontier of its own, and goes on with more files."""
    files = archive(place)
    place.insert(*range(1001, 1031))
    first = place.json("replay", str(place.config), *place.on, *files, "--into", "new")
    assert (first["lane"], first["done"], first["row_changes"]) == ("orders@new", True, ROWS)
    more = archive(place)
    second = place.json("replay", str(place.config), *place.on, *more, *files, "--into", "new")
    assert (second["done"], second["row_changes"]) == (True, 30)
    wrong = place.ingest("replay", str(place.config), *place.on, *files, "--from", second["new_frontier"])
    assert (wrong.returncode, "--from goes with --into" in wrong.stderr) == (2, True)


def test_kill_nine_of_the_replay(place: Place) -> None:
    """Invariant 1: killed once it had begun, the same command goes on, and the gap is closed."""
    running = Foreground(place)
    running.await_lane(state="running", applied=ROWS)
    assert running.end()[0] == 0
    place.on = ()
    for first in range(1000, 11_000, 1000):
        place.insert(*range(first + 1, first + 1001))
    files = archive(place)
    before = epoch_of(place)
    process = place.start("replay", str(place.config), *place.on, *files)
    while epoch_of(place) == before:
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = place.json("replay", str(place.config), *place.on, *files)
    assert done["done"]
    assert executed(place.mysql).issubset(GtidSet.parse(done["new_frontier"]))
    assert json.dumps(done)
