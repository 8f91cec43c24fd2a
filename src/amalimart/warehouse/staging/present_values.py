"""The values a part reads, each under a name in the model that no source or canonical column can have.

"from state"          a column of the part's own table, null where it is blank
"stores.city"         a column of a lookup
"join for order_id"   several columns joined to one id
"sql for amount"      a formula
"""

from __future__ import annotations

from amalimart.core.errors import ConfigError
from amalimart.core.names import quoted
from amalimart.mapping.parts import filter_columns
from amalimart.mapping.scalar_sql import scalar_sql
from amalimart.mapping.shape import ColumnMapping
from amalimart.warehouse.staging.casts import id_value, is_whole, present_value
from amalimart.warehouse.staging.macros import call
from amalimart.warehouse.staging.staged import StagedPart, StagedTable, column_name, inert, literal

TEXT = "varchar"


def own_name(column: str) -> str:
    """The name of an own column's value, unquoted."""
    return f"from {column}"


def quoted_own(column: str) -> str:
    """The name of an own column's value. Raises ConfigError for a name with a brace."""
    return column_name(own_name(column))


def origin_of(staged: StagedPart, canonical: str) -> ColumnMapping | None:
    """Where a canonical column comes from; None for what the source lacks."""
    origin = staged.part.columns.get(canonical)
    if origin is None or origin.constant is not None:
        return origin
    if origin.lookup is not None:
        table = staged.lookups.get(origin.lookup)
        return origin if table is not None and origin.source in table.columns else None
    there = set(staged.table.columns)
    return origin if set(staged.part.own_columns(canonical)) <= there else None


def present_of(staged: StagedPart, canonical: str) -> tuple[str, str] | None:
    """Name and engine type of a canonical column's value before its cast; None for what has no such value."""
    origin = origin_of(staged, canonical)
    if origin is None or origin.constant is not None:
        return None
    if origin.source is None:
        kind = "join" if origin.join is not None else "sql"
        return quoted(f"{kind} for {canonical}"), TEXT
    if origin.lookup is not None:
        return lookup_name(origin.lookup, origin.source), staged.lookups[origin.lookup].types[origin.source]
    return quoted_own(origin.source), staged.table.types[origin.source]


def lookup_name(lookup: str, column: str) -> str:
    """The name of a looked-up column's value."""
    return column_name(f"{lookup}.{column}")


def used_columns(staged: StagedPart) -> list[str]:
    """The part's own columns that its model reads, each once."""
    used: dict[str, None] = {}
    for canonical in staged.entity.columns:
        if origin_of(staged, canonical) is not None:
            used |= dict.fromkeys(staged.part.own_columns(canonical))
    used |= dict.fromkeys(filter_columns(staged.part.row_filter))
    if staged.part.deduplicate is not None and staged.part.deduplicate.by is not None:
        used[staged.part.deduplicate.by] = None
    for name, lookup in staged.part.lookups.items():
        if name in staged.lookups:
            used |= dict.fromkeys(lookup.match)
    missing = [column for column in used if column not in staged.table.columns]
    if missing:
        raise ConfigError(
            f"{staged.table.table} has not landed its column {missing[0]!r}, which {staged.name} needs",
            where=staged.part.where,
            next_step="snapshot the table again",
        )
    return list(used)


def read(table: StagedTable, column: str, relation: str = "") -> str:
    """The present value of a landed column."""
    place = f"{relation}." if relation else ""
    return present_value(place + column_name(column), table.types[column])


def made_columns(staged: StagedPart) -> list[tuple[str, str]]:
    """(name, SQL) of the values that are made of several columns."""
    made = []
    for canonical in staged.entity.columns:
        origin = origin_of(staged, canonical)
        if origin is not None and origin.join is not None:
            made.append((quoted(f"join for {canonical}"), _joined(staged, origin.join, origin.separator)))
        if origin is not None and origin.sql is not None:
            formula = call("as_text", call("formula", inert(scalar_sql(origin.sql).rendered(own_name))))
            made.append((quoted(f"sql for {canonical}"), present_value(formula, TEXT)))
    return made


def _joined(staged: StagedPart, columns: tuple[str, ...], separator: str) -> str:
    """The parts with the separator between them; one that stands inside a part is marked by a backslash."""
    parts = []
    for column in columns:
        kind = staged.table.types[column]
        value = id_value(quoted_own(column), kind)
        if not is_whole(kind):
            value = call("marked", value, separator)
        parts.append(value)
    return f" || {literal(separator)} || ".join(parts)
