"""Templates of names and row keys."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.problems import DataProblem
from ingest.rules.template import parse_template


def render(source: str, key: str = "17", **texts: str) -> str:
    """A row key of the table d.t."""
    return parse_template(source, row_key=True).render("d", "t", key, texts)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("plain", "plain"),
        ("{database}-{table}", "d-t"),
        ("{{x}}-{id}", "{x}-42"),
        ("{id:05d}", "00042"),
        ("{minus:05d}", "-0042"),
        ("{id:01d}", "42"),
        ("{reverse:id}|{key}", "24|17"),
        ("{reverse:key}", "71"),
    ],
)
def test_forms(source, expected):
    """Each placeholder gives what the module's table says."""
    assert render(source, id="42", minus="-42") == expected


@given(st.text(), st.integers(2, 2000))
def test_salt_is_stable_and_padded(key, count):
    """A salt is below its count, of one width, and the same for the same key."""
    salt = render(f"{{salt:{count}}}", key)
    assert salt == render(f"{{salt:{count}}}", key)
    assert 0 <= int(salt) < count
    assert len(salt) == len(str(count - 1))


TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=5) | st.integers().map(str), max_size=5)
FORMS = [
    "plain",
    "{table}-{key}",
    "{id}",
    "{id:07d}",
    "{reverse:id}{{",
    "{reverse:key}",
    "{salt:16}-{key}",
    "{salt:2}",
    "",
]


@given(TEXTS, st.lists(st.sampled_from(FORMS), max_size=3).map("".join))
def test_many_rows_at_once(texts, source):
    """Rows rendered together are those rendered one by one."""
    template = parse_template(source, row_key=True)
    keys = [text[::-1] for text in texts]
    array = template.render_rows("d", "t", pa.array(keys, pa.string()), {"id": pa.array(texts, pa.string())})
    assert array.type == pa.string()
    assert array.to_pylist() == [render(source, key, id=text) for key, text in zip(keys, texts, strict=True)]


def test_salt_values_do_not_change():
    """Salts are part of stored row keys: these may never change."""
    assert [render("{salt:16}", key) for key in ("1", "2", "abc", "你好")] == ["07", "13", "02", "01"]


@pytest.mark.parametrize(
    "source", ["{", "}", "{}", "{a:b}", "{ a }", "{salt:1}", "{salt:x}", "{reverse:}", "{a{b}}", "{a:5}"]
)
def test_bad_placeholders(source):
    """What isn't a placeholder is named."""
    with pytest.raises(DataProblem) as caught:
        parse_template(source, row_key=True)
    assert caught.value.code.name == "config.bad_value"


@pytest.mark.parametrize("source", ["{key}", "{salt:16}", "{reverse:id}"])
def test_row_key_forms_are_no_place_forms(source):
    """Index and table names know database, table and columns only."""
    with pytest.raises(DataProblem):
        parse_template(source)
