"""A view of the values that enum columns hold and the mapping does not know, with the rows that hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from amalimart.mapping.entities import ColumnType
from amalimart.mapping.enum_values import spellings
from amalimart.warehouse.staging.casts import as_text, enum_spelling
from amalimart.warehouse.staging.macros import TEXT
from amalimart.warehouse.staging.moments import text_literal
from amalimart.warehouse.staging.present_values import origin_of, read
from amalimart.warehouse.staging.staged import DUPLICATE, StagedPart, column_name, header, literal

COLUMNS = {
    "entity": (TEXT, "The entity."),
    "column_name": (TEXT, "Its enum column."),
    "source": (TEXT, "The source."),
    "table_name": (TEXT, "The source's table."),
    "written": (TEXT, "The value as the source writes it."),
    "held_by_rows": ("bigint", "Current rows that hold it."),
}
"""Column -> type and meaning."""


def enum_drift_sql(parts: Sequence[StagedPart]) -> str:
    """The view over the current rows of every table that fills an enum column."""
    opening = header(
        "Values of enum columns that no value of the mapping stands for.",
        grain="one row per canonical column, source table and value as written",
        personal=("written",) if shows_personal(parts) else (),
        view_in="silver",
    )
    selects = [each for part in parts for each in _of_part(part)]
    if not selects:
        empty = ",\n".join(f"    cast(null as {kind}) as {column}" for column, (kind, _) in COLUMNS.items())
        selects = [f"select\n{empty}\nwhere false\n"]
    return opening + "\nunion all\n\n".join(selects)


def shows_personal(parts: Sequence[StagedPart]) -> bool:
    """Whether what was written into a personal column may be shown."""
    return any(
        spec.type is ColumnType.ENUM and spec.sensitivity == "personal" and canonical in each.part.columns
        for each in parts
        for canonical, spec in each.entity.columns.items()
    )


def _of_part(staged: StagedPart) -> Iterator[str]:
    for canonical, spec in staged.entity.columns.items():
        origin = origin_of(staged, canonical)
        if spec.type is not ColumnType.ENUM or origin is None or origin.source is None:
            continue
        table = staged.table if origin.lookup is None else staged.lookups[origin.lookup]
        written = as_text(read(table, origin.source), table.types[origin.source])
        known = ", ".join(text_literal(spelling) for spelling in spellings(origin, spec))
        yield (
            f"select\n    {literal(staged.name)} as entity,\n    {literal(canonical)} as column_name,\n"
            f"    {literal(table.source)} as source,\n    {literal(table.table)} as table_name,\n"
            f"    {written} as written,\n    count(*) as held_by_rows\nfrom {table.rows}\nwhere\n"
            f"    _op <> '{DUPLICATE}'\n    and {column_name(origin.source)} is not null\n"
            f"    and {enum_spelling(written)} not in ({known})\ngroup by 1, 2, 3, 4, 5\n"
        )
