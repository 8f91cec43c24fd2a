"""Staging models: current rows of a table typed as a canonical entity, and why a row is rejected.

One readable dbt model for each part of an entity. It keeps the rows the mapping wants, looks up what
other tables tell, types every column, keeps one row of each key, and says in `_rejected` why a row
cannot be used (missing or unreadable required value, duplicate key) and in `_repairs` what was changed
to use it. Nothing is dropped: what became of every landed row is counted by `reconciliation_sql`.
"""

from __future__ import annotations

from collections.abc import Iterator

from amalimart.mapping.entities import ColumnType, Entity
from amalimart.warehouse.staging.doubling import Doubling, doubling, edged_sql, ordering
from amalimart.warehouse.staging.lookups import looked_up, lookup_sql, match_sql
from amalimart.warehouse.staging.macros import INLINED, TEXT, call
from amalimart.warehouse.staging.present_values import (
    lookup_name,
    made_columns,
    present_of,
    quoted_own,
    read,
    used_columns,
)
from amalimart.warehouse.staging.row_filters import filter_sql
from amalimart.warehouse.staging.staged import DUPLICATE, StagedPart, header, literal
from amalimart.warehouse.staging.typed_columns import EMPTY_TYPES, cast_of, typed_column

OWN_COLUMNS = {
    "_rejected": (TEXT, "Why the row cannot be used; null if it can."),
    "_repairs": (TEXT, "What was changed to use the row; null if nothing."),
    "_source": (TEXT, "The source that the row is of."),
    "_part": ("integer", "Which part of the source's mapping of the entity brought it, from 1."),
    "_batch": ("bigint", "Commit of the source's lake that brought the row."),
    "_sequence": ("bigint", "Row number inside that commit."),
}
"""Column -> type and meaning of what every staging model says beside the entity's columns."""
SAME_BATCH = "another row of the same batch has the same key"
SAME_KEY = "another row of the table has the same key"


def empty_staging_sql(name: str, entity: Entity) -> str:
    """An empty, typed staging model for an entity the source lacks."""
    columns = [
        f"cast(null as {EMPTY_TYPES[spec.type]}) as {column}" for column, spec in entity.columns.items()
    ]
    columns += [f"cast(null as {kind}) as {column}" for column, (kind, _) in OWN_COLUMNS.items()]
    listed = ",\n".join(f"    {column}" for column in columns)
    opening = entity_header(entity, f"{name}: the source has none, so this is empty and typed.")
    return f"{opening}select\n{listed}\nwhere false\n"


def entity_header(entity: Entity, detail: str, view_in: str | None = None) -> str:
    """The opening comment of a staging model."""
    return header(
        detail,
        grain=f"one row per {', '.join(entity.key)} (rejected duplicates aside)",
        personal=[column for column, spec in entity.columns.items() if spec.sensitivity == "personal"],
        view_in=view_in,
    )


def staging_sql(staged: StagedPart) -> str:
    """The staging model of one part of an entity. Raises ConfigError."""
    return _Staging(staged).sql()


def read_ctes(staged: StagedPart) -> tuple[list[tuple[str, str]], str]:
    """CTEs (name, SQL) up to the rows that the mapping keeps, and the name of the last.

    Raises ConfigError for a column that has not landed.
    """
    values = [(quoted_own(column), read(staged.table, column)) for column in used_columns(staged)]
    listed = "".join(f"        {value} as {name},\n" for name, value in values)
    own = ["_op", "_batch", "_sequence", "_unchanged"]
    if doubling(staged) is Doubling.BY_BLANKS:
        own.append(f"{edged_sql(staged.table)} as _edged")
    rows = f"    select\n{listed}        " + ",\n        ".join(own) + f"\n    from {staged.table.rows}"
    ctes = [("source_rows", rows)]
    lookups = {name: table for name, table in staged.lookups.items() if name in staged.part.lookups}
    ctes += [(f"lookup_{name}", lookup_sql(staged, name, table)) for name, table in lookups.items()]
    made = made_columns(staged)
    kept = filter_sql(staged)
    if not (lookups or made or kept):
        return ctes, "source_rows"
    taken = [
        f"lookup_{name}.{lookup_name(name, column)}" for name in lookups for column in looked_up(staged, name)
    ]
    added = "".join(f",\n        {each}" for each in [*taken, *(f"{sql} as {name}" for name, sql in made)])
    joins = "".join(f"\n    left join lookup_{name} on {match_sql(staged, name)}" for name in lookups)
    where = f"\n    where {kept}" if kept else ""
    return [
        *ctes,
        ("kept_rows", f"    select\n        source_rows.*{added}\n    from source_rows{joins}{where}"),
    ], "kept_rows"


class _Staging:
    """Writes the model of one part."""

    def __init__(self, staged: StagedPart) -> None:
        self._staged = staged
        self._entity = staged.entity

    def sql(self) -> str:
        staged, entity = self._staged, self._entity
        ctes, rows = read_ctes(staged)
        typed = ",\n".join(f"        {typed_column(staged, column)} as {column}" for column in entity.columns)
        ctes.append(("typed", f"    select\n        *,\n{typed}\n    from {rows}"))
        once = doubling(staged) is Doubling.NEVER
        if not once:
            ctes += self._doubled()
        ctes.append((staged.model, self._final(once=once)))
        detail = f"{staged.name}: generated from the source mapping."
        if staged.model != f"stg_{staged.name}":
            place = f"part {staged.part.number} of {staged.table.source}"
            detail = f"{staged.name}, {place}: generated from the source mapping."
        shared = () if once else ("source_rows", "kept_rows", "typed")
        body = ",\n\n".join(f"{name} as {INLINED if name in shared else ''}(\n{sql}\n)" for name, sql in ctes)
        return f"{entity_header(entity, detail)}with {body}\n\nselect * from {staged.model}\n"

    def _doubled(self) -> Iterator[tuple[str, str]]:
        """Keys that several rows have, and which of these rows stands for the key."""
        key = self._entity.key
        listed = ",\n        ".join(f"typed.{column}" for column in key)
        told = [f"typed._op <> '{DUPLICATE}'", *(f"typed.{column} is not null" for column in key)]
        places = ", ".join(str(place) for place in range(1, len(key) + 1))
        joined = ""
        if doubling(self._staged) is Doubling.BY_BLANKS:
            yield "edged", f"    select distinct\n        {listed}\n    from typed\n    where typed._edged"
            joined = "\n    inner join edged on " + " and ".join(
                f"typed.{column} = edged.{column}" for column in key
            )
        yield (
            "doubled",
            f"    select\n        {listed}\n    from typed{joined}\n    where\n        "
            + "\n        and ".join(told)
            + f"\n    group by {places}\n    having count(*) > 1",
        )
        same = " and ".join(f"typed.{column} = doubled.{column}" for column in key)
        yield (
            "ranked",
            (
                "    select\n        typed._batch,\n        typed._sequence,\n        row_number() over (\n"
                f"            partition by {', '.join(f'typed.{column}' for column in key)}\n"
                f"            order by {', '.join(self._order())}\n        ) as _rank\n"
                f"    from typed\n    inner join doubled on {same}\n    where typed._op <> '{DUPLICATE}'"
            ),
        )
        yield (
            "passed_over",
            "    select\n        _batch,\n        _sequence\n    from ranked\n    where _rank > 1",
        )

    def _order(self) -> list[str]:
        return ordering(self._staged.part.deduplicate, self._staged.table, "typed.")

    def _final(self, *, once: bool) -> str:
        columns = "".join(f"        typed.{column},\n" for column in self._entity.columns)
        joined, dropped = "", ""
        if not once:
            joined = (
                "\n    left join passed_over\n        on typed._batch = passed_over._batch"
                " and typed._sequence = passed_over._sequence"
            )
            if self._staged.part.deduplicate is not None:
                dropped = "\n    where passed_over._batch is null"
        reasons = "\n            ".join(self._reasons(passed_over=not once and not dropped))
        return (
            f"    select\n{columns}        case\n            {reasons}\n        end as _rejected,\n"
            f"        {self._repaired()} as _repairs,\n"
            f"        {literal(self._staged.table.source)} as _source,\n"
            f"        {self._staged.part.number} as _part,\n"
            f"        typed._batch,\n        typed._sequence\n    from typed{joined}{dropped}"
        )

    def _reasons(self, *, passed_over: bool) -> Iterator[str]:
        yield f"when typed._op = '{DUPLICATE}' then {literal(SAME_BATCH)}"
        if passed_over:
            yield f"when passed_over._batch is not null then {literal(SAME_KEY)}"
        for column, spec in self._entity.columns.items():
            if not spec.required:
                continue
            present = present_of(self._staged, column)
            missing = literal(f"{column} is missing")
            if present is None:
                yield f"when typed.{column} is null then {missing}"
                continue
            yield f"when typed.{present[0]} is null then {missing}"
            yield f"when typed.{column} is null then {literal(f'{column} is unreadable')}"

    def _repaired(self) -> str:
        repairs = list(self._repairs())
        if not repairs:
            return f"cast(null as {TEXT})"
        return "nullif(concat_ws('; ',\n            " + ",\n            ".join(repairs) + "\n        ), '')"

    def _repairs(self) -> Iterator[str]:
        if self._staged.table.tells_unchanged:
            listed = ", ".join(literal(column) for column in used_columns(self._staged))
            used = call("texts", listed)
            yield (
                f"case when {call('has_common_texts', 'typed._unchanged', used)}"
                f" then 'the source did not repeat ' || {call('common_texts', 'typed._unchanged', used)} end"
            )
        for column, spec in self._entity.columns.items():
            present = present_of(self._staged, column)
            if present is None:
                continue
            if not spec.required and spec.type is not ColumnType.TEXT:
                unreadable = f"typed.{present[0]} is not null and typed.{column} is null"
                yield f"case when {unreadable} then {literal(f'{column} was unreadable')} end"
            cast = cast_of(self._staged, column)
            if cast.is_changed:
                yield f"case when {cast.is_changed} then {literal(f'{column} {cast.change}')} end"
