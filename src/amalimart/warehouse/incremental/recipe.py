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
class Recipe:
    """How a model follows.

    unit      columns that name a unit; none where the model is one unit
    identity  columns by which changed rows are taken out and put back
    routes    from changes to affected units
    sql       the rows of the affected units as they are now
    is_exact  whether `sql` yields no other rows
    whole_on  unique ids of parents of which any change builds the model anew
    """

    unit: tuple[str, ...]
    identity: tuple[str, ...]
    routes: tuple[Route, ...]
    sql: str
    is_exact: bool = False
    whole_on: tuple[str, ...] = ()

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
        is_exact=kept["is_exact"],
        whole_on=tuple(kept["whole_on"]),
    )


def changes_of(table: TableRef) -> str:
    """The change set of a relation: its columns and `_sign`, 1 for a row that came, -1 for one that went."""
    return f"temp.{quoted(f'changes of {table}')}"


def affected_of(table: TableRef) -> str:
    """The affected units of a model."""
    return f"temp.{quoted(f'affected of {table}')}"


def news_of(bronze_view: str) -> str:
    """The rows that a bronze table received since the last release."""
    return f"temp.{quoted(f'news of {bronze_view}')}"


def only_affected(table: TableRef, model: TableRef, on: Mapping[str, str]) -> str:
    """The rows of a relation that belong to affected units of a model; `on`: its column -> the unit's."""
    joined = " and ".join(f"r.{quoted(own)} = a.{quoted(unit)}" for own, unit in on.items())
    return f"select r.* from {table.sql} as r semi join {affected_of(model)} as a on {joined}"
