"""The versions of an entity: the row versions of its tables, typed by the casts that staging uses.

A view without joins, so that a change of one row is seen through it. A row version that the mapping's
filter leaves out, or that lacks a required value as far as tracked, is none of the entity.
"""

from __future__ import annotations

from collections.abc import Sequence

from amalimart.mapping.entities import Entity
from amalimart.warehouse.staging.macros import MOMENT, ORDER_TYPE, TEXT, call
from amalimart.warehouse.staging.moments import moment
from amalimart.warehouse.staging.present_values import (
    made_columns,
    present_of,
    quoted_own,
    read,
    used_columns,
)
from amalimart.warehouse.staging.row_filters import filter_sql
from amalimart.warehouse.staging.staged import StagedPart, header, literal
from amalimart.warehouse.staging.tracked import VersionedTable
from amalimart.warehouse.staging.typed_columns import EMPTY_TYPES, typed_column
from amalimart.warehouse.staging.union_sql import LAST
from amalimart.warehouse.staging.versions_sql import span_names

OF_A_VERSION = {
    "_source": (TEXT, "The source that the row is of."),
    "_precedence": ("integer", "Of rows with one key the lowest is the entity's; rows of one part have one."),
    "_from_order": (ORDER_TYPE, "Where it began, as a number that grows with the source's log."),
    "_from_position": (TEXT, "Position of the source at which it began."),
    "_from_at": (MOMENT, "When it began, in the business zone; of a snapshot, when it was taken."),
    "_to_order": (ORDER_TYPE, "Where it ended, exclusively; null while it stands."),
    "_to_position": (TEXT, "Position of the source at which it ended; null while it stands."),
    "_to_at": (MOMENT, "When it ended, in the business zone; null while it stands."),
    "_is_snapshot": ("boolean", "Whether a snapshot brought it: since when it had been so is not known."),
    "_is_ended_by_snapshot": ("boolean", "Whether a snapshot ended it."),
    "_is_first": ("boolean", "Whether it stood in a snapshot before which the lake holds nothing."),
    "_batch": ("bigint", "Commit of the source's lake that began it."),
    "_sequence": ("bigint", "Row number inside that commit."),
}
"""Column -> type and meaning of what a version says beside the entity's tracked columns."""


def versions_view(name: str) -> str:
    """Name of the view of an entity's versions."""
    return f"versions_{name}"


def versions_view_sql(name: str, entity: Entity, parts: Sequence[tuple[StagedPart, VersionedTable]]) -> str:
    """The view over tracked parts; empty and typed without one."""
    model = versions_view(name)
    opening = header(
        f"{name}: what each was, from when to when, as far as tracked.",
        grain=f"one row per {', '.join(entity.key)}, row of the source and change of a tracked column",
        personal=(),
        view_in="staging",
    )
    if not parts:
        columns = {column: EMPTY_TYPES[spec.type] for column, spec in entity.columns.items()}
        columns |= {column: kind for column, (kind, _) in OF_A_VERSION.items()}
        listed = ",\n".join(f"    cast(null as {kind}) as {column}" for column, kind in columns.items())
        return f"{opening}select\n{listed}\nwhere false\n"
    selected = ",\n        ".join([*entity.columns, *OF_A_VERSION])
    ctes, selects = [], []
    for number, (part, versioned) in enumerate(parts, 1):
        ctes += _ctes(part, versioned, number)
        told = "\n        and ".join(f"{column} is not null" for column in _required(part))
        selects.append(f"    select\n        {selected}\n    from typed_{number}\n    where\n        {told}")
    ctes.append((model, "\n\n    union all\n\n".join(selects)))
    body = ",\n\n".join(f"{cte} as (\n{sql}\n)" for cte, sql in ctes)
    return f"{opening}with {body}\n\nselect * from {model}\n"


def _ctes(part: StagedPart, versioned: VersionedTable, number: int) -> list[tuple[str, str]]:
    own = span_names(versioned)
    values = [f"{read(part.table, column)} as {quoted_own(column)}" for column in used_columns(part)]
    values += [f"{inside} as {name}" for name, inside in own.items()]
    rows = "    select\n        " + ",\n        ".join(values) + f"\n    from {versioned.rows}"
    made = "".join(f",\n        {sql} as {name}" for name, sql in made_columns(part))
    kept = filter_sql(part)
    where = f"\n    where {kept}" if kept else ""
    typed = [f"{typed_column(part, column)} as {column}" for column in part.entity.columns]
    zone = part.business_zone
    typed += [
        f"{literal(part.table.source)} as _source",
        f"{part.part.precedence or LAST} as _precedence",
        call("arrival_order", "_batch", "if(_is_snapshot, 0, _sequence)") + " as _from_order",
        "_position as _from_position",
        f"{moment('_changed_at', 'timestamp with time zone', None, zone, zone)} as _from_at",
        call("arrival_order", "_to_batch", "if(_is_ended_by_snapshot, 0, _to_sequence)") + " as _to_order",
        "_to_position",
        f"{moment('_to_at', 'timestamp with time zone', None, zone, zone)} as _to_at",
        "_is_snapshot",
        "_is_ended_by_snapshot",
        "_is_first",
        "_batch",
        "_sequence",
    ]
    return [
        (f"landed_{number}", rows),
        (f"kept_{number}", f"    select\n        *{made}\n    from landed_{number}{where}"),
        (f"typed_{number}", "    select\n        " + ",\n        ".join(typed) + f"\n    from kept_{number}"),
    ]


def _required(part: StagedPart) -> list[str]:
    """Columns without a value of which staging rejects a row."""
    return [
        column
        for column, spec in part.entity.columns.items()
        if column in part.entity.key or (spec.required and present_of(part, column) is not None)
    ]
