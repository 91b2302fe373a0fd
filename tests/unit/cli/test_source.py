"""actors.cli.source: where a configuration comes from and what it is written in."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from actors.cli.source import CONFIG_FORMAT, CONFIG_UNREADABLE, ConfigText, read_config
from ingest.problems import DataProblem


@pytest.mark.parametrize(
    ("name", "text", "syntax"),
    [
        ("a.toml", "name = 'x'", "toml"),
        ("a.json", '{"name": "x"}', "json"),
        ("A.JSON", "not json", "json"),
        ("config", ' \n{"name": "x"}', "json"),
        ("config", "# {\nname = 'x'", "toml"),
        ("config", "", "toml"),
    ],
)
def test_a_file_is_what_its_suffix_says_else_its_first_character(
    tmp_path: Path, name: str, text: str, syntax: str
) -> None:
    """The suffix decides; without one (a shell's <(...)), a brace means JSON."""
    path = tmp_path / name
    path.write_text(text)
    assert read_config(str(path)) == ConfigText(text, syntax, str(path))  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "syntax"), [('{"a": 1}', "json"), ("[clusters.a]", "toml"), ("\ufeff{}", "json")])
def test_standard_input_is_told_by_its_first_character(monkeypatch: pytest.MonkeyPatch, text: str, syntax: str) -> None:
    """`-` reads stdin; a byte order mark doesn't matter."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert read_config("-") == ConfigText(text.removeprefix("\ufeff"), syntax, "<stdin>")  # type: ignore[arg-type]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, a directory, another format, another encoding: each says which file."""
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    cases = {"absent.toml": CONFIG_UNREADABLE, "": CONFIG_UNREADABLE, "a.yaml": CONFIG_FORMAT,
             "latin.toml": CONFIG_UNREADABLE}  # fmt: skip
    for name, code in cases.items():
        with pytest.raises(DataProblem) as caught:
            read_config(str(tmp_path / name))
        assert caught.value.code is code, name
        assert str(tmp_path) in caught.value.where["file"]
