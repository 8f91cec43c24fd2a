"""Which rows of a table can be one row of an entity, and which of them stays."""

from __future__ import annotations

from enum import Enum

from amalimart.mapping.shape import Deduplicate
from amalimart.warehouse.staging.casts import blank_edged, is_whole
from amalimart.warehouse.staging.macros import call
from amalimart.warehouse.staging.moments import TEXT_TYPES
from amalimart.warehouse.staging.present_values import quoted_own
from amalimart.warehouse.staging.staged import StagedPart, StagedTable, column_name


class Doubling(Enum):
    """Whether two current rows of a table can have one key of the entity."""

    NEVER = "never"  # the entity's key tells the row key as it is
    BY_BLANKS = "by blanks"  # it tells it without outer blanks, which may be all that rows differ in
    ANYHOW = "anyhow"


def doubling(staged: StagedPart) -> Doubling:
    """Whether rows that the row key tells apart may be one row of the entity."""
    told: set[str] = set()
    for canonical in staged.entity.key:
        origin = staged.part.columns.get(canonical)
        if origin is not None and origin.sql is None:
            told |= set(staged.part.own_columns(canonical))
    types = {staged.table.types[column] for column in staged.table.key}
    if staged.part.deduplicate is not None or not set(staged.table.key) <= told:
        return Doubling.ANYHOW
    if not all(is_whole(kind) or kind in TEXT_TYPES for kind in types):
        return Doubling.ANYHOW
    return Doubling.BY_BLANKS if types & TEXT_TYPES else Doubling.NEVER


def ordering(rule: Deduplicate | None, table: StagedTable, prefix: str) -> list[str]:
    """The order in which the first row is the one that stays, over present values."""
    arrival = [f"{prefix}_batch desc", f"{prefix}_sequence desc"]
    if rule is None or rule.by is None:
        return arrival
    value = f"{prefix}{quoted_own(rule.by)}"
    ways = [value]
    if table.types[rule.by] in TEXT_TYPES:
        ways = [call("text_to_order_as_number", value), call("text_to_order_as_moment", value), value]
    direction = "desc" if rule.keep == "latest" else "asc"
    return [*(f"{way} {direction} nulls last" for way in ways), *arrival]


def edged_sql(table: StagedTable) -> str:
    """Whether a text of the row key has blanks around it."""
    texts = [column for column in table.key if table.types[column] in TEXT_TYPES]
    return " or ".join(blank_edged(column_name(column)) for column in texts)
