"""From a supervisor to its node's exporter: one exporter actor per node, shared by the supervisors that run there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from actors.metrics.exporter import MetricsExporter
from actors.wiring import spawn
from ingest.config.model import MetricsOptions
from ingest.problems import WorldProblem
from ingest.status import ClusterStatus

START_TIMEOUT_S = 30.0
PUSH_TIMEOUT_S = 5.0


def start_metrics(options: MetricsOptions, ingest: str, cluster: str) -> Callable[[ClusterStatus], Sequence[str]]:
    """The exporter of this node, made on first use; returns how to push a status, which says the addresses."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    exporter = spawn(MetricsExporter, f"metrics/{node}", options.host, detached=True)
    address: list[str] = []

    def push(status: ClusterStatus) -> Sequence[str]:
        try:
            if not address:
                address.append(exporter.ask("start", options.port, timeout_s=START_TIMEOUT_S))
            exporter.ask("push", ingest, status, timeout_s=PUSH_TIMEOUT_S)
        except WorldProblem:
            address.clear()  # Ray restarts the exporter, which then must listen again
        return tuple(address)

    return push
