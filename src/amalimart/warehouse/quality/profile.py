"""A published table looked at once: nulls, distinct values, bounds, and what is not as declared.

One statement, one scan of the table. Of a personal column only counts are told, never a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from amalimart.core.names import quoted
from amalimart.core.profiles import ColumnProfile, TableProfile
from amalimart.warehouse.file.reading import ReadTransaction
from amalimart.warehouse.project.declared_columns import DeclaredColumn
from amalimart.warehouse.quality.reading import Columns, place

_ORDERED = ("DATE", "TIMESTAMP", "TIME", "DECIMAL", "DOUBLE", "FLOAT", "BOOLEAN", "VARCHAR")
_WHOLE = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
)
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class _Figure:
    """One figure of a column: how it is asked for, and which field it fills."""

    column: str
    field: str
    sql: str


def profile(
    transaction: ReadTransaction,
    table: str,
    columns: Columns,
    declared: Mapping[str, DeclaredColumn],
    personal: frozenset[str],
    *,
    exact: bool = False,
) -> TableProfile:
    """Look at a table. Distinct values are counted where `exact` or declared unique, else estimated."""
    figures: list[_Figure] = []
    for name, kind in columns[table].items():
        known = declared.get(name, DeclaredColumn())
        figures += _figures(name, kind, known, columns, _is_hidden(name, known, personal), exact=exact)
    listed = "".join(f", {figure.sql}" for figure in figures)
    count, *found = transaction.rows(f"select count(*){listed} from {place(table).sql} as looked_at").rows[0]
    told: dict[str, dict[str, object]] = {}
    for figure, value in zip(figures, found, strict=True):
        told.setdefault(figure.column, {})[figure.field] = value
    profiles = [
        _column(name, kind, declared.get(name, DeclaredColumn()), told[name], personal, exact=exact)
        for name, kind in columns[table].items()
    ]
    return TableProfile(table, transaction.release.release_id, int(count), tuple(profiles))


def _figures(
    name: str, kind: str, known: DeclaredColumn, columns: Columns, hidden: bool, *, exact: bool
) -> Iterator[_Figure]:
    column = f"looked_at.{quoted(name)}"
    yield _Figure(name, "nulls", f"count(*) - count({column})")
    counter = f"count(distinct {column})" if exact or known.is_unique else f"approx_count_distinct({column})"
    yield _Figure(name, "distinct", counter)
    if not hidden and kind.partition("(")[0].startswith((*_ORDERED, *_WHOLE)):
        yield _Figure(name, "smallest", f"cast(min({column}) as varchar)")
        yield _Figure(name, "largest", f"cast(max({column}) as varchar)")
    if known.accepted is not None:
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in known.accepted)
        yield _Figure(
            name,
            "unaccepted",
            f"count(*) filter (where cast({column} as varchar) not in ({values}))",
        )
    if (parent := _parent(known, columns)) is not None:
        table, key = parent
        yield _Figure(
            name,
            "orphans",
            f"count(*) filter (where {column} is not null and not coalesce({column} in"
            f" (select {quoted(key)} from {place(table).sql} where {quoted(key)} is not null), false))",
        )


def _column(
    name: str,
    kind: str,
    known: DeclaredColumn,
    told: Mapping[str, object],
    personal: frozenset[str],
    *,
    exact: bool,
) -> ColumnProfile:
    def text(field: str) -> str | None:
        value = told.get(field)
        return None if value is None else str(value)[:_LONGEST]

    def number(field: str) -> int | None:
        value = told.get(field)
        return int(str(value)) if value is not None else None

    return ColumnProfile(
        name=name,
        type=kind,
        is_personal=_is_hidden(name, known, personal),
        nulls=number("nulls") or 0,
        distinct=number("distinct") or 0,
        is_exact=exact or known.is_unique,
        smallest=text("smallest"),
        largest=text("largest"),
        unaccepted=number("unaccepted"),
        orphans=number("orphans"),
        references=".".join(known.references) if known.references else None,
        is_required=known.is_required,
        is_unique=known.is_unique,
    )


def _is_hidden(name: str, known: DeclaredColumn, personal: frozenset[str]) -> bool:
    return known.is_personal or name.lower() in personal


def _parent(known: DeclaredColumn, columns: Columns) -> tuple[str, str] | None:
    """The published table and column that a column refers to; None where there is none."""
    if known.references is None:
        return None
    model, column = known.references
    for schema in ("gold", "silver", "staging"):
        if column in columns.get(f"{schema}.{model}", {}):
            return f"{schema}.{model}", column
    return None
