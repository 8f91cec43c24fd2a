"""Nodes of a statement, made directly.

The library's own builders read a text or ask for its dialect first, which for a thousand nodes takes
longer than all the rest of planning. Names are always quoted.
"""

from __future__ import annotations

from sqlglot import exp


def column(name: str, table: str | None = None) -> exp.Column:
    """A column, of a table or alias."""
    if table is None:
        return exp.Column(this=identifier(name))
    return exp.Column(this=identifier(name), table=identifier(table))


def identifier(name: str) -> exp.Identifier:
    """A quoted name."""
    return exp.Identifier(this=name, quoted=True)


def named(expression: exp.Expr, name: str) -> exp.Expr:
    """An expression under a name."""
    return exp.Alias(this=expression, alias=identifier(name))


def to_double(value: exp.Expr) -> exp.Cast:
    """The value as a double."""
    return exp.Cast(this=value, to=exp.DataType(this=exp.DType.DOUBLE, nested=False))


def to_whole(value: exp.Expr) -> exp.Cast:
    """The value as a whole number of 32 bits."""
    return exp.Cast(this=value, to=exp.DataType(this=exp.DType.INT, nested=False))


def to_count(value: exp.Expr) -> exp.Cast:
    """The value as a whole number of 64 bits, as a count is."""
    return exp.Cast(this=value, to=exp.DataType(this=exp.DType.BIGINT, nested=False))


def to_date(value: exp.Expr) -> exp.Cast:
    """The value as a day."""
    return exp.Cast(this=value, to=exp.DataType(this=exp.DType.DATE, nested=False))


def to_decimal(value: exp.Expr, digits: int, places: int) -> exp.Cast:
    """The value as an exact number."""
    sizes = [exp.DataTypeParam(this=exp.Literal.number(size)) for size in (digits, places)]
    return exp.Cast(this=value, to=exp.DataType(this=exp.DType.DECIMAL, expressions=sizes, nested=False))


def left_join(select: exp.Select, source: exp.Expr, on: exp.Expr) -> exp.Select:
    """The statement with a source joined to it, every row of the statement kept."""
    select.append("joins", exp.Join(this=source, side="LEFT", on=on))
    return select
