"""A Ray cluster of several nodes on one machine: each with a loopback address and a reaper of its own, so that closing
one reaper is the death of one machine.

127.0.0.1 won't do: Ray replaces it by the interface's address; 127.0.0.2 and up are kept.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from actors.runtime import LOCAL_SETTINGS
from actors.stack.ports import free_ports
from actors.stack.process import Launch, Reaper

START_TIMEOUT_S = 120.0
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_worker_niceness": "0",
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
}


class RayNodes:
    """A head on 127.0.0.2 and ``workers`` more nodes behind it; ends with ``close``. ``environment``: a client's."""

    def __init__(self, workers: int) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="ingest-nodes-"))
        self._nodes: dict[str, Reaper] = {}
        token = self._home / "token"
        token.touch(mode=0o600)
        token.write_text(secrets.token_hex(32), encoding="ascii")
        mine = {name: value for name, value in os.environ.items() if name not in LOCAL_SETTINGS}
        self.environment: Mapping[str, str] = {**mine, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
        gcs, dashboard, client = free_ports(3)
        self.address = f"127.0.0.2:{gcs}"
        self.dashboard_url = f"http://127.0.0.2:{dashboard}"
        head = ["--head", f"--port={gcs}", "--dashboard-host=127.0.0.2", f"--dashboard-port={dashboard}"]
        head += [f"--temp-dir={self._home / 'r'}", f"--ray-client-server-port={client}"]
        try:
            self._start("127.0.0.2", head)
            for number in range(workers):
                self._start(f"127.0.0.{3 + number}", [f"--address={self.address}"])
        except BaseException:
            self.close()
            raise

    def _start(self, ip: str, arguments: list[str]) -> None:
        reaper = self._nodes[ip] = Reaper()
        if len(self._nodes) == 1:
            reaper.own(self._home)
        metrics, agent, agent_grpc = free_ports(3)
        argv = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats", *arguments]
        argv += [f"--node-ip-address={ip}", "--num-cpus=4", "--object-store-memory=100000000"]
        argv += [f"--metrics-export-port={metrics}", f"--dashboard-agent-listen-port={agent}"]
        argv += [f"--dashboard-agent-grpc-port={agent_grpc}", "--min-worker-port=0", "--max-worker-port=0"]
        log = self._home / f"{ip}.log"
        group = reaper.spawn(Launch(argv, self._home, log, {**self.environment, **_SETTINGS}))
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while "Ray runtime started" not in (text := log.read_text(encoding="utf-8") if log.exists() else ""):
            assert reaper.is_alive(group) and time.monotonic() < deadline_s, text
            time.sleep(0.1)

    def of(self, pid: int) -> str:
        """The address of the node that a process belongs to."""
        for parent in psutil.Process(pid).parents():
            for word in parent.cmdline():
                if word.startswith("--node_ip_address="):
                    return word.partition("=")[2]
        raise AssertionError(f"process {pid} belongs to no node")

    def kill(self, ip: str) -> None:
        """The death of a machine: SIGKILL to everything that runs on it."""
        self._nodes.pop(ip).close()

    def close(self) -> None:
        """End every node and remove the files. Can be called twice."""
        while self._nodes:
            self._nodes.popitem()[1].close()
