"""Asks a MySQL server for the sort weights of characters, and writes the tables in ingest/rules/weights."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from ingest.binlog import charset_codecs  # noqa: F401  (registers codecs)
from ingest.binlog.charsets import charset_of, codec_of, is_single_byte
from ingest.binlog.collation_table import COLLATIONS
from ingest.rules.weights import table

FOLDER = Path(__file__).parents[2] / "ingest" / "rules" / "weights"
UNICODE = {
    "utf8mb4_0900_ai_ci": ("uca_0900.py", "Unicode 9.0 (``utf8mb4_0900_ai_ci``)"),
    "utf8mb4_unicode_ci": ("uca_0400.py", "Unicode 4.0 (``utf8mb4_unicode_ci``)"),
    "utf8mb4_unicode_520_ci": ("uca_0520.py", "Unicode 5.2 (``utf8mb4_unicode_520_ci``)"),
}
CODE_POINTS = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
#: Those whose weights depend on neighbours or come in several levels; armscii8 has characters with two codes.
NOT_SIMPLE = {"latin2_czech_cs", "cp1250_czech_cs", "tis620_thai_ci", "armscii8_general_ci"}


def unicode_weights(connection, collation: str, points=CODE_POINTS) -> dict[int, table.Weights]:
    """The weights of code points."""
    weights: dict[int, table.Weights] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(points), 20_000):
            rows = "ROW(" + "),ROW(".join(map(str, points[start : start + 20_000])) + ")"
            cursor.execute(
                f"SELECT n, WEIGHT_STRING(CONVERT(CHAR(n USING utf32) USING utf8mb4) COLLATE {collation}) "
                f"FROM (VALUES {rows}) AS points (n)"
            )
            weights |= {point: _units(answer, 2) for point, answer in cursor.fetchall()}
    return weights


def single_byte_collations() -> list[str]:
    """Those of character sets of one byte a character, as far as they are simple."""
    names = [name for number, name in COLLATIONS.items() if is_single_byte(charset_of(number))]
    return sorted(name for name in names if name != "binary" and not name.endswith("_bin") and name not in NOT_SIMPLE)


def single_byte_weights(connection, collation: str) -> dict[int, table.Weights]:
    """The weights of every byte that is a character."""
    number = next(number for number, name in COLLATIONS.items() if name == collation)
    weights = {}
    with connection.cursor() as cursor:
        for byte in range(256):
            try:
                bytes([byte]).decode(codec_of(number))
            except UnicodeDecodeError:
                continue
            cursor.execute(f"SELECT WEIGHT_STRING(_{charset_of(number)} X'{byte:02X}' COLLATE {collation})")
            weights[byte] = _units(cursor.fetchone()[0], 1)
    return weights


def case_map(connection, function: str, collation: str, points=CODE_POINTS) -> dict[int, table.Weights]:
    """What UPPER or LOWER make of code points, of those that they change.

    Left out: letters whose other case takes more bytes, where MySQL cuts the text short to fit its buffer.
    """
    changed = {}
    with connection.cursor() as cursor:
        for start in range(0, len(points), 20_000):
            rows = "ROW(" + "),ROW(".join(map(str, points[start : start + 20_000])) + ")"
            letter = f"CONVERT(CHAR(n USING utf32) USING {collation.partition('_')[0]})"
            cursor.execute(
                f"SELECT n, CONVERT({letter} USING utf32), CONVERT({function}({letter} COLLATE {collation}) USING utf32) "
                f"FROM (VALUES {rows}) AS points (n)"
            )
            for point, same, made in cursor.fetchall():
                if same != made and len(made) == 1 and ord(same) == point:
                    changed[point] = tuple(map(ord, made))
    return changed


def _units(weights: bytes, size: int) -> table.Weights:
    return tuple(int.from_bytes(weights[at : at + size], "big") for at in range(0, len(weights), size))


def write_unicode(collation: str, explicit: Mapping[int, table.Weights]) -> None:
    """Write the module of a UCA table."""
    name, what = UNICODE[collation]
    (FOLDER / name).write_text(
        f'"""Weights of {what}; made by tests/kit/collation_weights.py, packed as ``table`` says."""\n\n'
        "from __future__ import annotations\n\n" + _assignment("PACKED", table.pack(explicit))
    )


def write_simple(general: Mapping[int, table.Weights], single: Mapping[str, Mapping[int, table.Weights]]) -> None:
    """Write the module of the collations with one weight a character."""
    parts = [_assignment("GENERAL", table.pack(general)), "\nSINGLE_BYTE = {\n"]
    parts += [f'    "{name}": (\n{_lines(table.pack(weights), 8)}    ),\n' for name, weights in single.items()]
    (FOLDER / "simple.py").write_text(
        '"""Weights of collations with one weight a character: ``*_general_ci`` of Unicode, and those of character sets\n'
        'of one byte (by byte). Made by tests/kit/collation_weights.py, packed as ``table`` says.\n"""\n\n'
        "from __future__ import annotations\n\n" + "".join(parts) + "}\n"
    )


CASE_FAMILIES = {"UCA_0900": "utf8mb4_0900_ai_ci", "UNICODE": "utf8mb4_general_ci", "LATIN1": "latin1_swedish_ci"}


def write_case_maps(maps: Mapping[str, Mapping[int, table.Weights]]) -> None:
    """Write the module of upper and lower case; names such as UPPER_LATIN1."""
    (FOLDER / "letter_case.py").write_text(
        '"""Upper and lower case in MySQL: of the collations of UCA 9.0, of other Unicode collations, and of latin1. Made\n'
        'by tests/kit/collation_weights.py, packed as ``table`` says (a letter\'s "weight" is the other letter).\n"""\n\n'
        "from __future__ import annotations\n\n"
        + "\n".join(_assignment(name, table.pack(one)) for name, one in maps.items())
    )


def _assignment(name: str, packed: str) -> str:
    return f"{name} = (\n{_lines(packed, 4)})\n"


def _lines(packed: str, indent: int) -> str:
    pieces: Iterable[str] = textwrap.wrap(packed, 118 - indent, break_on_hyphens=False)
    return "".join(f'{" " * indent}"{piece}"\n' for piece in pieces)
