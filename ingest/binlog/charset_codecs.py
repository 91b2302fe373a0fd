"""Python codecs for MySQL's character sets that Python has none for, or reads otherwise than MySQL.

``bytes.decode`` finds them by name once this module is imported: ``mysql_`` and the character set. They only decode.
Each was derived from a real server, one ``CONVERT(_charset X'..' USING utf8mb4)`` per byte sequence, as the difference
from the nearest codec of Python; tests/integration/test_charsets.py does that again. Invariant: bytes without a
character raise UnicodeDecodeError, nothing is replaced. Where MySQL itself maps bytes to U+FFFD (seven characters of
Big5) the character that they stand for is kept.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

Decoder = Callable[[bytes], str]

UNDEFINED = "\ufffe"
"""Marks a byte without a character in a decoding table (as in Python's own charmap codecs)."""

_ASCII = "".join(chr(code) for code in range(128))


def _patched(codec: str, patches: Mapping[int, str]) -> str:
    """A 256-character decoding table: a single-byte codec of Python with some bytes changed."""
    chars = [bytes([byte]).decode(codec, "replace").replace("\ufffd", UNDEFINED) for byte in range(256)]
    for byte, char in patches.items():
        chars[byte] = char
    return "".join(chars)


def _without(*undefined: int) -> dict[int, str]:
    return dict.fromkeys(undefined, UNDEFINED)


_TABLES: dict[str, str] = {
    "latin1": _patched("cp1252", {byte: chr(byte) for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}),
    "cp866": _patched("cp866", {0xFC: "ⁿ", 0xFD: "²"}),
    "cp1256": _patched("cp1256", _without(0x8A, 0x8F, 0x98, 0x9A, 0x9F, 0xAA, 0xC0, 0xFF)),
    "greek": _patched("iso8859_7", {0xA1: "ʽ", 0xA2: "ʼ", **_without(0xA4, 0xA5, 0xAA)}),
    "hebrew": _patched("iso8859_8", {0xAF: "‾"}),
    "koi8u": _patched("koi8_u", {0x95: "•"}),
    "dec8": _patched(
        "latin_1",
        {0xA8: "¤", 0xD7: "Œ", 0xDD: "Ÿ", 0xF7: "œ", 0xFD: "ÿ"}
        | _without(0xA4, 0xA6, 0xAC, 0xAD, 0xAE, 0xAF, 0xB4, 0xB8, 0xBE, 0xD0, 0xDE, 0xF0, 0xFE, 0xFF),
    ),
    "swe7": _patched(
        "ascii",
        {0x40: "É", 0x5B: "Ä", 0x5C: "Ö", 0x5D: "Å", 0x5E: "Ü", 0x60: "é", 0x7B: "ä", 0x7C: "ö", 0x7D: "å", 0x7E: "ü"}
        | _without(0x7F),
    ),
    "keybcs2": _ASCII
    + "ČüéďäĎŤčěĚĹÍľĺÄÁÉžŽôöÓůÚýÖÜŠĽÝŘťáíóúňŇŮÔšřŕŔ¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0",
    "geostd8": _ASCII
    + "€\ufffe‚\ufffe„…†‡\ufffe‰\ufffe‹\ufffe\ufffe\ufffe\ufffe\ufffe‘’“”•–—\ufffe\ufffe\ufffe›\ufffe\ufffe\ufffe\ufffe\u00a0¡¢£¤¥¦§¨©ª«¬\u00ad®¯°±²³´µ¶·¸¹º»¼½¾¿აბგდევზჱთიკლმნჲოპჟრსტჳუფქღყშჩცძწჭხჴჯჰჵ\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe\ufffe№\ufffe\ufffe",
    "armscii8": _ASCII
    + "\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009f\u00a0❁§։)(»«—.՝,-՟…՜՛՞ԱաԲբԳգԴդԵեԶզԷէԸըԹթԺժԻիԼլԽխԾծԿկՀհՁձՂղՃճՄմՅյՆնՇշՈոՉչՊպՋջՌռՍսՎվՏտՐրՑցՒւՓփՔքՕօՖֆ’'",
}


class _Units(dict[bytes, str]):
    """The characters of a multi-byte set, filled on demand: special ones first, then a codec of Python."""

    def __init__(self, codec: str, special: Mapping[bytes, str]) -> None:
        super().__init__(special)
        self._codec = codec

    def __missing__(self, unit: bytes) -> str:
        char = self[unit] = unit.decode(self._codec)
        return char


def _unit_decoder(name: str, units: re.Pattern[bytes], chars: _Units) -> Decoder:
    """A decoder that cuts bytes into characters by a pattern (which matches any byte) and looks each up."""

    def decode(data: bytes) -> str:
        try:
            return "".join(map(chars.__getitem__, units.findall(data)))
        except UnicodeDecodeError as error:
            start = data.find(error.object)
            raise UnicodeDecodeError(name, data, start, start + len(error.object), error.reason) from None

    return decode


def _table_decoder(table: str) -> Decoder:
    def decode(data: bytes) -> str:
        return codecs.charmap_decode(data, "strict", table)[0]

    return decode


def _run(first: bytes, chars: str) -> dict[bytes, str]:
    """Characters at consecutive last bytes; a space is a gap."""
    return {first[:-1] + bytes([first[-1] + step]): char for step, char in enumerate(chars) if char != " "}


def _user_defined() -> dict[bytes, str]:
    """The user-defined rows of EUC-JP: 10 rows of 94 after U+E000 in two bytes, as many after U+E3AC in three."""
    places = [(row * 94 + cell, bytes([0xF5 + row, 0xA1 + cell])) for row in range(10) for cell in range(94)]
    two = {pair: chr(0xE000 + place) for place, pair in places}
    return two | {b"\x8f" + pair: chr(0xE3AC + place) for place, pair in places}


_NEC_ROW_13 = (
    "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ ㍉㌔㌢㍍㌘㌧㌃㌶㍑㍗㌍㌦㌣㌫㍊㌻㎜㎝㎞㎎㎏㏄㎡        "
    "㍻〝〟№㏍℡㊤㊥㊦㊧㊨㈱㈲㈹㍾㍽㍼≒≡∫∮∑√⊥∠∟⊿∵∩∪"
)
_IBM_ROW_84 = (
    "ⅢⅣⅤⅥⅦⅧⅨⅩ＇＂㈱№℡炻仼僴凬匇匤\ufa0e咊坙\ufa0f\ufa10增寬峵嵓\ufa11德悅愠敎昻晥\ufa12\uf929栁\ufa13\ufa14"
    "橫櫢淸淲瀨\ufa15\ufa16甁皂皞\ufa17礰\ufa18\ufa19\ufa1a\ufa1b竧\ufa1c\ufa1d綠緖\ufa1e荢\ufa1f薰\ufa20\ufa21蠇\ufa22譿賴赶\ufa23\ufa24\ufa25郞\ufa26鄕\ufa27\ufa28閒\uf9dc\ufa29霻靍靑\ufa2a\ufa2b\ufa2c馞髙魲\ufa2d黑"
)
_EUC_UNITS = re.compile(rb"[\x00-\x7f]|\x8f..|[\x80-\xff].|.", re.DOTALL)
_BIG5_UNITS = re.compile(rb"[\x00-\x80]|[\x81-\xfe].|.", re.DOTALL)

_EUCJPMS_CHARS = (
    _user_defined()
    | _run(b"\xad\xa1", _NEC_ROW_13)
    | _run(b"\x8f\xf3\xf3", "ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅠⅡ")
    | _run(b"\x8f\xf4\xa1", _IBM_ROW_84)
    | {b"\x8f\xa2\xb7": "～", b"\x8f\xa2\xc3": "￤", b"\xa1\xc1": "～", b"\xa1\xc2": "∥", b"\xa1\xdd": "－"}
    | {b"\xa1\xf1": "￠", b"\xa1\xf2": "￡", b"\xa2\xcc": "￢"}
)
_UJIS_CHARS = _user_defined() | {b"\xa1\xc0": "\\"}
_BIG5_CHARS = _run(b"\xf9\xd6", "碁銹裏墻恒粧嫺")


def _sjis(data: bytes) -> str:
    return data.decode("shift_jis").replace("＼", "\\")


_GB18030_SWAP = str.maketrans("\ue7c7\u1e3f", "\u1e3f\ue7c7")


def _gb18030(data: bytes) -> str:
    """MySQL follows GB 18030-2005, which gave U+1E3F the two-byte code and U+E7C7 the four-byte one."""
    return data.decode("gb18030").translate(_GB18030_SWAP)


def _ucs2(data: bytes) -> str:
    """UCS-2 has no surrogate pairs: what Python reads as one isn't text to MySQL either."""
    text = data.decode("utf_16_be")
    if len(text) * 2 != len(data):
        raise UnicodeDecodeError("mysql_ucs2", data, 0, len(data), "surrogate pair")
    return text


_DECODERS: dict[str, Decoder] = {
    **{name: _table_decoder(table) for name, table in _TABLES.items()},
    "ujis": _unit_decoder("mysql_ujis", _EUC_UNITS, _Units("euc_jp", _UJIS_CHARS)),
    "eucjpms": _unit_decoder("mysql_eucjpms", _EUC_UNITS, _Units("euc_jp", _EUCJPMS_CHARS)),
    "big5": _unit_decoder("mysql_big5", _BIG5_UNITS, _Units("big5", _BIG5_CHARS)),
    "sjis": _sjis,
    "gb18030": _gb18030,
    "ucs2": _ucs2,
}
MYSQL_CODECS = frozenset(_DECODERS)
"""Character sets whose codec is registered here as ``mysql_<name>``."""


def _find(name: str) -> codecs.CodecInfo | None:
    decoder = _DECODERS.get(name.removeprefix("mysql_")) if name.startswith("mysql_") else None
    return None if decoder is None else _codec_info(name, decoder)


def _codec_info(name: str, decoder: Decoder) -> codecs.CodecInfo:
    def decode(data: Buffer, errors: str = "strict", /) -> tuple[str, int]:
        if errors != "strict":
            raise ValueError(f"{name} decodes strictly or not at all, not with errors={errors!r}")
        raw = bytes(data)
        return decoder(raw), len(raw)

    def encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
        raise UnicodeEncodeError(name, text, 0, len(text), f"{name} only decodes (errors={errors})")

    return codecs.CodecInfo(encode=encode, decode=decode, name=name)


codecs.register(_find)
