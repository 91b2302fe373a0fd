"""Every MySQL type with its edge values, as DDL and SQL literals: what the tests of decoders insert.

Literals are written for ``sql_mode=''`` and ``time_zone='+00:00'``. A case says since which server it exists.
"""

from __future__ import annotations

from dataclasses import dataclass

_DATES = (
    "'1000-01-01'", "'9999-12-31'", "'2024-02-29'", "'1970-01-01'", "'1969-12-31'", "'0000-01-01'", "'0001-01-01'",
    "'0000-00-00'", "'2024-00-10'", "'2024-02-00'", "'2024-00-00'", "'1900-02-28'", "'2000-02-29'",
)  # fmt: skip
_TIMES = ("'00:00:00'", "'838:59:59'", "'-838:59:59'", "'-00:00:01'", "'23:59:59'", "'12:34:56'", "'24:00:00'")
_FRACTIONS = ("'00:00:00.1'", "'-00:00:00.000001'", "'-00:00:01.999999'", "'838:59:58.999999'", "'-837:00:00.5'")
_JSON = (
    "'null'", "'true'", "'false'", "'0'", "'-1'", "'32767'", "'32768'", "'65535'", "'65536'", "'-32769'",
    "'2147483647'", "'2147483648'", "'-2147483649'", "'9223372036854775807'", "'18446744073709551615'",
    "'-9223372036854775808'", "'1.0'", "'-0.0'", "'0.1'", "'1e-15'", "'1e-16'", "'1e15'", "'123456789012345.6'",
    "'1.7976931348623157e308'", "'5e-324'", "'18446744073709551616'", "'\"\"'", "'{}'", "'[]'", "'[[[]]]'",
    "'{\"b\": 1, \"a\": [1, 2.5, \"x\", null, {\"\": true}], \"aa\": {}}'",
    "JSON_QUOTE(CONCAT('a', CHAR(0 USING utf8mb4), CHAR(8, 9, 10, 12, 13, 27, 31, 127 USING utf8mb4), '\\\"/', '\\\\', 'é€😀'))",
    "JSON_OBJECT(CONCAT('k', CHAR(0 USING utf8mb4), '\"'), 1)",
    "CAST('-12345678901234567890.123456789' AS JSON)",
    "JSON_ARRAY(CAST(1.50 AS DECIMAL(10,2)), CAST(-0.000001 AS DECIMAL(65,30)), CAST(0 AS DECIMAL(1,0)), "
    "CAST('99999999999999999999999999999999999.999999999999999999999999999999' AS DECIMAL(65,30)))",
    "JSON_ARRAY(CAST('2024-01-02' AS DATE), CAST('2024-01-02 03:04:05.678901' AS DATETIME(6)), "
    "CAST('-838:59:58.5' AS TIME(6)), CAST('00:00:00' AS TIME), CAST('9999-12-31 23:59:59' AS DATETIME))",
    "JSON_ARRAY(_binary'abc', X'00FF', b'101', REPEAT(_binary'z', 100), REPEAT(_binary'z', 57), _binary'')",
    "JSON_ARRAY(REPEAT('x', 127), REPEAT('y', 128), REPEAT('é', 9000))",
    "JSON_OBJECT('big', REPEAT('x', 70000), 'i', 70000, 'u', CAST(70000 AS UNSIGNED), 'h', -5, 'l', null, 'a', "
    "JSON_ARRAY(1, 2, 3000000000))",
    "JSON_ARRAY(REPEAT('x', 70000), JSON_OBJECT('small', JSON_ARRAY(1)), 1.5)",
    "JSON_ARRAY(ST_GeomFromText('POINT(1 2)'))",
    "CONCAT(REPEAT('[', 99), REPEAT(']', 99))",
)  # fmt: skip
_GEOMETRY = (
    "ST_GeomFromText('POINT(1.5 -2)')", "ST_GeomFromText('POINT(0 0)', 4326)", "ST_GeomFromText('POINT(39.25 116.5)', 4326)",
    "ST_GeomFromText('LINESTRING(0 0, 1 1, 2 3.125)')", "ST_GeomFromText('POLYGON((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))')",
    "ST_GeomFromText('MULTIPOINT(0 0, 1 1)')", "ST_GeomFromText('MULTILINESTRING((0 0, 1 1), (2 2, 3 3))')",
    "ST_GeomFromText('MULTIPOLYGON(((0 0, 4 0, 4 4, 0 0)), ((5 5, 6 5, 6 6, 5 5)))')",
    "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1), LINESTRING(0 0, 1 1), GEOMETRYCOLLECTION(POINT(2 2)))')",
    "ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')", "ST_GeomFromText('POINT(1e-300 1.7976931348623157e308)')",
)  # fmt: skip


@dataclass(frozen=True)
class TypeCase:
    """A column definition and literals to insert."""

    name: str
    ddl: str
    literals: tuple[str, ...]
    since_9: bool = False


def _integers() -> list[TypeCase]:
    cases = []
    for name, bits in (("tinyint", 8), ("smallint", 16), ("mediumint", 24), ("int", 32), ("bigint", 64)):
        edges = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, -1, 0, 1)
        cases.append(TypeCase(name, name, tuple(map(str, edges))))
        unsigned = (2**bits - 1, 2 ** (bits - 1), 0, 1)
        cases.append(TypeCase(f"{name}_unsigned", f"{name} unsigned", tuple(map(str, unsigned))))
    return cases


def _decimals() -> list[TypeCase]:
    shapes = [
        (1, 0),
        (10, 2),
        (9, 9),
        (18, 9),
        (19, 0),
        (18, 0),
        (20, 10),
        (38, 10),
        (39, 2),
        (65, 30),
        (65, 0),
        (30, 30),
    ]
    cases = []
    for precision, scale in [*shapes, *((digits, digits // 2) for digits in range(2, 18))]:
        whole, fraction = "9" * (precision - scale) or "0", "9" * scale
        largest = f"{whole}.{fraction}" if scale else whole
        smallest = f"0.{'0' * (scale - 1)}1" if scale else "1"
        tens = "1" + "0" * (precision - scale - 1) if precision > scale else "0.1"
        values = (largest, "-" + largest, smallest, "-" + smallest, "0", tens, "-" + tens)
        cases.append(TypeCase(f"decimal_{precision}_{scale}", f"decimal({precision},{scale})", values))
    return cases


def _temporals() -> list[TypeCase]:
    cases = [TypeCase("date", "date", _DATES), TypeCase("year", "year", ("0", "1901", "2155", "2024", "'0000'"))]
    for digits in range(7):
        fraction = ".987654" if digits else ""
        moments = (
            *(f"{date[:-1]} 12:34:56{fraction}'" for date in _DATES),
            "'9999-12-31 23:59:59'",
            "'0000-00-00 00:00:00'",
        )
        stamps = ("'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'", "0", f"'2024-06-30 23:59:59{fraction}'")
        cases.append(TypeCase(f"datetime_{digits}", f"datetime({digits})", moments))
        cases.append(TypeCase(f"timestamp_{digits}", f"timestamp({digits}) null", stamps))
        cases.append(TypeCase(f"time_{digits}", f"time({digits})", _TIMES + (_FRACTIONS if digits else ())))
    return cases


def _strings() -> list[TypeCase]:
    texts = ("''", "'a'", "'a '", "' a'", "'é€'", "'\\0\\n\\'\"'", "REPEAT('x', 20)", "'日本語'")
    blobs = ("''", "X'00'", "X'0000'", "X'FF00'", "X'610000'", "'abc'", "X'C3A9FF'")
    cases = [
        TypeCase("char", "char(20) charset utf8mb4", texts),
        TypeCase("char_255", "char(255) charset utf8mb4", (*texts, "REPEAT('é', 255)", "REPEAT('x', 255)")),
        TypeCase("char_0", "char(0)", ("''",)),
        TypeCase("varchar", "varchar(20) charset utf8mb4", (*texts, "'😀'")),
        TypeCase("varchar_64", "varchar(64) charset utf8mb4", (*texts, "REPEAT('😀', 64)")),
        TypeCase("varchar_3000", "varchar(3000) charset utf8mb4", (*texts, "REPEAT('é', 3000)")),
        TypeCase("binary", "binary(5)", blobs),
        TypeCase("binary_255", "binary(255)", (*blobs, "REPEAT(X'FF', 255)")),
        TypeCase("varbinary", "varbinary(255)", (*blobs, "REPEAT(X'FF', 255)")),
        TypeCase("varbinary_3000", "varbinary(3000)", (*blobs, "REPEAT(X'FF', 3000)")),
    ]
    for size, longest in (("tiny", 200), ("", 60_000), ("medium", 70_000), ("long", 70_000)):
        cases.append(TypeCase(f"{size}text", f"{size}text charset utf8mb4", (*texts, f"REPEAT('x', {longest})")))
        cases.append(TypeCase(f"{size}blob", f"{size}blob", (*blobs, f"REPEAT(X'FE', {longest})")))
    return cases


def _choices() -> list[TypeCase]:
    many = ",".join(f"'m{number}'" for number in range(300))
    sixty_four = ",".join(f"'s{number}'" for number in range(64))
    return [
        TypeCase("enum", "enum('new','paid','é€','a b')", ("'new'", "'paid'", "'é€'", "'a b'", "0", "'other'")),
        TypeCase("enum_300", f"enum({many})", ("'m0'", "'m254'", "'m255'", "'m299'", "0")),
        TypeCase("set", "set('x','y','é')", ("''", "'x'", "'x,y'", "'é'", "7")),
        TypeCase("set_64", f"set({sixty_four})", ("''", "'s63'", "'s0,s63'", "18446744073709551615", "'s8,s16'")),
        TypeCase("set_9", "set('a','b','c','d','e','f','g','h','i')", ("'i'", "'a,i'", "511")),
        TypeCase("bit_1", "bit(1)", ("0", "1")),
        *(
            TypeCase(f"bit_{n}", f"bit({n})", ("0", str(2**n - 1), "1", str(2 ** (n - 1))))
            for n in (3, 8, 9, 17, 33, 56, 63, 64)
        ),
    ]


TYPE_CASES: tuple[TypeCase, ...] = (
    *_integers(),
    *_decimals(),
    TypeCase("float", "float", ("0", "0.1", "-0.0", "3.4028234e38", "1.17549435e-38", "1e-45", "16777217", "123456789", "0.3")),
    TypeCase("double", "double", ("0", "0.1e0", "-0.0e0", "1.7976931348623157e308", "5e-324", "1e15", "1e16", "0.3e0")),
    TypeCase("float_unsigned", "float unsigned", ("0", "2.5")),
    *_temporals(),
    *_strings(),
    *_choices(),
    TypeCase("json", "json", _JSON, since_9=True),
    TypeCase("geometry", "geometry", _GEOMETRY),
    TypeCase("point", "point", _GEOMETRY[:3]),
    TypeCase("vector", "vector(3)", ("TO_VECTOR('[1, -2.5, 0.1]')", "TO_VECTOR('[3.4e38]')"), since_9=True),
)  # fmt: skip
