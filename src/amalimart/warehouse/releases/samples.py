"""A few rows that break a check, so that a person finds them; read before the build is rolled back.

Values of columns that are classified personal are not kept. Where a query may carry such a value under
another name, none of its values are.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time
from decimal import Decimal

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from amalimart.core.releases import SampleRows

SAMPLED_ROWS = 5
_LONGEST_VALUE = 200
_PLAIN = (bool, int, float, Decimal, str, date, datetime, time)


def sampled(
    cursor: duckdb.DuckDBPyConnection, sql: str, personal: Collection[str], rows_meant: str = ""
) -> SampleRows:
    """Some rows of a check's query, all columns of the table where the check looks at one row at a time.

    `personal` are names in lower case. `rows_meant` selects whole rows of a table where the check's own
    rows are values of theirs.
    """
    widened = rows_meant or _widened(sql)
    cursor.execute(f"select * from (\n{widened or sql}\n) as failing limit {SAMPLED_ROWS}")
    found = cursor.fetchall()
    columns = tuple(str(column[0]) for column in cursor.description or ())
    if widened is None and _may_rename(sql, personal):
        masked = set(columns)
    else:
        masked = {column for column in columns if column.lower() in personal}
    masked |= {
        column
        for place, column in enumerate(columns)
        if any(row[place] is not None and not isinstance(row[place], _PLAIN) for row in found)
    }
    rows = tuple(
        tuple(
            None if column in masked else _as_text(value) for column, value in zip(columns, row, strict=True)
        )
        for row in found
    )
    return SampleRows(columns, rows, tuple(column for column in columns if column in masked))


def _as_text(value: object) -> str | None:
    if value is None:
        return None
    text = value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _widened(sql: str) -> str | None:
    """A query of single rows of one table with all its columns: a check for null shows only the null.

    None where the query is of another kind.
    """
    query = _parsed(sql)
    if not isinstance(query, exp.Select) or set(_clauses(query)) - {"expressions", "from_", "where"}:
        return None
    table = query.args.get("from_")
    if table is None or not isinstance(table.this, exp.Table) or table.this.args.get("joins"):
        return None
    if not all(isinstance(each, exp.Column | exp.Star | exp.Literal) for each in query.expressions):
        return None
    return query.select("*", append=False).sql(dialect="duckdb")


def _clauses(query: exp.Select) -> list[str]:
    return [name for name, value in query.args.items() if value]


def _may_rename(sql: str, personal: Collection[str]) -> bool:
    """Whether a query may show a personal value under a name that does not tell."""
    query = _parsed(sql)
    if query is None or query.find(exp.Columns) is not None:
        return True
    tables = {table.alias_or_name.lower() for table in query.find_all(exp.Table, exp.Subquery, exp.CTE)}
    columns = {column.name.lower() for column in query.find_all(exp.Column)}
    named = {identifier.name.lower() for identifier in query.find_all(exp.Identifier)}
    return bool(named & set(personal) or columns & tables)


def _parsed(sql: str) -> exp.Expr | None:
    try:
        return sqlglot.parse_one(sql, dialect="duckdb")
    except SqlglotError:
        return None
