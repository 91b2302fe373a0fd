"""Which keys a target should hold."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.verify.key_set import KeySet

KEYS = st.lists(st.text(max_size=3), max_size=60)


@given(KEYS, KEYS, KEYS)
def test_holds_what_was_added(first: list[str], second: list[str], asked: list[str]) -> None:
    """A key is in exactly when it was added, before or after an earlier question."""
    keys = KeySet()
    keys.add(first)
    assert all(key in keys for key in first)
    keys.add(second)
    added = {*first, *second}
    assert [key in keys for key in asked] == [key in added for key in asked]
    assert len(keys) == len(added)
