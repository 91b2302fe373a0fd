"""Which keys a target should hold."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.verify.key_set import KeySet

KEYS = st.lists(st.text(max_size=3), max_size=60)


@settings(deadline=None)
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


@settings(deadline=None)
@given(KEYS)
def test_knows_what_came_twice(given_keys: list[str]) -> None:
    """The repeated keys are those that were added more than once."""
    keys = KeySet()
    keys.add(given_keys)
    repeated = keys.repeated()
    assert {key for key in given_keys if key in repeated} == {key for key in given_keys if given_keys.count(key) > 1}
    assert bool(repeated) == (len(set(given_keys)) < len(given_keys))
