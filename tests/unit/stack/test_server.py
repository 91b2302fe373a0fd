"""A server's life, with a small real process in place of a database."""

from __future__ import annotations

import os
import socket
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from actors.stack.cache import Cache
from actors.stack.leftovers import note, processes_of, sweep
from actors.stack.ports import LOOPBACK, free_ports, is_listening
from actors.stack.process import Launch, ProcessId, Reaper
from actors.stack.server import NotReady, Server, plain_environment, start_all
from ingest.problems import WorldProblem

LISTENER = textwrap.dedent("""
    import signal, socket, sys, time
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    print("listening", flush=True)
    while True:
        time.sleep(1)
""")
TAKES_LONG = "import time\ntime.sleep(600)"
LINGERS = textwrap.dedent("""
    import socket, sys, time
    try:
        server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
        print("listening", flush=True)
    except OSError as error:
        print(error, flush=True)
    time.sleep(600)
""")
FAILS = "import sys\nprint('this is why', flush=True)\nsys.exit(3)"


class Listener(Server):
    """A process that listens on its port; ``program`` may be one that fails."""

    start_timeout_s = 20.0
    port_count = 1

    def __init__(self, cache: Cache, program: str = LISTENER, first_port: int | None = None) -> None:
        super().__init__("listener", cache=cache)
        self.program = program
        self.first_port = first_port
        self.configured: list[int] = []

    def _install(self) -> None:
        pass

    def _configure(self) -> None:
        if self.first_port is not None:
            self.ports, self.first_port = [self.first_port], None
        self.configured.append(self.port)
        (self.directory / "data").mkdir(exist_ok=True)

    def _launch(self) -> None:
        argv = [sys.executable, "-c", self.program, str(self.port)]
        self._spawn(
            "listener", Launch(argv, self.directory, self.directory / "logs" / "listener.log", plain_environment())
        )

    def _probe(self) -> None:
        if not is_listening(self.port):
            raise NotReady("nobody listens")

    def endpoint(self) -> Mapping[str, str]:
        return {"version": "1"}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(tmp_path / "cache")


@pytest.fixture
def listener(cache: Cache) -> Iterator[Listener]:
    """A started server."""
    with Listener(cache) as server:
        yield server


def run_directories(cache: Cache) -> list[Path]:
    """The directories of servers that exist now."""
    return list(cache.directory("run").iterdir())


def test_stop_and_start_keep_data_and_address(listener: Listener) -> None:
    """A stopped server comes back with its files, at its address, as another process."""
    address, pid = listener.address, listener.pid
    (listener.directory / "data" / "row").write_text("kept")
    listener.stop()
    assert not listener.is_alive
    assert listener.pids == {}
    listener.start()
    assert listener.address == address
    assert listener.pid != pid
    assert (listener.directory / "data" / "row").read_text() == "kept"


def test_stop_is_in_good_order_and_kill_is_not(listener: Listener) -> None:
    """``stop`` lets the process end by itself; ``kill`` doesn't."""
    log = listener.log_files[0]
    listener.stop()
    assert "terminated" in log.read_text()
    log.write_text("")
    listener.start()
    listener.kill()
    assert "terminated" not in log.read_text()


def test_start_of_a_running_server_changes_nothing(listener: Listener) -> None:
    """``start`` can be called twice."""
    pid = listener.pid
    listener.start()
    assert listener.pid == pid


def test_close_leaves_nothing(cache: Cache) -> None:
    """After ``close``: no process, no reaper, no file; and it can be called again, and started anew."""
    server = Listener(cache).start()
    processes = [ProcessId.of(pid) for pid in (server.pid, server.reaper_pid or 0)]
    server.close()
    server.close()
    assert [process is not None and process.is_alive() for process in processes] == [False, False]
    assert run_directories(cache) == []
    with server.start():
        assert is_listening(server.port)


def test_a_failed_start_tells_why_and_keeps_only_the_logs(cache: Cache) -> None:
    """The error holds the exit status, the end of the log, and the path of a log that still exists."""
    with pytest.raises(WorldProblem, match=r"(?s)ended with status 3.*this is why") as raised:
        Listener(cache, FAILS).start()
    assert raised.value.code.name == "stack.start_failed"
    assert "this is why" in Path(raised.value.where["log"]).read_text()
    assert run_directories(cache) == []


def test_a_start_that_takes_too_long_is_given_up(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never answers is ended, with a problem that says what was missing."""
    monkeypatch.setattr(Listener, "start_timeout_s", 0.5)
    with pytest.raises(WorldProblem, match="nobody listens"):
        Listener(cache, TAKES_LONG).start()
    assert run_directories(cache) == []


@pytest.mark.parametrize("program", [LISTENER, LINGERS], ids=["it ends", "it lingers"])
def test_a_port_lost_to_another_is_replaced(cache: Cache, program: str) -> None:
    """When another process took the chosen port, the start goes on with another one, even if nothing ended."""
    with socket.create_server((LOOPBACK, free_ports(1)[0])) as holder:
        taken = holder.getsockname()[1]
        server = Listener(cache, program, first_port=taken)
        # the stranger answers too: only its own process's log tells that the port was lost
        server._probe = lambda: _probe_own(server)  # type: ignore[method-assign]
        with server.start():
            assert server.port != taken
            assert server.configured[0] == taken
            assert is_listening(server.port)


def _probe_own(server: Server) -> None:
    if "listening" not in server.log_files[0].read_text():
        raise NotReady("not listening")


def test_a_failed_restart_keeps_the_data(cache: Cache) -> None:
    """A server that can't come back leaves its data for a look, and no process."""
    with Listener(cache) as server:
        (server.directory / "data" / "row").write_text("kept")
        server.stop()
        server.program = FAILS
        with pytest.raises(WorldProblem):
            server.start()
        assert (server.directory / "data" / "row").read_text() == "kept"
        assert server.pids == {}


def test_start_all_closes_all_when_one_fails(cache: Cache) -> None:
    """One that fails takes the others down, also those that are still starting."""
    servers: list[Server] = [Listener(cache), Listener(cache, FAILS), Listener(cache, TAKES_LONG)]
    with pytest.raises(WorldProblem):
        start_all(servers)
    assert run_directories(cache) == []
    assert [server.pids for server in servers] == [{}] * 3


def test_close_ends_a_start_in_another_thread(cache: Cache) -> None:
    """``close`` doesn't wait for a start that takes long."""
    server = Listener(cache, TAKES_LONG)
    problems: list[WorldProblem] = []

    def start() -> None:
        with pytest.raises(WorldProblem) as raised:
            server.start()
        problems.append(raised.value)

    starter = threading.Thread(target=start)
    starter.start()
    while not server.log_files:
        time.sleep(0.02)
    server.close()
    starter.join(10)
    assert not starter.is_alive()
    assert [problem.code.name for problem in problems] == ["stack.reaper_failed"]  # not: it took too long
    assert run_directories(cache) == []


def test_a_sweep_removes_what_a_killed_reaper_left(cache: Cache) -> None:
    """The next start ends the processes and removes the directory of a server whose reaper was killed."""
    stranger = Reaper()
    orphan_group = stranger.spawn(
        Launch(["sleep", "600"], cache.directory("run"), cache.root / "log", dict(os.environ))
    )
    dead = Reaper()
    directory = cache.directory("run") / "listener-old"
    directory.mkdir()
    note(directory, [dead.pid, orphan_group])
    sweep(cache)
    assert directory.exists()  # its reaper lives
    dead.close()
    orphan = processes_of(directory)[1]
    assert orphan.is_alive()
    sweep(cache)
    assert not directory.exists()
    while stranger.is_alive(orphan_group):
        time.sleep(0.02)
    assert not orphan.is_alive()
    stranger.close()


def test_a_servers_environment_holds_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in our environment doesn't reach a server's."""
    monkeypatch.setenv("SECRET", "swordfish")
    assert "swordfish" not in str(plain_environment(HOME="/"))
