"""Who we are as a replica: a server id and a UUID that stay the same over restarts.

The server ends an older dump of the same UUID when a new one comes (so our own forgotten dump goes when we come back),
and leaves dumps of other UUIDs alone. So the UUID is made from the cluster's name: ours after every restart, nobody
else's by chance. The server id must differ from every server's and replica's of the
topology; the configuration gives it, or makes one from the cluster's name.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

REPORT_HOST = "ray-binlog-ingest"
SERVER_ID_MAX = 0xFFFFFFFF
_NAMESPACE = uuid.UUID("8f6a3b1e-52c7-5d0c-9d5b-6f3f3c1b7a10")


@dataclass(frozen=True, slots=True)
class ReplicaIdentity:
    """``server_id`` in 1..2^32-1 and the replica's UUID text (36 characters, lower case)."""

    server_id: int
    uuid: str

    def __post_init__(self) -> None:
        if not 0 < self.server_id <= SERVER_ID_MAX:
            raise ValueError(f"server_id {self.server_id} is outside 1..{SERVER_ID_MAX}")
        if str(uuid.UUID(self.uuid)) != self.uuid:
            raise ValueError(f"{self.uuid!r} is not a UUID in its usual text form")


def identity_of(name: str, server_id: int) -> ReplicaIdentity:
    """The identity of what is called ``name`` (a cluster; or cluster and lane, where each lane dumps for itself).

    The UUID comes from name and server id, so a copy of the program with another server id is another replica.
    """
    return ReplicaIdentity(server_id, str(uuid.uuid5(_NAMESPACE, f"{name}/{server_id}")))
