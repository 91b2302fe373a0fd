"""ingest.binlog.charsets: collation ids to codecs and traits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.binlog.charsets import (
    charset_of,
    codec_of,
    collation_name,
    collation_traits,
    is_ascii_compatible,
    is_single_byte,
)
from ingest.binlog.collation_table import COLLATIONS
from ingest.problems import DataProblem

TEXT_COLLATIONS = sorted(set(COLLATIONS) - {63})


@pytest.mark.parametrize(
    ("collation", "data", "text"),
    [
        (8, b"\x80\x81\xe9", "€\x81é"),
        (33, "é€".encode(), "é€"),
        (255, "😀".encode(), "😀"),
        (28, b"\xc4\xe3", "你"),
        (249, b"\xa8\xbc\x81\x35\xf4\x37", "\u1e3f\ue7c7"),
        (1, b"\xa4\xa4\xf9\xd6\xa1\xfe", "中碁／"),
        (13, b"\x81\x5f\x5c\xb1", "\\\\ｱ"),
        (95, b"\x87\x40", "①"),
        (12, b"\xa1\xc0\xf5\xa1\x8f\xf5\xa1\x8e\xb1", "\\\ue000\ue3acｱ"),
        (97, b"\xad\xa1\x8f\xa2\xb7\x7e\x8f\xf3\xf3\xa1\xc1", "①～~ⅰ～"),
        (19, b"\x81\x41", "갂"),
        (10, b"[\\]", "ÄÖÅ"),
        (32, b"\xb2", "Ա"),
        (92, b"\xc0", "ა"),
        (37, b"\x80", "Č"),
        (35, b"\x20\xac", "€"),
        (54, b"\xd8\x3d\xde\x00", "😀"),
        (56, b"\x3d\xd8\x00\xde", "😀"),
        (60, b"\x00\x01\xf6\x00", "😀"),
    ],
)
def test_known_characters(collation: int, data: bytes, text: str) -> None:
    """Each character set reads its bytes as MySQL does, also where Python's nearest codec differs."""
    assert data.decode(codec_of(collation)) == text


@pytest.mark.parametrize(
    ("collation", "data"),
    [
        (33, b"\xed\xa0\x80"),
        (255, b"\xff"),
        (28, b"\x81"),
        (1, b"\xa4"),
        (1, b"\xff\xff"),
        (12, b"\x8f\xa1"),
        (97, b"\x80A"),
        (13, b"\x87\x40"),
        (35, b"\xd8\x3d\xde\x00"),
        (35, b"\x00"),
        (54, b"\xd8\x00"),
        (60, b"\x00\x11\x00\x00"),
        (11, b"\x80"),
        (10, b"\x7f"),
        (25, b"\xa4"),
        (57, b"\x8a"),
    ],
)
def test_what_is_no_text(collation: int, data: bytes) -> None:
    """Bytes that are no text in the character set are refused, never replaced."""
    with pytest.raises(UnicodeDecodeError):
        data.decode(codec_of(collation))


@given(st.sampled_from(TEXT_COLLATIONS), st.binary(max_size=12))
def test_any_bytes(collation: int, data: bytes) -> None:
    """Any bytes either decode, the same at once as cut at a character, or raise UnicodeDecodeError."""
    codec = codec_of(collation)
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return
    assert "\ufffd" not in text or "\ufffd".encode("utf-8") in data or not is_single_byte(charset_of(collation))
    assert (data + data).decode(codec) == text + text


@given(st.sampled_from(TEXT_COLLATIONS), st.text(st.characters(max_codepoint=0x7F), max_size=12))
def test_ascii(collation: int, text: str) -> None:
    """ASCII is itself in every character set that says so."""
    charset = charset_of(collation)
    if is_ascii_compatible(charset):
        assert text.encode("ascii").decode(codec_of(collation)) == text
    if is_single_byte(charset) and charset != "swe7":
        assert len(text.encode("ascii").decode(codec_of(collation))) == len(text)


@pytest.mark.parametrize(
    ("collation", "name", "case", "accent", "pad", "binary"),
    [
        (255, "utf8mb4_0900_ai_ci", True, True, False, False),
        (305, "utf8mb4_0900_as_ci", True, False, False, False),
        (278, "utf8mb4_0900_as_cs", False, False, False, False),
        (309, "utf8mb4_0900_bin", False, False, False, True),
        (45, "utf8mb4_general_ci", True, True, True, False),
        (46, "utf8mb4_bin", False, False, True, True),
        (48, "latin1_general_ci", True, False, True, False),
        (8, "latin1_swedish_ci", True, True, True, False),
        (63, "binary", False, False, False, True),
    ],
)
def test_traits(collation: int, name: str, case: bool, accent: bool, pad: bool, binary: bool) -> None:
    """A collation's traits are those of its name, but for the few that were found to differ."""
    traits = collation_traits(collation)
    assert (traits.name, traits.case_insensitive, traits.accent_insensitive) == (name, case, accent)
    assert (traits.pad_space, traits.binary) == (pad, binary)
    assert traits.charset == name.split("_", maxsplit=1)[0]


@pytest.mark.parametrize("collation", [0, 17, 324, 2047, 70000])
def test_unknown_collation(collation: int) -> None:
    """An unknown collation stops with its number."""
    with pytest.raises(DataProblem, match=rf"charset\.unknown: collation {collation} "):
        collation_name(collation)


def test_binary_is_no_text() -> None:
    """The binary character set has no codec."""
    with pytest.raises(DataProblem, match="charset binary"):
        codec_of(63)


def test_codecs_only_decode_strictly() -> None:
    """The registered codecs neither encode nor replace."""
    with pytest.raises(UnicodeEncodeError):
        "a".encode("mysql_latin1")
    with pytest.raises(ValueError, match="strictly"):
        b"a".decode("mysql_latin1", "replace")
