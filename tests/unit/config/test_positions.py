"""Where keys stand in TOML and JSON texts."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ingest.config.positions import Position, json_positions, toml_positions

TOML = '''# comment with = and [x]
a = 1
"quoted key" = "x # no comment"  # comment
[b.c]
d.e = [1, { f = 2 }, """
[not.a.table]
"""]
g = \'it"s\'
[[b.list]]
h = 1
[[b.list]]
h = { i = 1, j = [ 1,
  2 ] }
[b.list.k]
l = 1979-05-27
'''


def test_toml():
    """Tables, lists of tables, dotted and quoted keys, inline tables, strings of every kind, comments."""
    found = toml_positions(TOML)
    assert found[("a",)] == Position(2, 1)
    assert found[("quoted key",)] == Position(3, 1)
    assert found[("b",)] == Position(4, 1)
    assert found[("b", "c", "d", "e")] == Position(5, 1)
    assert found[("b", "c", "d", "e", 1, "f")] == Position(5, 13)
    assert found[("b", "c", "g")] == Position(8, 1)
    assert found[("b", "list", 0, "h")] == Position(10, 1)
    assert found[("b", "list", 1)] == Position(11, 1)
    assert found[("b", "list", 1, "h", "j", 1)] == Position(13, 3)
    assert found[("b", "list", 1, "k", "l")] == Position(15, 1)
    assert ("not",) not in found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


def paths(value, path=()):
    """Every path of a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in pairs:
        yield (*path, step)
        yield from paths(inner, (*path, step))


@given(VALUES, st.sampled_from([None, 1]))
def test_json(value, indent):
    """Every key and list entry of any JSON text is found, and keys stand where they are said to."""
    text = json.dumps(value, indent=indent)
    found = json_positions(text)
    assert set(found) == set(paths(value))
    for path, position in found.items():
        if isinstance(path[-1], str):
            line = text.split("\n")[position.line - 1]
            assert line[position.column - 1 :].startswith(json.dumps(path[-1]))
