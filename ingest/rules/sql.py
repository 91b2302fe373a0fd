"""SQL text of a rule to expressions: sqlglot's MySQL parser, then a translation that accepts only what rules support.

sqlglot is asked for the plain syntax tree (its knowledge of functions is switched off, so that IFNULL stays IFNULL
and LENGTH stays LENGTH). Where its precedence differs from MySQL's (chains of comparisons, COLLATE) the text is
refused with the advice to put parentheses, never read in a way MySQL wouldn't.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.errors import SqlglotError

from ingest.config.codes import BAD_SQL
from ingest.problems import DataProblem
from ingest.rules.expression import Call, Cast, ColumnRef, Constant, Expression, Field, NamedField, Star
from ingest.rules.functions_known import FUNCTION_ARITY

SUPPORTED = (
    "columns, literals, + - * / DIV % MOD, = <> < <= > >= <=>, AND OR XOR NOT, IN, BETWEEN, LIKE, IS [NOT] "
    "NULL/TRUE/FALSE, CASE, IF, CAST, COLLATE, BINARY and the functions " + ", ".join(sorted(FUNCTION_ARITY))
)


@dataclass(frozen=True, slots=True)
class SelectStatement:
    """A rule's statement: fields, the table pattern (database, table), and the condition."""

    fields: tuple[Field, ...]
    database: str
    table: str
    where: Expression | None


class _Dialect(MySQL):
    """MySQL's syntax with every function as it is written."""

    class Parser(MySQL.Parser):  # type: ignore[misc,valid-type]
        """Knows no function by name."""

        FUNCTIONS: ClassVar[dict[str, Callable[..., exp.Expression]]] = {}


def parse_select(text: str) -> SelectStatement:
    """``SELECT fields FROM database.table [WHERE condition]``. DataProblem (config.bad_sql) for anything else."""
    select = _one_select(text, text)
    table = _table(select)
    allowed_tables = {str(table.this.name).lower(), str(table.alias_or_name).lower()}
    translator = _Translator(frozenset(allowed_tables))
    where = select.args.get("where")
    return SelectStatement(
        tuple(translator.field(one) for one in select.expressions),
        table.db,
        table.name,
        None if where is None else translator.expression(where.this),
    )


def parse_condition(text: str) -> Expression:
    """The SQL of a ``where``. DataProblem (config.bad_sql)."""
    return _Translator(frozenset()).expression(_one_item(text))


def parse_field(text: str) -> Field:
    """One of ``fields``: a column, ``*``, or an expression with a name. DataProblem (config.bad_sql)."""
    return _Translator(frozenset()).field(_one_item(text))


def _one_item(text: str) -> exp.Expression:
    select = _one_select("SELECT " + text, text, skip=len("SELECT "))
    extra = [name for name, value in select.args.items() if value and name not in ("expressions", "kind")]
    if extra or len(select.expressions) != 1:
        raise DataProblem(BAD_SQL, f"{text!r} is more than one expression")
    item: exp.Expression = select.expressions[0]
    return item


def _one_select(sql: str, shown: str, skip: int = 0) -> exp.Select:
    try:
        statements = sqlglot.parse(sql, dialect=_Dialect)
    except SqlglotError as error:
        raise DataProblem(BAD_SQL, _syntax_message(error, shown, skip)) from None
    except (RecursionError, ValueError):
        raise DataProblem(BAD_SQL, f"the SQL {_short(shown)} can't be parsed") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        raise DataProblem(BAD_SQL, f"expected one SELECT statement, found {_short(shown)}")
    select = statements[0]
    known = {"expressions", "from", "from_", "where", "kind"}
    extra = sorted(name.rstrip("_") for name, value in select.args.items() if value and name not in known)
    if extra:
        raise DataProblem(
            BAD_SQL,
            f"{', '.join(extra)} isn't supported in a rule: {_short(shown)}",
            hint="A rule reads rows one by one: SELECT fields FROM database.table WHERE condition.",
        )
    return select


def _syntax_message(error: SqlglotError, shown: str, skip: int) -> str:
    details = getattr(error, "errors", None)
    if not details:
        return f"the SQL {_short(shown)} can't be parsed"
    first = details[0]
    # sqlglot's own words name its classes; the place is what helps.
    column = max(1, int(first.get("col") or 1) - (skip if int(first.get("line") or 1) == 1 else 0))
    near = str(first.get("highlight") or "").strip()
    return f"syntax error at line {first.get('line')}, column {column}" + (f", near {near!r}" if near else "")


def _table(select: exp.Select) -> exp.Table:
    clause = select.args.get("from_") or select.args.get("from")
    table = clause.this if clause is not None else None
    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        raise DataProblem(BAD_SQL, "the statement names no table", hint="Write ... FROM database.table ...")
    if not table.db or table.catalog:
        raise DataProblem(
            BAD_SQL, f"the table {table.sql(dialect='mysql')} has no database", hint="Write FROM database.table."
        )
    extra = [name for name, value in table.args.items() if value and name not in ("this", "db", "alias")]
    if extra:
        raise DataProblem(BAD_SQL, f"the table {table.sql(dialect='mysql')} must stand alone: no joins, no hints")
    return table


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= 80 else flat[:77] + "...")


_COMPARISONS: dict[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "<=>",
}
_BINARY: dict[type[exp.Expression], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.IntDiv: "DIV",
    exp.Mod: "%",
    exp.And: "AND",
    exp.Or: "OR",
    exp.Xor: "XOR",
}
# Operators that MySQL puts on one level, from left to right, and sqlglot on several.
_ONE_LEVEL = (*_COMPARISONS, exp.Is, exp.Like, exp.Escape, exp.In, exp.Between)
_CAST_TYPES = {
    "BIGINT": "SIGNED",
    "UBIGINT": "UNSIGNED",
    "CHAR": "CHAR",
    "NCHAR": "CHAR",
    "BINARY": "BINARY",
    "DECIMAL": "DECIMAL",
    "DOUBLE": "DOUBLE",
    "FLOAT": "FLOAT",
    "DATE": "DATE",
    "DATETIME": "DATETIME",
    "TIMESTAMPTZ": "DATETIME",
    "TIMESTAMP": "DATETIME",
    "TIME": "TIME",
    "YEAR": "YEAR",
    "JSON": "JSON",
}


class _Translator:
    """sqlglot nodes to expressions; ``tables``: qualifiers that a column may carry, in lower case."""

    def __init__(self, tables: frozenset[str]) -> None:
        self._tables = tables

    def field(self, node: exp.Expression) -> Field:
        """One item of the select list."""
        if isinstance(node, exp.Star) and not any(node.args.values()):
            return Star()
        if isinstance(node, exp.Alias):
            return NamedField(node.alias, self.expression(node.this))
        translated = self.expression(node)
        if isinstance(translated, ColumnRef):
            return NamedField(translated.name, translated)
        raise DataProblem(
            BAD_SQL, f"the expression {translated.text} has no name", hint=f"Give it one: {translated.text} AS name"
        )

    def expression(self, node: exp.Expression) -> Expression:
        """Any supported expression. DataProblem names the part that isn't."""
        text = node.sql(dialect="mysql")
        if isinstance(node, exp.Paren):
            return self.expression(node.this)
        if type(node) in _COMPARISONS:
            self._refuse_chain(node, node.this, node.expression)
            return self._call(_COMPARISONS[type(node)], text, node.this, node.expression)
        if type(node) in _BINARY:
            return self._call(_BINARY[type(node)], text, node.this, node.expression)
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise _unsupported(text)
        return handler(self, node, text)

    def _call(self, name: str, text: str, *nodes: exp.Expression) -> Call:
        return Call(name, tuple(self.expression(node) for node in nodes), text)

    def _refuse_chain(self, node: exp.Expression, *operands: exp.Expression) -> None:
        if any(isinstance(operand, _ONE_LEVEL) for operand in operands):
            raise DataProblem(
                BAD_SQL,
                f"comparisons in a row are ambiguous: {node.sql(dialect='mysql')}",
                hint="Put parentheses around the inner one.",
            )

    def _column(self, node: exp.Expression, text: str) -> Expression:
        table = node.args.get("table")
        if isinstance(node.this, exp.Star) or node.args.get("db") or node.args.get("catalog"):
            raise _unsupported(text)
        if table is not None and str(table.name).lower() not in self._tables:
            raise DataProblem(BAD_SQL, f"{text} names another table than the one in FROM")
        return ColumnRef(node.name, text)

    def _literal(self, node: exp.Expression, text: str) -> Expression:
        if node.args.get("is_string"):
            return Constant(str(node.this), text)
        return Constant(_number(str(node.this), text), text)

    def _negative(self, node: exp.Expression, text: str) -> Expression:
        operand = self.expression(node.this)
        value = operand.value if isinstance(operand, Constant) else None
        if isinstance(value, int | Decimal | float) and not isinstance(value, bool):
            return Constant(-value, text)
        return Call("NEG", (operand,), text)

    def _not(self, node: exp.Expression, text: str) -> Expression:
        return self._call("NOT", text, node.this)

    def _in(self, node: exp.Expression, text: str) -> Expression:
        items: Sequence[exp.Expression] = node.args.get("expressions") or ()
        extra = [name for name, value in node.args.items() if value and name not in ("this", "expressions")]
        if extra or not items:
            raise _unsupported(text)
        self._refuse_chain(node, node.this)
        return self._call("IN", text, node.this, *items)

    def _between(self, node: exp.Expression, text: str) -> Expression:
        low, high = node.args["low"], node.args["high"]
        if node.args.get("symmetric"):
            raise _unsupported(text)
        self._refuse_chain(node, node.this, low, high)
        return self._call("BETWEEN", text, node.this, low, high)

    def _escape(self, node: exp.Expression, text: str) -> Expression:
        escape = node.expression
        if not isinstance(node.this, exp.Like) or not (isinstance(escape, exp.Literal) and escape.is_string):
            raise _unsupported(text)
        return self._like_with(node.this, str(escape.this), text)

    def _like(self, node: exp.Expression, text: str) -> Expression:
        return self._like_with(node, "\\", text)

    def _like_with(self, node: exp.Expression, escape: str, text: str) -> Expression:
        if len(escape) > 1:
            raise DataProblem(BAD_SQL, f"the escape of LIKE is one character at most: {text}")
        self._refuse_chain(node, node.this, node.expression)
        operands = (self.expression(node.this), self.expression(node.expression), Constant(escape))
        like = Call("LIKE", operands, text)
        return Call("NOT", (like,), text) if node.args.get("negate") else like

    def _is(self, node: exp.Expression, text: str) -> Expression:
        right = node.expression
        if isinstance(right, exp.Null):
            return self._call("IS NULL", text, node.this)
        if isinstance(right, exp.Boolean):
            return self._call("IS TRUE" if right.this else "IS FALSE", text, node.this)
        raise _unsupported(text)

    def _if(self, node: exp.Expression, text: str) -> Expression:
        otherwise = node.args.get("false")
        if otherwise is None:
            raise DataProblem(BAD_SQL, f"IF takes three arguments: {text}")
        return self._call("CASE", text, node.this, node.args["true"], otherwise)

    def _case(self, node: exp.Expression, text: str) -> Expression:
        arguments: list[Expression] = [] if node.this is None else [self.expression(node.this)]
        for branch in node.args["ifs"]:
            arguments += [self.expression(branch.this), self.expression(branch.args["true"])]
        default = node.args.get("default")
        arguments.append(Constant(None, "NULL") if default is None else self.expression(default))
        return Call("CASE" if node.this is None else "CASE OF", tuple(arguments), text)

    def _cast(self, node: exp.Expression, text: str) -> Expression:
        to = node.args["to"]
        name = _CAST_TYPES.get(str(getattr(to.this, "value", to.this)))
        extra = [key for key, value in node.args.items() if value and key not in ("this", "to", "_type")]
        if name is None or extra or to.args.get("nested"):
            raise _unsupported(text)
        numbers = [int(one.this.this) for one in to.expressions]
        return Cast(
            self.expression(node.this),
            name,
            numbers[0] if numbers else None,
            numbers[1] if len(numbers) > 1 else None,
            text,
        )

    def _collate(self, node: exp.Expression, text: str) -> Expression:
        if isinstance(node.this, exp.Binary | exp.Unary) and not isinstance(node.this, exp.Paren):
            raise DataProblem(BAD_SQL, f"COLLATE after an operator is ambiguous: {text}", hint="Put parentheses.")
        return Call("COLLATE", (self.expression(node.this), Constant(node.expression.name.lower())), text)

    def _trim(self, node: exp.Expression, text: str) -> Expression:
        what = node.args.get("expression")
        side = str(node.args.get("position") or "BOTH").upper()
        trimmed = Constant(" ") if what is None else self.expression(what)
        return Call("TRIM", (self.expression(node.this), trimmed, Constant(side)), text)

    def _substring(self, node: exp.Expression, text: str) -> Expression:
        parts = [node.this, node.args["start"]] + ([node.args["length"]] if node.args.get("length") else [])
        return self._call("SUBSTRING", text, *parts)

    def _extract(self, node: exp.Expression, text: str) -> Expression:
        return self._function(node.this.name, [node.expression], text)

    def _anonymous(self, node: exp.Expression, text: str) -> Expression:
        return self._function(str(node.this), node.expressions, text)

    def _named(self, node: exp.Expression, text: str) -> Expression:
        return self._function(node.sql_name(), [node.this], text)  # type: ignore[attr-defined]

    def _function(self, name: str, nodes: Sequence[exp.Expression], text: str) -> Expression:
        canonical = _SYNONYMS.get(name.upper(), name.upper())
        arity = FUNCTION_ARITY.get(canonical)
        if arity is None:
            raise _unsupported(text)
        low, high = arity
        if not low <= len(nodes) <= high:
            wanted = str(low) if low == high else f"{low} to {high}"
            raise DataProblem(BAD_SQL, f"{name.upper()} takes {wanted} argument(s), found {len(nodes)}: {text}")
        if canonical in ("LTRIM", "RTRIM"):
            side = Constant("LEADING" if canonical == "LTRIM" else "TRAILING")
            return Call("TRIM", (self.expression(nodes[0]), Constant(" "), side), text)
        return self._call(canonical, text, *nodes)

    def _text_sequence(self, node: exp.Expression, text: str) -> Expression:
        """'a' 'b': literals side by side are one."""
        parts = [self.expression(part) for part in node.expressions]
        if all(isinstance(part, Constant) and isinstance(part.value, str) for part in parts):
            return Constant("".join(str(part.value) for part in parts if isinstance(part, Constant)), text)
        return Call("CONCAT", tuple(parts), text)


_SYNONYMS = {
    "UCASE": "UPPER",
    "LCASE": "LOWER",
    "SUBSTR": "SUBSTRING",
    "MID": "SUBSTRING",
    "OCTET_LENGTH": "LENGTH",
    "CHARACTER_LENGTH": "CHAR_LENGTH",
    "CEILING": "CEIL",
    "DAYOFMONTH": "DAY",
    "MOD": "%",
}

_Handler = Callable[[_Translator, exp.Expression, str], Expression]


def _hex(_: _Translator, node: exp.Expression, text: str) -> Expression:
    digits = str(node.this)
    return Constant(bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits), text)


_HANDLERS: dict[type[exp.Expression], _Handler] = {
    exp.Column: _Translator._column,
    exp.Literal: _Translator._literal,
    exp.Null: lambda _, node, text: Constant(None, text),
    exp.Boolean: lambda _, node, text: Constant(bool(node.this), text),
    exp.HexString: _hex,
    exp.National: lambda _, node, text: Constant(str(node.this), text),
    exp.Neg: _Translator._negative,
    exp.Not: _Translator._not,
    exp.In: _Translator._in,
    exp.Between: _Translator._between,
    exp.Like: _Translator._like,
    exp.Escape: _Translator._escape,
    exp.Is: _Translator._is,
    exp.If: _Translator._if,
    exp.Case: _Translator._case,
    exp.Cast: _Translator._cast,
    exp.Collate: _Translator._collate,
    exp.Trim: _Translator._trim,
    exp.Substring: _Translator._substring,
    exp.Extract: _Translator._extract,
    exp.Anonymous: _Translator._anonymous,
    exp.Floor: _Translator._named,
    exp.Ceil: _Translator._named,
    exp.Concat: _Translator._text_sequence,
}


def _number(digits: str, text: str) -> int | Decimal | float:
    """MySQL: digits are an integer (DECIMAL beyond 64 bits), a point makes DECIMAL, an exponent DOUBLE."""
    if "e" in digits.lower():
        value = float(digits)
        if value in (float("inf"), float("-inf")):
            raise DataProblem(BAD_SQL, f"the number {text} is too large")
        return value
    if "." in digits:
        return Decimal(digits)
    whole = int(digits)
    return whole if whole < 1 << 64 else Decimal(whole)


def _unsupported(text: str) -> DataProblem:
    return DataProblem(BAD_SQL, f"{text} isn't supported in a rule", hint=f"Rules understand {SUPPORTED}.")
