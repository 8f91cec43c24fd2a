"""A mapping's row filter as SQL over the present values of a part's own columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time

from amalimart.mapping.entities import ColumnType
from amalimart.mapping.scalar_sql import scalar_sql
from amalimart.mapping.shape import Bound, Condition
from amalimart.warehouse.staging.casts import as_text, cast_expression, is_whole
from amalimart.warehouse.staging.macros import call
from amalimart.warehouse.staging.moments import moment
from amalimart.warehouse.staging.present_values import own_name, quoted_own
from amalimart.warehouse.staging.staged import StagedPart, inert, literal

_BOUNDS = (("above", ">"), ("at_least", ">="), ("below", "<"), ("at_most", "<="))


def filter_sql(staged: StagedPart) -> str:
    """The condition under which a row is kept, never null; empty where every row is."""
    given = staged.part.row_filter
    if given.sql is not None:
        formula = inert(scalar_sql(given.sql).rendered(own_name))
        return f"coalesce({call('formula', f'cast({formula} as boolean)')}, false)"
    kept = [
        each
        for column, condition in given.conditions.items()
        for each in _conditions(staged, column, condition)
    ]
    together = "\n        and ".join(kept)
    return f"coalesce({together}, false)" if kept else ""


def _conditions(staged: StagedPart, column: str, condition: Condition) -> Iterator[str]:
    present = quoted_own(column)
    written = as_text(present, staged.table.types[column])
    if condition.one_of is not None:
        yield f"{written} in ({', '.join(map(literal, condition.one_of))})"
    if condition.none_of is not None:
        unwanted = f"{written} in ({', '.join(map(literal, condition.none_of))})"
        yield f"not coalesce({unwanted}, false)"
    if condition.empty is not None:
        yield f"{present} is {'' if condition.empty else 'not '}null"
    for bound, operator in _BOUNDS:
        limit = getattr(condition, bound)
        if limit is not None:
            yield _compared(staged, present, staged.table.types[column], operator, limit)


def _compared(staged: StagedPart, present: str, source_type: str, operator: str, limit: Bound) -> str:
    if isinstance(limit, date):
        at = limit if isinstance(limit, datetime) else datetime.combine(limit, time())
        zone = staged.source_zone
        bound = call("moment_literal", at.isoformat(" "))
        return f"{moment(present, source_type, None, zone, zone)} {operator} {bound}"
    if is_whole(source_type) or source_type.startswith("decimal") or source_type in {"double", "float"}:
        return f"{present} {operator} {limit!r}"
    return f"{_number(present, source_type)} {operator} {limit!r}"


def _number(present: str, source_type: str) -> str:
    return cast_expression(
        present,
        source_type=source_type,
        target=ColumnType.DECIMAL,
        result="",
        values=None,
        default=None,
        text_format=None,
        source_zone="UTC",
        business_zone="UTC",
    ).value
