"""Who we are as a replica is stable, distinct and valid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.mysql.identity import ReplicaIdentity, identity_of


def test_identity_is_stable_across_versions() -> None:
    """A new release must come back as the same replica, or it would not end its own forgotten dump."""
    assert identity_of("parcels", 4242) == ReplicaIdentity(4242, "994e27e1-4081-58cc-a7dd-260406e19028")


@given(names=st.sets(st.text(max_size=10), min_size=2, max_size=2))
def test_names_and_ids_tell_replicas_apart(names: set[str]) -> None:
    """Another cluster, or another server id, is another UUID: the server must not end its dump for ours."""
    one, two = names
    assert identity_of(one, 7).uuid != identity_of(two, 7).uuid
    assert identity_of(one, 1).uuid != identity_of(one, 2).uuid


@pytest.mark.parametrize(("server_id", "uuid"), [(0, "x"), (1 << 32, "x"), (-1, "x")])
def test_impossible_server_ids_are_refused(server_id: int, uuid: str) -> None:
    """Server ids outside MySQL's range can't be built; 0 would mean: no replica."""
    with pytest.raises(ValueError):
        ReplicaIdentity(server_id, uuid)


@pytest.mark.parametrize(
    "uuid", ["", "4242", "{9ed1f9a4-0000-0000-0000-000000000000}", "9ED1F9A4-0000-0000-0000-000000000000"]
)
def test_odd_uuids_are_refused(uuid: str) -> None:
    """Only the form that SHOW REPLICAS will show can be built, so that comparing texts is enough."""
    with pytest.raises(ValueError):
        ReplicaIdentity(1, uuid)
