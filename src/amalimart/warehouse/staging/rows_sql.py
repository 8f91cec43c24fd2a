"""The model of a table's current rows: landed changes folded by the row key, values as they landed.

The latest row of each key counts. A delete takes its key away, a truncate every earlier row of the
table; a column that a change did not repeat has the value that the latest earlier row of the key told.
A row that one snapshot holds twice is kept with the `_op` duplicate, so that it can be accounted for;
a row without a key is a row of its own.
"""

from __future__ import annotations

from amalimart.core.errors import ConfigError
from amalimart.warehouse.staging.macros import INLINED, TEXTS, call
from amalimart.warehouse.staging.staged import (
    DUPLICATE,
    StagedTable,
    column_name,
    free_name,
    header,
    literal,
    refuse_twins,
)

ORDER = call("arrival_order", "_batch", "_sequence")
"""One number that orders rows as the lake received them; no batch has as many rows as the factor."""


def rows_sql(table: StagedTable) -> str:
    """The SQL of the model. Raises ConfigError for columns that cannot be told apart or are missing."""
    refuse_twins(table)
    lacking = sorted(set(table.key) - set(table.columns))
    if lacking or not table.key:
        raise ConfigError(
            f"{table.table} has not landed its key column {lacking[0]!r}"
            if lacking
            else f"nothing tells one row of {table.table} from another",
            expected=f"the key columns of {table.table}",
            next_step="snapshot the table again, or correct its `key`",
        )
    return _Rows(table).sql()


class _Rows:
    """Writes the model of one table. Names of its own are made so that no source column has them."""

    def __init__(self, table: StagedTable) -> None:
        self._table = table
        self._order, self._last = (free_name(name, table.columns) for name in ("_order", "_last"))
        self._keys = [column_name(column) for column in table.key]
        self._columns = [column_name(column) for column in table.columns]

    def sql(self) -> str:
        table = self._table
        opening = header(
            f"{table.table} of {table.source}: its rows as they stand now, generated from the mapping.",
            grain=f"one row per {', '.join(table.key)} (rows that one snapshot holds twice aside)",
            personal=table.personal,
        )
        complete = "\n        and remaining._unchanged is null" if table.tells_unchanged else ""
        own = ["_op", "_batch", "_sequence", *(["_unchanged"] if table.tells_unchanged else [])]
        listed = ",\n        ".join([*self._columns, *own])
        return f"""{opening}with numbered as {INLINED}(
    select
        {listed},
        {ORDER} as {self._order}
    from {table.relation}
),

remaining as {INLINED}(
    select *
    from numbered
    where
        {self._order} > (
            select coalesce(max({self._order}), -1)
            from numbered
            where _op = 'truncate'
        )
),

latest as (
    select
        {self._keys_as("remaining")},
        max({self._order}) as {self._last},
        {call("value_of_last", "_op", self._order)} as _last_op,
        count(*) filter (where _op = 'snapshot') as _snapshots
    from remaining
    where {" and ".join(f"{key} is not null" for key in self._keys)}
    group by {", ".join(str(place) for place in range(1, len(self._keys) + 1))}
),

{self._told_earlier()}{table.model} as (
    select
        {self._selected("remaining._op", f"cast(null as {TEXTS})")}
    from remaining
    inner join latest on remaining.{self._order} = latest.{self._last}
    where
        latest._last_op <> 'delete'{complete}
{self._completed()}
    union all

    select
        {self._selected(f"'{DUPLICATE}'", f"cast(null as {TEXTS})")}
    from remaining
    inner join latest on {self._same_key("latest")}
    where
        latest._snapshots > 1
        and latest._last_op = 'snapshot'
        and remaining._op = 'snapshot'
        and remaining.{self._order} <> latest.{self._last}

    union all

    select
        {self._selected("remaining._op", f"cast(null as {TEXTS})")}
    from remaining
    where
        ({" or ".join(f"{key} is null" for key in self._keys)})
        and remaining._op in ('snapshot', 'upsert')
)

select * from {table.model}
"""

    def _keys_as(self, relation: str) -> str:
        return ",\n        ".join(
            f"{relation}.{key} as _key_{number}" for number, key in enumerate(self._keys, 1)
        )

    def _same_key(self, other: str) -> str:
        return " and ".join(
            f"remaining.{key} = {other}._key_{number}" for number, key in enumerate(self._keys, 1)
        )

    def _selected(self, operation: str, unchanged: str) -> str:
        columns = [f"remaining.{column}" for column in self._columns]
        return ",\n        ".join(
            [
                *columns,
                f"{operation} as _op",
                "remaining._batch",
                "remaining._sequence",
                f"{unchanged} as _unchanged",
            ]
        )

    @property
    def _others(self) -> list[str]:
        return [column for column in self._table.columns if column not in self._table.key]

    def _told_earlier(self) -> str:
        """The latest that was told of each column of the few rows that do not repeat every one."""
        if not self._table.tells_unchanged:
            return ""
        told = "".join(
            f""",
        {self._last_told(column)} filter (
            where
            remaining._op = 'delete'
            or not {call("has_text", "remaining._unchanged", literal(column))}
        ) as {column_name(column)}"""
            for column in self._others
        )
        return f"""incomplete as (
    select
        {", ".join(f"latest._key_{number}" for number in range(1, len(self._keys) + 1))},
        latest.{self._last}
    from remaining
    inner join latest on remaining.{self._order} = latest.{self._last}
    where
        latest._last_op <> 'delete'
        and remaining._unchanged is not null
),

told as (
    select
        incomplete.{self._last}{told}
    from remaining
    inner join incomplete on {self._same_key("incomplete")}
    group by incomplete.{self._last}
),

"""

    def _last_told(self, column: str) -> str:
        """Of the latest row: what it told of a column, and whether there was a row to tell it."""
        told = call("told_value", f"remaining.{column_name(column)}", "remaining._op <> 'delete'")
        return call("value_of_last", told, f"remaining.{self._order}")

    def _completed(self) -> str:
        if not self._table.tells_unchanged:
            return ""
        columns = [
            f"remaining.{column_name(column)}"
            if column in self._table.key
            else f"told.{column_name(column)}.told as {column_name(column)}"
            for column in self._table.columns
        ]
        nothing = call("no_texts")
        unknown = nothing + "".join(
            f"\n            || if(told.{column_name(column)}.known, {call('texts', '')}, "
            f"{call('texts', literal(column))})"
            for column in self._others
        )
        listed = ",\n        ".join([*columns, "remaining._op", "remaining._batch", "remaining._sequence"])
        return f"""
    union all

    select
        {listed},
        nullif({unknown}, {nothing}) as _unchanged
    from remaining
    inner join told on remaining.{self._order} = told.{self._last}
"""
