"""Text comparison: the weight tables, and the short cut that avoids them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.binlog.collation_table import COLLATIONS
from ingest.problems import DataProblem
from ingest.rules.collation import collation_by_number
from ingest.rules.like import class_map, regex_of
from ingest.rules.weights.table import pack, unpack
from tests.unit.rules.evaluate import one
from tests.unit.rules.tables import ORDERS, compiled, sql_rule

NUMBERS = {name: number for number, name in COLLATIONS.items()}
FOLLOWED = [
    "utf8mb4_0900_ai_ci",
    "utf8mb4_general_ci",
    "utf8mb3_general_ci",
    "utf8mb4_unicode_ci",
    "utf8mb4_unicode_520_ci",
    "utf8mb4_bin",
    "utf8mb4_0900_bin",
    "latin1_swedish_ci",
    "latin1_german2_ci",
    "cp1251_general_ci",
    "gbk_chinese_ci",
    "gb2312_chinese_ci",
    "swe7_swedish_ci",
    "ascii_general_ci",
]
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=6)


def weighed(name: str, texts: list[str], ordered: bool = False) -> list[str]:
    """The texts through the tables, never by the short cut: a letter beyond ASCII stands among them."""
    (folded,) = collation_by_number(NUMBERS[name]).fold([pa.array([*texts, "é"])], ordered)
    return folded.to_pylist()[:-1]


@settings(deadline=None, max_examples=settings.default.max_examples * 300 // 100)
@given(st.sampled_from(FOLLOWED), PRINTABLE, PRINTABLE)
def test_short_cut_is_the_same_as_the_tables(name, first, second):
    """For printable ASCII, equality by upper case is equality by weights, in every collation that takes the short cut."""
    (quick,) = collation_by_number(NUMBERS[name]).fold([pa.array([first, second])], False)
    slow = weighed(name, [first, second])
    assert (quick[0] == quick[1]) == (slow[0] == slow[1])


@pytest.mark.parametrize(
    ("name", "smaller", "larger"),
    [
        ("utf8mb4_general_ci", "a\t", "a"),
        ("utf8mb4_general_ci", "a \t", "a"),
        ("utf8mb4_general_ci", "a", "a !"),
        ("utf8mb4_bin", "B", "a"),
        ("utf8mb4_0900_ai_ci", "a", "a "),
        ("utf8mb4_0900_ai_ci", "Z", "é\U0001f600".replace("é", "zz")),
        ("latin1_swedish_ci", "z", "ä"),
        ("utf8mb4_unicode_ci", "10", "9"),
    ],
)
def test_order(name, smaller, larger):
    """Texts sort by weights; a PAD SPACE text goes on in spaces."""
    first, second = weighed(name, [smaller, larger], ordered=True)
    assert first.encode() < second.encode()


@settings(deadline=None)
@given(st.text(max_size=5), st.integers(0, 3))
def test_trailing_spaces_of_pad_space_collations(text, spaces):
    """Trailing spaces never count under PAD SPACE."""
    for name in ("utf8mb4_general_ci", "utf8mb4_bin", "latin1_swedish_ci"):
        if name.startswith("latin1"):
            text = text.encode("latin-1", "ignore").decode("latin-1")
        first, second = weighed(name, [text, text + " " * spaces])
        assert first == second


@pytest.mark.parametrize("name", ["utf8mb4_tr_0900_ai_ci", "utf8mb4_0900_as_cs", "latin2_czech_cs", "big5_chinese_ci"])
def test_collations_that_are_not_followed(name):
    """A collation without a table is refused by name, with the way out."""
    with pytest.raises(DataProblem) as caught:
        collation_by_number(NUMBERS[name])
    assert caught.value.code.name == "rule.unsupported_collation"
    assert "_bin" in caught.value.hint


def column_under(name: str):
    """ORDERS with its text column under another collation."""
    columns = [
        type(column)(column.name, column.type, column.meta, True, collation=NUMBERS[name])
        if column.name == "name"
        else column
        for column in ORDERS.columns
    ]
    return type(ORDERS)(ORDERS.name, tuple(columns), (0,))


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("utf8mb4_tr_0900_ai_ci", "name = 'x'"),
        ("gbk_chinese_ci", "name < 'x'"),
        ("latin1_swedish_ci", "name = '你好'"),
        ("utf8mb4_general_ci", "name COLLATE latin1_bin = 'x'"),
        ("utf8mb4_general_ci", "name COLLATE nonsense = 'x'"),
        ("gbk_chinese_ci", "UPPER(name) = 'X'"),
        ("latin1_swedish_ci", "CONCAT(name, '你') IS NULL"),
    ],
)
def test_refusals_come_before_any_row(name, condition):
    """What can't be compared exactly is refused when the rule meets the table."""
    with pytest.raises(DataProblem) as caught:
        compiled(sql_rule(f"SELECT id FROM shop.orders WHERE {condition}"), column_under(name))
    assert caught.value.code.name == "rule.unsupported_collation"
    assert caught.value.hint


@pytest.mark.parametrize(
    "condition", ["BINARY name = 'x'", "name COLLATE utf8mb4_bin = 'x'", "name IS NULL", "LENGTH(name) > 3"]
)
def test_ways_around(condition):
    """The advice works: bytes and binary collations can be compared under any collation of the column."""
    compiled(sql_rule(f"SELECT id FROM shop.orders WHERE {condition}"), column_under("utf8mb4_tr_0900_ai_ci"))


@given(st.dictionaries(st.integers(0, 0x10FFFF), st.lists(st.integers(0, 0xFFFF), max_size=5).map(tuple), max_size=40))
def test_packed_tables_come_back(weights):
    """Any table survives packing."""
    assert unpack(pack(weights)) == weights


def model_like(text: str, pattern: str) -> bool:
    """LIKE by trying every split."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(model_like(text[at:], pattern[1:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and model_like(text[1:], pattern[1:])


@settings(deadline=None, max_examples=settings.default.max_examples * 200 // 100)
@given(st.text("ab.[%_\n", max_size=6), st.text("ab.[%_\n", max_size=6))
def test_like_follows_the_model(text, pattern):
    """% is any run, _ one character, all else (also what means something in regular expressions) itself."""

    def quoted(value: str) -> str:
        return "'" + value.replace("\\", "\\\\") + "'"

    sql = f"{quoted(text)} COLLATE utf8mb4_bin LIKE {quoted(pattern)} ESCAPE '|'"
    assert one(sql) == int(model_like(text, pattern))


def test_like_classes_are_single_characters():
    """LIKE compares character by character: a letter equals those of its weights, never two letters."""
    classes = class_map(collation_by_number(NUMBERS["utf8mb4_0900_ai_ci"]))
    assert classes is not None
    assert "é".translate(classes) == "E".translate(classes) == "Ｅ".translate(classes)
    assert len("ßæ你\U0001f600".translate(classes)) == 4
    assert regex_of("a%_", "\\", None) == "^(?s:a.*.)$"
