"""Plain classes to Ray actors: the one place that applies ``ray.remote``.

Every actor has a data group of one thread (calls run in order) and a control group beside it (status and the like are
answered while data is under way). Ray restarts what dies and never repeats a call: a repeated call would overtake
later ones; the epoch protocol repeats what must be repeated.
"""

from __future__ import annotations

from typing import Any

from actors.mailbox import CONTROL, DATA, RayPeer

CPU_SHARE = 0.001
"""What an actor reserves: the sinks' servers, not Ray's counting, are the limit."""

INLINE_BYTES = 4_000_000
"""Arguments up to this size travel inside the call (measured: cheaper than the object store up to about 1 MB)."""


def spawn(
    cls: type[Any], name: str, *arguments: Any, detached: bool = False, spread: bool = False, node: str = ""
) -> RayPeer:
    """Start an actor of a plain class. ``detached``: it is named, outlives its creator, and is found by name.
    ``spread``: over the nodes of the cluster, else wherever Ray puts it (actors that reserve nothing: on one).
    ``node``: on that node (``this_node``) and no other."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    options: dict[str, Any] = {"num_cpus": CPU_SHARE, "max_restarts": -1, "max_task_retries": 0}
    if spread:
        options |= {"scheduling_strategy": "SPREAD"}
    if node:
        options |= {"scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False)}
    if detached:
        options |= {"name": name, "lifetime": "detached", "get_if_exists": True}
    factory = ray.remote(concurrency_groups={DATA: 1, CONTROL: 4})(cls)
    return RayPeer(factory.options(**options).remote(*arguments), name)


def this_node() -> str:
    """The Ray node that this process is on."""
    import ray

    return str(ray.get_runtime_context().get_node_id())


def find(name: str, namespace: str) -> RayPeer | None:
    """A detached actor by name, or None."""
    import ray

    try:
        return RayPeer(ray.get_actor(name, namespace=namespace), name)
    except ValueError:
        return None
