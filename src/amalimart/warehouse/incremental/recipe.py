"""How one model follows its parents: which units a change affects, and the query that computes those anew.

A unit is what is computed together and replaced together: an order, the orders of one customer. Recipes
are plain SQL made when the project is compiled; at run time they only read change sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from amalimart.core.names import TableRef, quoted


@dataclass(frozen=True, slots=True)
class Route:
    """One way in which changes reach a model: a query over change sets that selects affected units.

    `parents` are the unique ids of those whose change sets it reads.
    """

    parents: tuple[str, ...]
    sql: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """Rows that are looked for by some of their columns; `shared` where several parts look for such rows.

    table    the relation, as it stands in SQL
    by       those columns, each with the column of `keys` that holds its values
    keys     the query of the values
    columns  what is needed of the rows; none for all of them
    changes  the change set of the relation, as it stands in SQL
    shared   what all of those parts need of the rows
    """

    table: str
    by: tuple[tuple[str, str], ...]
    keys: str
    columns: tuple[str, ...]
    changes: str
    shared: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one parent that are needed: a temporary table and its query.

    told    the same rows where `parent`, a unique id, has a change set: those that came are not looked for
    lookup  the same rows as what is looked for; None where no other part looks for such
    is_required  whether the units have no rows where there are none of the parent
    """

    name: str
    sql: str
    parent: str = ""
    told: str = ""
    lookup: Lookup | None = None
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A cheaper query of the same rows, where `unless` selects none."""

    unless: str
    sql: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model follows.

    unit      columns that name a unit; none where the model is one unit
    identity  columns by which changed rows are taken out and put back
    routes    from changes to affected units
    sql       the rows of the affected units as they are now
    parts     what `sql` reads of large parents, in an order in which it can be read
    is_exact  whether `sql` yields no other rows
    whole_on  unique ids of parents of which any change builds the model anew
    of_changes  whether `sql` knows only of units that a change set names
    shortcut  for what nearly always happens
    """

    unit: tuple[str, ...]
    identity: tuple[str, ...]
    routes: tuple[Route, ...]
    sql: str
    parts: tuple[Part, ...] = ()
    is_exact: bool = False
    whole_on: tuple[str, ...] = ()
    of_changes: bool = False
    shortcut: Shortcut | None = None

    @property
    def read_changes(self) -> frozenset[str]:
        """Unique ids of everything whose change set it reads."""
        return frozenset[str]().union(*(route.parents for route in self.routes))

    def as_dict(self) -> dict[str, Any]:
        """The form in which a recipe is kept in a file."""
        return asdict(self)


def read_recipe(kept: Mapping[str, Any]) -> Recipe:
    """A recipe from its kept form."""
    routes = tuple(Route(tuple(route["parents"]), route["sql"]) for route in kept["routes"])
    return Recipe(
        unit=tuple(kept["unit"]),
        identity=tuple(kept["identity"]),
        routes=routes,
        sql=kept["sql"],
        parts=tuple(map(read_part, kept["parts"])),
        is_exact=kept["is_exact"],
        whole_on=tuple(kept["whole_on"]),
        of_changes=kept["of_changes"],
        shortcut=Shortcut(**kept["shortcut"]) if kept["shortcut"] else None,
    )


def read_part(kept: Mapping[str, Any]) -> Part:
    """A part from its kept form."""
    lookup = kept["lookup"]
    if lookup is None:
        return Part(**kept)
    read = Lookup(
        table=lookup["table"],
        by=tuple((own, key) for own, key in lookup["by"]),
        keys=lookup["keys"],
        columns=tuple(lookup["columns"]),
        changes=lookup["changes"],
        shared=tuple(lookup["shared"]) if lookup["shared"] is not None else None,
    )
    return Part(**{**kept, "lookup": read})


def changes_of(table: TableRef) -> str:
    """The change set of a relation: its columns and `_sign`, 1 for a row that came, -1 for one that went."""
    return f"temp.{quoted(f'changes of {table}')}"


PLACE = "_place"
"""Name of the column that says where in its table a row stood before."""


def before_of(table: TableRef) -> str:
    """The affected rows as they stood, with their place."""
    return f"temp.{quoted(f'before of {table}')}"


def after_of(table: TableRef) -> str:
    """The affected rows as they are to be."""
    return f"temp.{quoted(f'after of {table}')}"


def affected_of(table: TableRef) -> str:
    """The affected units of a model."""
    return f"temp.{quoted(f'affected of {table}')}"


def came(table: TableRef) -> str:
    """The rows that came into a relation."""
    return f"select * exclude (_sign) from {changes_of(table)} where _sign = 1"


def part_of(parent: TableRef, model: TableRef) -> str:
    """The rows of a parent that the affected units of a model are made of."""
    return f"temp.{quoted(f'part of {parent} for {model}')}"


def only(table: TableRef, on: Mapping[str, str], keys: str, columns: str = "r.*") -> str:
    """The rows of a relation that have the values of a query's columns; `on`: own column -> its column."""
    joined = " and ".join(f"r.{quoted(own)} = k.{quoted(key)}" for own, key in on.items())
    found = f"select {columns} from {table.sql} as r semi join ({keys}) as k on {joined}"
    if len(on) == 1:
        return found
    # The engine narrows a scan by no key at all where one of them is computed, as a view's may be.
    each = (f"r.{quoted(own)} in (select {quoted(key)} from ({keys}))" for own, key in on.items())
    return f"{found} where {' and '.join(each)}"


def looked_up(
    name: str, parent: tuple[str, TableRef], on: Mapping[str, str], keys: str, columns: tuple[str, ...]
) -> Part:
    """The same as a part, by columns that are not the relation's own key. No columns: all of them."""
    unique_id, table = parent
    listed = ", ".join(f"r.{quoted(column)}" for column in columns) or "r.*"
    lookup = Lookup(table.sql, tuple(on.items()), keys, columns, changes_of(table))
    return Part(name, only(table, on, keys, listed), unique_id, lookup=lookup)


def by_key(
    name: str,
    parent: tuple[str, TableRef],
    on: Mapping[str, str],
    keys: str,
    columns: str = "r.*",
    unique_where: str = "",
) -> Part:
    """The same as a part, where `on` is the relation's own key: a row that came need not be looked for.

    `parent` is its unique id and its place; `unique_where` is the condition under which a row alone has its
    key: others may be left out then.
    """
    unique_id, table = parent
    changed = f"(from {changes_of(table)} where {unique_where or 'true'})"
    apart = " and ".join(f"c.{quoted(own)} = k.{quoted(key)}" for own, key in on.items())
    joined = " and ".join(f"r.{quoted(own)} = k.{quoted(key)}" for own, key in on.items())
    told = (
        f"with keys as materialized ({keys}),"
        f" missing as (select k.* from keys as k anti join {changed} as c on {apart}) "
        f"select {columns} from ({came(table)}) as r semi join keys as k on {joined} union all "
        + only(table, on, "from missing", columns)
    )
    return Part(name, only(table, on, keys, columns), unique_id, told)
