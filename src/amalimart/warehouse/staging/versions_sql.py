"""The model of a table's row versions: what each row's tracked columns were, from which change to which.

A version begins with the change that brought it and ends, exclusively, with the change that replaced it
or took the row away: a delete, a truncate, or a snapshot that no longer holds it. Changes of other columns
begin no version. A column that a change did not repeat has the value that the row had before. Values stand
as they landed; `versions_view` types them. A row without a key has no versions.
"""

from __future__ import annotations

from amalimart.warehouse.bronze import REPLACED
from amalimart.warehouse.staging.macros import INSTANT, TEXT, TEXTS, call
from amalimart.warehouse.staging.present_values import quoted_own
from amalimart.warehouse.staging.staged import column_name, free_name, header, literal, refuse_twins
from amalimart.warehouse.staging.tracked import VersionedTable

SPAN = {
    "_is_snapshot": ("boolean", "Whether a snapshot brought it: since when it had been so is not known."),
    "_is_first": ("boolean", "Whether it stood in a snapshot before which the lake holds nothing."),
    "_position": (TEXT, "Position of the source at which it began."),
    "_changed_at": (INSTANT, "When it began, by the source's clock; of a snapshot, when it was taken."),
    "_batch": ("bigint", "Commit of the source's lake that began it."),
    "_sequence": ("bigint", "Row number inside that commit."),
    "_to_position": (TEXT, "Position of the source at which it ended; null while it stands."),
    "_to_at": (INSTANT, "When it ended; null while it stands."),
    "_to_batch": ("bigint", "Commit of the source's lake that ended it; null while it stands."),
    "_to_sequence": ("bigint", "Row number inside that commit; 0 where a snapshot lacked the row."),
    "_is_ended_by_snapshot": ("boolean", "Whether a snapshot ended it."),
    "_is_gone": ("boolean", "Whether it ended because the row was gone."),
}
"""Column -> type and meaning of what a row version says beside the table's own columns."""

_ORDER = call("arrival_order", "_batch", "_sequence")
_START_OF_BATCH = call("arrival_order", "_batch", "0")


def span_names(versioned: VersionedTable) -> dict[str, str]:
    """Column of `SPAN` -> its name in the model: another one where the source took that."""
    return {name: free_name(name, versioned.table.columns) for name in SPAN}


def versions_sql(versioned: VersionedTable) -> str:
    """The model over everything that landed. Raises ConfigError for columns that cannot be told apart."""
    refuse_twins(versioned.table)
    return _Versions(versioned).whole()


def versions_of_changes_sql(versioned: VersionedTable, *, before: str, arrived: str) -> str:
    """The versions in `before`, all of their rows, carried on by the changes in `arrived`."""
    return _Versions(versioned).carried_on(before, arrived)


class _Versions:
    """Writes the model of one table. Inside it source columns have names that none of its own can have."""

    def __init__(self, versioned: VersionedTable) -> None:
        self._versioned = versioned
        self._model, self._table = versioned.model, versioned.table
        self._own = span_names(versioned)
        others = [column for column in versioned.columns if column not in self._table.key]
        self._kept = (*self._table.key, *others)
        self._keys = [quoted_own(column) for column in self._table.key]
        self._others = {column: quoted_own(column) for column in others}
        self._listed = ",\n        ".join([*self._keys, *self._others.values()])
        self._of_a_row = f"partition by {', '.join(self._keys)} order by _order"
        self._has_key = " and ".join(f"{key} is not null" for key in self._keys)

    def whole(self) -> str:
        tells = self._table.types
        position = "_position" if "_position" in tells else f"cast(null as {TEXT})"
        moment = "_committed_at" if "_committed_at" in tells else f"cast(null as {INSTANT})"
        untold = "_unchanged" if self._table.tells_unchanged else f"cast(null as {TEXTS})"
        opening = header(
            f"{self._table.table} of {self._table.source}: the versions of its rows, as far as tracked.",
            grain=f"one row per {', '.join(self._table.key)} and change of a tracked column",
            personal=(),
        )
        nulls = "".join(f",\n        null as {name}" for name in self._others.values())

        def read(relation: str) -> str:
            return f"""select
        {self._as_landed()},
        _op,
        _batch,
        _sequence,
        {position} as _position,
        {moment} as _moment,
        {untold} as _untold,
        {_ORDER} as _order
    from {relation}"""

        return f"""{opening}with landed as (
    {read(self._table.relation)}
),

replaced as (
    {read(self._versioned.replaced)}
),

told as (
    select * from replaced
    union all
    select * from landed
),

resets as (
    select
        _batch,
        case when _op = 'truncate' then _sequence else 0 end as _sequence,
        min(_position) as _position,
        coalesce(min(case when _op <> '{REPLACED}' then _moment end), min(_moment)) as _moment,
        min(case when _op = 'truncate' then _order else {_START_OF_BATCH} end) as _order
    from told
    where _op in ('truncate', 'snapshot', '{REPLACED}')
    group by 1, 2
),

eras as (
    select
        *,
        coalesce(lag(_order) over (order by _order), -1) as _since
    from resets
),

oldest as (
    select
        case when min(case when _op = 'snapshot' then _order end) = min(_order) then min(_batch) end as _batch
    from told
),

followed as (
    select
        told.*,
        coalesce(told._op = 'snapshot' and told._batch = oldest._batch, false) as _is_first,
        lead(told._op) over ({self._of_a_row}) as _next_op,
        lead(told._batch) over ({self._of_a_row}) as _next_batch,
        lead(_order) over ({self._of_a_row}) as _next_order
    from told
    cross join oldest
    where {self._has_key} and _op not in ('truncate', '{REPLACED}')
),

changes as (
    select
        {self._listed},
        _op,
        _is_first,
        _batch,
        _sequence,
        _position,
        _moment,
        _untold,
        _order
    from followed
    where not coalesce(_op = 'snapshot' and _next_op = 'snapshot' and _next_batch = _batch, false)

    union all

    select
        {", ".join(f"followed.{key}" for key in self._keys)}{nulls},
        'delete' as _op,
        false as _is_first,
        eras._batch,
        eras._sequence,
        eras._position,
        eras._moment,
        null as _untold,
        eras._order
    from followed
    inner join eras on followed._order >= eras._since and followed._order < eras._order
    where
        followed._op <> 'delete'
        and coalesce(eras._order < followed._next_order, true)
        and not coalesce(followed._next_op = 'snapshot' and followed._next_batch = eras._batch, false)
),

{self._folded()}"""

    def carried_on(self, before: str, arrived: str) -> str:
        own = self._own
        columns = ", ".join(map(column_name, self._kept))
        keys = ", ".join(map(column_name, self._table.key))
        stood = (
            f"select {columns}, if({own['_is_snapshot']}, 'snapshot', 'upsert') as _op,"
            f" {own['_is_first']} as _is_first,"
            f" {own['_batch']} as _batch, {own['_sequence']} as _sequence, {own['_position']} as _position,"
            f" {own['_changed_at']} as _committed_at, cast(null as {TEXTS}) as _unchanged from {before}"
        )
        gone = (
            f"select {keys}, 'delete' as _op, {own['_to_batch']} as _batch, {own['_to_sequence']} as"
            f" _sequence, {own['_to_position']} as _position, {own['_to_at']} as _committed_at"
            f" from {before} where {own['_is_gone']}"
        )
        return f"""with changes as (
    select
        {self._as_landed()},
        _op,
        coalesce(_is_first, false) as _is_first,
        _batch,
        _sequence,
        _position,
        _committed_at as _moment,
        _unchanged as _untold,
        {_ORDER} as _order
    from ({stood} union all by name {gone} union all by name select * from {arrived})
    where {" and ".join(f"{column_name(key)} is not null" for key in self._table.key)}
),

{self._folded()}"""

    def _as_landed(self) -> str:
        return ",\n        ".join(f"{column_name(column)} as {quoted_own(column)}" for column in self._kept)

    def _folded(self) -> str:
        """From changes in order to versions: what was not told, what changed, and until when it stood."""
        own, places = self._own, list(enumerate(self._others.values(), 1))
        resolved = "".join(f",\n        {self._resolved(column)}" for column in self._others)
        before = "".join(
            f",\n        lag({name}) over ({self._of_a_row}) as _before_{place}" for place, name in places
        )
        differs = "".join(
            f"\n                or {name} is distinct from _before_{place}" for place, name in places
        )
        outward = ",\n        ".join(
            f"{quoted_own(column)} as {column_name(column)}" for column in self._kept
        )
        return f"""completed as (
    select
        {", ".join(self._keys)},
        _op,
        _is_first,
        _batch,
        _sequence,
        _position,
        _moment,
        _order{resolved}
    from changes
),

compared as (
    select
        *,
        lag(_op) over ({self._of_a_row}) as _before_op{before}
    from completed
),

steps as (
    select *
    from compared
    where
        case
            when _op = 'delete' then coalesce(_before_op <> 'delete', false)
            else
                coalesce(_before_op = 'delete', true){differs}
        end
),

spans as (
    select
        *,
        lead(_op) over ({self._of_a_row}) as _next_op,
        lead(_position) over ({self._of_a_row}) as _next_position,
        lead(_moment) over ({self._of_a_row}) as _next_moment,
        lead(_batch) over ({self._of_a_row}) as _next_batch,
        lead(_sequence) over ({self._of_a_row}) as _next_sequence
    from steps
),

{self._model} as (
    select
        {outward},
        _op = 'snapshot' as {own["_is_snapshot"]},
        _is_first as {own["_is_first"]},
        _position as {own["_position"]},
        _moment as {own["_changed_at"]},
        _batch as {own["_batch"]},
        _sequence as {own["_sequence"]},
        _next_position as {own["_to_position"]},
        _next_moment as {own["_to_at"]},
        _next_batch as {own["_to_batch"]},
        _next_sequence as {own["_to_sequence"]},
        coalesce(_next_op = 'snapshot' or _next_sequence = 0, false) as {own["_is_ended_by_snapshot"]},
        coalesce(_next_op = 'delete', false) as {own["_is_gone"]}
    from spans
    where _op <> 'delete'
)

select * from {self._model}
"""

    def _resolved(self, column: str) -> str:
        """The value of a column, from an earlier change of the row where this one did not repeat it."""
        name = self._others[column]
        value = f"case when _op <> 'delete' then {name} end"
        if not self._table.tells_unchanged:
            return f"{value} as {name}"
        told = call("last_told", name, literal(column))
        span = f"{self._of_a_row} rows between unbounded preceding and current row"
        return f"({told} over ({span})).told as {name}"
