"""The reaper: whatever happens to the owner, its processes and directories go with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actors.stack.process import Launch, ProcessId, Reaper
from ingest.problems import WorldProblem

ROOT = Path(__file__).resolve().parents[3]
PATH = {"PATH": os.environ["PATH"]}
OWNER = textwrap.dedent("""
    import os, signal, sys, time
    from pathlib import Path
    from actors.stack.process import Launch, Reaper
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):  # whoever runs the tests may ignore them (nohup)
        signal.signal(number, signal.SIG_DFL)
    work, how = Path(sys.argv[1]), sys.argv[2]
    reaper = Reaper()
    (work / "data").mkdir()
    reaper.own(work / "data")
    group = reaper.spawn(Launch(["sleep", "600"], work, work / "log", dict(os.environ)))
    if how == "forked" and os.fork() == 0:
        time.sleep(600)
    if how == "detach":
        reaper.detach()
    print(os.getpid(), reaper.pid, group, flush=True)
    if how in ("crash", "forked"):
        time.sleep(600)
    if how == "error":
        raise RuntimeError("the owner fails")
""")


def eventually(condition: Callable[[], bool], patience_s: float = 20.0) -> bool:
    """Wait for a condition; whether it came true."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def reaper() -> Iterator[Reaper]:
    """A reaper that ends with the test."""
    mine = Reaper()
    yield mine
    mine.close()


def launch(folder: Path, *argv: str) -> Launch:
    """A process in ``folder`` that logs to ``folder/log``."""
    return Launch(argv, folder, folder / "log", PATH)


def start_owner(folder: Path, how: str) -> tuple[subprocess.Popen[str], ProcessId, ProcessId]:
    """An owner in another process: itself, its reaper, and the process it started."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder), how],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert owner.stdout is not None
    with owner.stdout as pipe:
        _pid, reaper, child = (int(word) for word in pipe.readline().split())
    identities = ProcessId.of(reaper), ProcessId.of(child)
    assert identities[0] is not None
    assert identities[1] is not None
    return owner, identities[0], identities[1]


def test_kill_9_of_the_owner_ends_everything(tmp_path: Path) -> None:
    """After SIGKILL of the owner: no server, no reaper, no data."""
    owner, reaper, child = start_owner(tmp_path, "crash")
    assert child.is_alive()
    owner.kill()
    owner.wait()
    assert eventually(lambda: not child.is_alive() and not reaper.is_alive())
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("how", ["end", "error"])
def test_an_owner_that_ends_takes_everything_along(tmp_path: Path, how: str) -> None:
    """An owner that returns or raises without closing leaves nothing either."""
    owner, reaper, child = start_owner(tmp_path, how)
    owner.wait(20)
    assert eventually(lambda: not child.is_alive() and not reaper.is_alive())
    assert not (tmp_path / "data").exists()


def test_a_forked_copy_of_the_owner_keeps_nothing_alive(tmp_path: Path) -> None:
    """The pipe to the reaper, inherited by a fork, doesn't hide the owner's death."""
    owner, reaper, child = start_owner(tmp_path, "forked")
    owner.kill()
    owner.wait()
    try:
        assert eventually(lambda: not child.is_alive() and not reaper.is_alive())
    finally:
        os.killpg(owner.pid, signal.SIGKILL)  # the forked copy


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT, signal.SIGHUP])
def test_a_terminals_signals_reach_the_owner_only(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, Ctrl-\\ or a closed terminal end the owner's group; the reaper is not in it, and cleans up."""
    owner, reaper, child = start_owner(tmp_path, "crash")
    os.killpg(owner.pid, number)
    owner.wait(20)
    assert eventually(lambda: not child.is_alive() and not reaper.is_alive())
    assert not (tmp_path / "data").exists()


def test_a_detached_server_outlives_the_owner_until_sigterm(tmp_path: Path) -> None:
    """After detach the owner's end changes nothing; SIGTERM to the reaper ends all."""
    owner, reaper, child = start_owner(tmp_path, "detach")
    owner.wait(20)
    time.sleep(0.3)
    assert child.is_alive()
    assert (tmp_path / "data").exists()
    assert reaper.send(signal.SIGTERM)
    assert eventually(lambda: not child.is_alive() and not reaper.is_alive())
    assert not (tmp_path / "data").exists()


def test_kill_9_of_the_reaper_takes_its_children_along(tmp_path: Path, reaper: Reaper) -> None:
    """Even without the reaper, what it started directly doesn't survive."""
    child = ProcessId.of(reaper.spawn(launch(tmp_path, "sleep", "600")))
    assert child is not None
    os.kill(reaper.pid, signal.SIGKILL)
    assert eventually(lambda: not child.is_alive())
    with pytest.raises(WorldProblem, match="reaper has ended"):
        reaper.is_alive(child.pid)


def test_daemonised_descendants_do_not_get_away(tmp_path: Path) -> None:
    """A grandchild that left its session and parent is ended with the rest."""
    reaper = Reaper()
    daemon = "import os,time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); "
    daemon += "print(os.getpid(), flush=True); time.sleep(600)"
    reaper.spawn(launch(tmp_path, sys.executable, "-c", daemon))
    assert eventually(lambda: (tmp_path / "log").exists() and (tmp_path / "log").read_text().endswith("\n"))
    grandchild = ProcessId.of(int((tmp_path / "log").read_text()))
    assert grandchild is not None
    reaper.close()
    assert not grandchild.is_alive()


def test_a_group_lives_as_long_as_an_orphan_in_it(tmp_path: Path, reaper: Reaper) -> None:
    """A launcher that leaves its server behind (as Elasticsearch's does) doesn't end the group."""
    group = reaper.spawn(launch(tmp_path, "sh", "-c", "sleep 600 & exit 7"))
    assert eventually(lambda: reaper.exit_status(group) == 7)
    assert reaper.is_alive(group)
    assert len(reaper.members(group)) == 1
    reaper.kill(group)
    assert eventually(lambda: not reaper.is_alive(group))
    assert reaper.members(group) == []


def test_terminate_wakes_a_stopped_process(tmp_path: Path, reaper: Reaper) -> None:
    """A process frozen by SIGSTOP gets to handle SIGTERM."""
    script = "trap 'exit 5' TERM; echo ready; while :; do sleep 1; done"
    group = reaper.spawn(launch(tmp_path, "sh", "-c", script))
    assert eventually(lambda: (tmp_path / "log").exists() and "ready" in (tmp_path / "log").read_text())
    os.killpg(group, signal.SIGSTOP)
    reaper.terminate(group)
    assert eventually(lambda: not reaper.is_alive(group))
    assert reaper.exit_status(group) == 5


def test_a_program_that_is_missing_is_named(tmp_path: Path, reaper: Reaper) -> None:
    """A launch that can't happen says which program and why, and the reaper goes on."""
    with pytest.raises(WorldProblem, match=r"no-such-program.*No such file"):
        reaper.spawn(launch(tmp_path, "no-such-program"))
    assert reaper.is_alive(reaper.spawn(launch(tmp_path, "sleep", "600")))


def test_feed_is_the_standard_input_and_output_is_logged(tmp_path: Path, reaper: Reaper) -> None:
    """What is fed arrives, and what is printed ends up in the log."""
    text = "line\n" * 50_000
    group = reaper.spawn(replace(launch(tmp_path, "cat"), feed=text))
    assert eventually(lambda: not reaper.is_alive(group))
    assert (tmp_path / "log").read_text() == text


def test_a_recycled_pid_is_never_signalled() -> None:
    """A process with the right pid but another start time, or of another boot, is left alone."""
    with subprocess.Popen(["sleep", "600"]) as stranger:
        try:
            identity = ProcessId.of(stranger.pid)
            assert identity is not None
            older = replace(identity, start_ticks=identity.start_ticks - 1)
            elsewhere = replace(identity, boot="another")
            for wrong in (older, elsewhere):
                assert not wrong.is_alive()
                assert not wrong.send(signal.SIGKILL)
            assert stranger.poll() is None
            assert identity.send(signal.SIGKILL)
            assert stranger.wait(20) == -signal.SIGKILL
            assert not identity.send(signal.SIGKILL)
        finally:
            stranger.kill()
    assert ProcessId.of(stranger.pid) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up privileges")
def test_uid_drops_all_privileges(tmp_path: Path) -> None:
    """A launch with a uid runs without root's uid, groups and capabilities."""
    groups = os.getgroups()
    os.setgroups([4242])
    try:
        reaper = Reaper()
    finally:
        os.setgroups(groups)
    wanted = replace(
        launch(tmp_path, "grep", "-E", "^(Uid|Gid|Groups|CapEff|NoNewPrivs):", "/proc/self/status"),
        uid=9200,
        cwd=Path("/"),
    )
    group = reaper.spawn(wanted)
    assert eventually(lambda: not reaper.is_alive(group))
    lines = dict(line.split(":", 1) for line in (tmp_path / "log").read_text().splitlines())
    assert lines["Uid"].split() == lines["Gid"].split() == ["9200"] * 4
    assert lines["Groups"].split() == []
    assert int(lines["CapEff"], 16) == 0
    assert lines["NoNewPrivs"].strip() == "1"
    reaper.close()
