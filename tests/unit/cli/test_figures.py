"""actors.cli.figures: numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.cli import figures

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0.0 ms"), (9.94, "9.9 ms"), (10.0, "10 ms"), (999.4, "999 ms"), (1000.0, "1.0 s"),
     (61_000.0, "61.0 s"), (300_000.0, "5 min"), (7_200_000.0, "2.0 h")],
)  # fmt: skip
def test_times(value: float | None, text: str) -> None:
    """A unit that leaves about three digits; a dash for no time at all."""
    assert figures.milliseconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_500_000, "2.5 MB"), (3e9, "3.0 GB")]
)
def test_sizes(value: float, text: str) -> None:
    """Decimal units."""
    assert figures.size(value) == text


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("", "(empty)"),
        (f"{UUID}:1-5000", "3e11fa47…:1-5000"),
        (f"{UUID}:1-5,\n{UUID}:7", "3e11fa47…:1-5 +1 more"),
        ("odd", "odd"),
    ],
)
def test_gtid_sets(text: str, short: str) -> None:
    """The source is recognisable and the interval whole."""
    assert figures.gtid_set(text) == short


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=40))
def test_a_gtid_set_is_never_long(ends: list[int]) -> None:
    """However many intervals: it fits a column."""
    assert len(figures.gtid_set(f"{UUID}:" + ":".join(map(str, ends)))) <= 40
