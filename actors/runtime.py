"""Ray itself: starting a local one that stays on loopback, joining one, and remembering which run is where.

A local Ray is started through the reaper (actors/stack/process.py), so that it ends with this process in whatever way
that ends, and its session directory goes with it. Everything binds 127.0.0.1: Ray does so by itself when it is told
not to be a cluster (the setting has Windows and macOS in its name, where that is the default).

A run file says where a run is, so that ``ingest status`` in another terminal finds it. It holds no secret: the token's
path, not the token.
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from actors.stack.ports import free_ports
from actors.stack.process import Launch, ProcessId, Reaper
from ingest.problems import DataProblem, WorldProblem, declare

NAMESPACE = "ray-binlog-ingest"

RAY_FAILED = declare(
    "ray.failed",
    "Ray can't be started or joined.",
    "Read the log named; for a cluster, check its address and that RAY_AUTH_TOKEN_PATH names its token.",
)
NO_RUN = declare(
    "run.not_found",
    "No run of that name is known on this machine.",
    "`ingest run CONFIG` starts one; a run on a Ray cluster is found with --address.",
)

LOOPBACK_SETTING = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""With "0", every part of Ray binds and says 127.0.0.1."""

OBJECT_STORE_BYTES = 100_000_000
"""Parcels travel inside calls, so the object store stays almost empty."""

LOCAL_CPUS = 16
"""What Ray counts with: actors reserve next to nothing, so this bounds nothing."""

START_TIMEOUT_S = 120.0

RAYLET = "raylet"
"""The name of a node's own process, without which Ray can do nothing."""

LOCAL_SETTINGS: Mapping[str, str] = {
    LOOPBACK_SETTING: "0",
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_raylet_start_wait_time_s": "120",
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_max_direct_call_object_size": "4000000",
    "RAY_DEDUP_LOGS": "0",
    "RAY_DISABLE_WORKER_LOG_PREFIX": "1",  # a traced change is one JSON object on one line, and names its shard
    "RAY_worker_niceness": "0",  # Ray's default is 15: on a busy machine the pipeline would starve
}
"""The environment of every process of a local Ray. Ray reads most of it when it is first imported."""

_OF_EVERY_DRIVER = ("RAY_USAGE_STATS_ENABLED", "RAY_DEDUP_LOGS", "RAY_DISABLE_WORKER_LOG_PREFIX")
"""What holds for this process in any Ray, our own or a cluster."""


@dataclass(frozen=True, slots=True)
class RayAddress:
    """Where a Ray is. ``token_path``: the file with its token, "" when it asks for none."""

    address: str
    dashboard_url: str
    token_path: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its file says. ``pid``/``started``: the process in the foreground, 0 for a run on a cluster."""

    name: str
    ray: RayAddress
    clusters: tuple[str, ...]
    pid: int = 0


class LocalRay:
    """A Ray of our own on loopback. ``start`` and ``close`` may be called from any thread."""

    def __init__(self, *, dashboard: bool = True) -> None:
        self._dashboard = dashboard
        self._reaper: Reaper | None = None
        self._group = 0
        self._raylet: ProcessId | None = None
        self.address: RayAddress | None = None

    def start(self) -> RayAddress:
        """Start it and wait until it answers. WorldProblem ``ray.failed`` with the end of its log."""
        self._reaper = Reaper()
        home = Path(tempfile.mkdtemp(prefix="ingest-ray-"))
        self._reaper.own(home)
        token_path = home / "token"
        token_path.touch(mode=0o600)
        token_path.write_text(_token(), encoding="ascii")
        environment = {**os.environ, **_environment(token_path)}
        gcs, dashboard, *others = free_ports(6)
        log = home / "ray.log"
        argv = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--disable-usage-stats"]
        argv += [f"--port={gcs}", f"--temp-dir={home / 'r'}", f"--num-cpus={LOCAL_CPUS}"]
        argv += [f"--object-store-memory={OBJECT_STORE_BYTES}", f"--include-dashboard={str(self._dashboard).lower()}"]
        argv += ["--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}"]
        argv += ["--min-worker-port=0", "--max-worker-port=0", "--no-monitor"]  # the monitor scales nodes
        names = ("ray-client-server-port", "metrics-export-port", "dashboard-agent-listen-port")
        argv += [f"--{name}={port}" for name, port in zip((*names, "dashboard-agent-grpc-port"), others, strict=True)]
        self._group = self._reaper.spawn(Launch(argv, home, log, environment))
        self._await_start(self._group, log)
        self._raylet = next(
            (ProcessId.of(pid) for pid in self._reaper.members(self._group) if _name_of(pid) == RAYLET), None
        )
        self.address = RayAddress(f"127.0.0.1:{gcs}", f"http://127.0.0.1:{dashboard}", str(token_path))
        return self.address

    def _await_start(self, group: int, log: Path) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline_s:
            text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
            if "Ray runtime started" in text:
                return
            assert self._reaper is not None
            if not self._reaper.is_alive(group):
                break
            time.sleep(0.05)
        end = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]) if log.exists() else ""
        self.close()
        raise WorldProblem(RAY_FAILED, f"a local Ray didn't start; the end of its log:\n{end}")

    @property
    def is_alive(self) -> bool:
        """Does it run? It ends as a whole when one of its own processes is killed, but for a raylet that ends by itself, as
        it does when its agent was killed: what is left can do nothing any more. WorldProblem once it was closed."""
        if self._reaper is None or self._raylet is None:
            return False
        return self._reaper.is_alive(self._group) and self._raylet.is_alive()

    def close(self) -> None:
        """End it and remove its files. Can be called twice."""
        if self._reaper is not None:
            self._reaper.close()
            self._reaper = None


def _name_of(pid: int) -> str:
    """A process's name, "" when it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@functools.cache
def _token() -> str:
    """One for all local Rays of this process: Ray reads it once and never again."""
    return secrets.token_hex(32)


def _environment(token_path: Path) -> Mapping[str, str]:
    return {**LOCAL_SETTINGS, "RAY_AUTH_TOKEN_PATH": str(token_path)}


def join(ray_address: RayAddress, *, show_logs: bool = False) -> None:
    """Connect this process; ``show_logs``: the actors' stderr comes here. WorldProblem ``ray.failed``."""
    if ray_address.token_path:
        local = ray_address.address.startswith("127.0.0.1:")
        settings = _environment(Path(ray_address.token_path))
        os.environ.update(settings if local else {k: v for k, v in settings.items() if "AUTH" in k})
    else:
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    os.environ.update({name: LOCAL_SETTINGS[name] for name in _OF_EVERY_DRIVER})
    import ray
    from ray._private import ray_constants, worker

    # Ray reads the setting when it is first imported, which may have been before this.
    ray_constants.ENABLE_RAY_CLUSTER = os.environ.get(LOOPBACK_SETTING) != "0"
    worker.print_worker_logs = _tell_on_stderr
    try:
        ray.init(
            address=ray_address.address,
            namespace=NAMESPACE,
            log_to_driver=show_logs,
            logging_level="ERROR",
            configure_logging=False,
        )
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        text = f"can't join Ray at {ray_address.address}: {type(error).__name__}: {error}"
        raise WorldProblem(RAY_FAILED, text, {"address": ray_address.address}) from None


def _tell_on_stderr(data: Mapping[str, Any], print_file: object, ignore_prefix: bool = False) -> None:
    """What Ray has to say of its cluster (a node died) would go to stdout, where data goes."""
    for line in data.get("lines", ()):
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def leave() -> None:
    """Disconnect this process."""
    import ray

    ray.shutdown()


# --- run files --------------------------------------------------------------------------------------------------


def _runs_directory() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "ray-binlog-ingest" / "runs"


def record_run(run: Run) -> None:
    """Remember a run under its name."""
    directory = _runs_directory()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / f"{run.name}.json"
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    fresh.write_text(json.dumps(asdict(run)), encoding="utf-8")
    fresh.replace(path)


def forget_run(name: str) -> None:
    """Forget a run."""
    (_runs_directory() / f"{name}.json").unlink(missing_ok=True)


def known_runs() -> Sequence[Run]:
    """The runs whose process is still there, and those on clusters; files of dead ones are removed."""
    found = []
    for path in sorted(_runs_directory().glob("*.json")):
        values = json.loads(path.read_text(encoding="utf-8"))
        run = Run(values["name"], RayAddress(**values["ray"]), tuple(values["clusters"]), values["pid"])
        if run.pid and ProcessId.of(run.pid) is None:
            path.unlink(missing_ok=True)
            continue
        found.append(run)
    return found


def find_run(name: str | None) -> Run:
    """The run of that name; without one, the only run. DataProblem ``run.not_found`` lists those known."""
    runs = known_runs()
    chosen = [run for run in runs if name is None or run.name == name]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(run.name for run in runs) or "none"
    what = f"no run {name!r}" if name else ("several runs" if runs else "no run")
    raise DataProblem(NO_RUN, f"{what}; known on this machine: {names}")


def remove_session_files(directory: Path) -> None:
    """Remove what a Ray session left (used by tests that kill the reaper itself)."""
    shutil.rmtree(directory, ignore_errors=True)
