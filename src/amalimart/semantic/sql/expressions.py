"""Expressions of a statement, written as text.

This module and `select` alone know how SQL is spelled; all else puts expressions together by these functions.
Text is used and not a tree: a tree of a thousand linked nodes takes longer to make, print and throw away than
all the rest of planning. Names are always quoted, and no value of a reader is ever in a text: it is a
placeholder.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NewType

from amalimart.core.names import quoted

Sql = NewType("Sql", str)
"""A finished piece of SQL, so that a bare name cannot be taken for one."""

Comparator = Literal["=", "<", "<=", ">", ">=", "IS NOT DISTINCT FROM"]
Arithmetic = Literal["+", "-", "*", "/"]
TypeName = Literal["DATE", "DOUBLE", "INT", "BIGINT", "TEXT"]
AggregateName = Literal["SUM", "COUNT", "MIN", "MAX"]

NULL, TRUE, FALSE = Sql("NULL"), Sql("TRUE"), Sql("FALSE")
ZERO, ONE = Sql("0"), Sql("1")


def column(name: str, table: str | None = None) -> Sql:
    """A column, of a table or alias."""
    return Sql(quoted(name) if table is None else f"{quoted(table)}.{quoted(name)}")


def reads(expression: Sql, table: str) -> bool:
    """Whether a column of a table or alias is in an expression."""
    return f"{quoted(table)}." in expression


def named(expression: Sql, name: str) -> Sql:
    """An expression or source under a name."""
    return Sql(f"{expression} AS {quoted(name)}")


def text(value: str) -> Sql:
    """A text of the product's own; outside scans the guard lets a closed set pass."""
    escaped = value.replace("'", "''")
    return Sql(f"'{escaped}'")


def call(function: str, *arguments: Sql) -> Sql:
    """A function of its arguments."""
    return Sql(f"{function}({', '.join(arguments)})")


def aggregate(name: AggregateName, value: Sql, where: Sql | None = None, *, is_distinct: bool = False) -> Sql:
    """An aggregate, of the rows for which a condition holds."""
    return filtered(Sql(f"{name}({'DISTINCT ' if is_distinct else ''}{value})"), where)


def filtered(aggregated: Sql, where: Sql | None) -> Sql:
    """One aggregate over the rows for which a condition holds."""
    return aggregated if where is None else Sql(f"{aggregated} FILTER(WHERE {where})")


def coalesce(*values: Sql) -> Sql:
    """The first value that is not missing."""
    return call("COALESCE", *values)


def cast(value: Sql, kind: TypeName) -> Sql:
    """The value in a type."""
    return Sql(f"CAST({value} AS {kind})")


def to_decimal(value: Sql, digits: int, places: int) -> Sql:
    """The value as an exact number."""
    return Sql(f"CAST({value} AS DECIMAL({digits}, {places}))")


def quotient(left: Sql, right: Sql) -> Sql:
    """One value divided by another, as a double; empty where the divisor is 0."""
    return Sql(f"{cast(left, 'DOUBLE')} / NULLIF({cast(right, 'DOUBLE')}, 0)")


def mean(total: Sql, count: Sql) -> Sql:
    """The exact sum over the count, as a double; empty where there is nothing."""
    return Sql(f"{cast(total, 'DOUBLE')} / NULLIF({count}, 0)")


def arithmetic(left: Sql, operator: Arithmetic, right: Sql) -> Sql:
    """Two values combined, not in parentheses."""
    return Sql(f"{left} {operator} {right}")


def parenthesised(expression: Sql) -> Sql:
    """The expression as one operand."""
    return Sql(f"({expression})")


def comparison(left: Sql, operator: Comparator, right: Sql) -> Sql:
    """Two values compared."""
    return Sql(f"{left} {operator} {right}")


def is_missing(value: Sql) -> Sql:
    """Whether there is no value."""
    return Sql(f"{value} IS NULL")


def negated(condition: Sql) -> Sql:
    """The opposite, where the condition is known."""
    return Sql(f"NOT {condition}")


def is_in(value: Sql, among: Iterable[Sql]) -> Sql:
    """Whether the value is one of several, or one that a query gives."""
    return Sql(f"{value} IN ({', '.join(among)})")


def all_of(conditions: Iterable[Sql]) -> Sql:
    """Whether all hold. What is joined by or must be in parentheses already."""
    return Sql(" AND ".join(conditions))


def any_of(conditions: Iterable[Sql]) -> Sql:
    """Whether one holds; not in parentheses."""
    return Sql(" OR ".join(conditions))


def when(condition: Sql, value: Sql, otherwise: Sql | None = None) -> Sql:
    """The value where a condition holds, else another or nothing."""
    end = f" ELSE {otherwise}" if otherwise is not None else ""
    return Sql(f"CASE WHEN {condition} THEN {value}{end} END")


def days_between(first: Sql, last: Sql, unit: str = "DAY") -> Sql:
    """How many borders of a unit lie between two days."""
    return Sql(f"DATE_DIFF({text(unit)}, {first}, {last})")


def truncated(day: Sql, unit: str) -> Sql:
    """The start of the unit that holds a day."""
    return Sql(f"DATE_TRUNC({text(unit)}, {day})")


def interval(unit: str) -> Sql:
    """One of a unit of time."""
    return Sql(f"INTERVAL '1' {unit}")


def months(count: Sql) -> Sql:
    """So many months, to be added to a day."""
    return call("TO_MONTHS", count)


def concatenated(left: Sql, right: Sql) -> Sql:
    """Two texts as one; nothing where one is missing."""
    return Sql(f"{left} || {right}")
