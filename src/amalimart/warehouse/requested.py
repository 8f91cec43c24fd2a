"""What somebody asked to be built anew, held against the compiled project: models, or the units of some days.

A request changes how a model is brought up to date, never what it holds: the release is one like any
other, and its reason says who asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from amalimart.core.errors import InvalidFilter, NotAvailable, UnknownName
from amalimart.core.models import Column, ModelRebuild
from amalimart.core.names import nearest, quoted
from amalimart.warehouse.building import Building, Built
from amalimart.warehouse.graph import CompiledGraph, Model
from amalimart.warehouse.incremental.recipe import Recipe

_DAYS = ("DATE", "TIMESTAMP")


@dataclass(frozen=True, slots=True)
class Requested:
    """A request that fits the project.

    children  unique ids of those that are built anew with the model
    units     a query for the units to compute anew; empty where the model is built whole
    """

    model: Model
    children: frozenset[str]
    units: str
    reason: str

    def is_about(self, model: Model) -> bool:
        """Whether the model is to be built otherwise than usual; a view holds nothing to build."""
        return not model.is_view and model.unique_id in {self.model.unique_id, *self.children}

    def bring(self, building: Building, model: Model, *, is_another_project: bool) -> Built:
        """Bring a model it is about up to date. Raises ModelFailed.

        Alone, a model is compared with what it was however large it is, so that what reads it can follow.
        """
        if is_another_project or (self.children and not self.units):
            return building.whole(model)  # its columns may be others
        if model.unique_id in self.children:
            return building.whole(model)
        return building.units(model, self.units) if self.units else building.anew(model, is_compared=True)


def requested(graph: CompiledGraph, wish: ModelRebuild, columns: tuple[Column, ...], by: str) -> Requested:
    """The request in terms of the project. `columns` are those of the published model.

    Raises UnknownName, NotAvailable where the model cannot be built so, InvalidFilter for the days.
    """
    model = find_model(graph.models, wish.name)
    if model.is_view:
        raise NotAvailable(
            f"{model.table} is a view: it holds no rows that could be built anew",
            where=model.unique_id,
            next_step=f"rebuild what it reads: {', '.join(_tables(model)) or 'a table'}",
        )
    children = _below(graph, model) if wish.with_children else frozenset()
    reason = f"rebuild of {model.table}{' and what reads it' if children else ''} by {by}"
    if not wish.has_days:
        if wish.date_column is not None:
            raise InvalidFilter("a date column without days", expected="--from DAY, --to DAY, or both")
        return Requested(model, children, "", reason)
    recipe = _recipe(model)
    column = _date_column(model, wish, columns)
    return Requested(model, children, _units(model, recipe, column, wish), f"{reason}, {wish.days}")


def find_model(models: Iterable[Model], name: str) -> Model:
    """The model of a name, with or without its schema. Raises UnknownName."""
    by_name = {spelling: model for model in models for spelling in (model.table.name, str(model.table))}
    found = by_name.get(name)
    if found is None:
        raise UnknownName(
            f"no model is called {name!r}",
            expected="a model of the project, such as gold.fact_orders",
            nearest=nearest(name[:100], by_name),
            next_step="amalimart model list",
        )
    return found


def with_usual_days(wish: ModelRebuild, date_column: str | None) -> ModelRebuild:
    """The request with a date column where it names none."""
    return replace(wish, date_column=date_column) if wish.has_days and wish.date_column is None else wish


def _recipe(model: Model) -> Recipe:
    if model.recipe is None:
        raise NotAvailable(
            f"{model.table} does not say what belongs together: some days of it cannot be computed alone",
            where=model.unique_id,
            expected="`key` and `affected_by` in its description",
            next_step=f"declare them (docs/models.md), or: amalimart model rebuild {model.table.name}",
        )
    if model.recipe.is_exact or not model.recipe.unit:
        raise NotAvailable(
            f"{model.table} is carried on from what arrives: some days of it cannot be computed alone",
            where=model.unique_id,
            next_step=f"amalimart model rebuild {model.table.name}",
        )
    return model.recipe


def _date_column(model: Model, wish: ModelRebuild, columns: tuple[Column, ...]) -> str:
    if wish.first and wish.last and wish.last < wish.first:
        raise InvalidFilter(f"{wish.last} comes before {wish.first}", expected="--from DAY --to a later one")
    dated = [column.name for column in columns if column.type in _DAYS]
    if wish.date_column is not None:
        if wish.date_column in dated:
            return wish.date_column
        raise UnknownName(
            f"{model.table} has no date column {wish.date_column!r}",
            where=model.unique_id,
            expected=", ".join(dated) or "a column of days or times; it has none",
            nearest=nearest(wish.date_column, dated),
        )
    usual = [column.name for column in columns if column.type == "DATE"] or dated
    if len(usual) == 1:
        return usual[0]
    whole = f"amalimart model rebuild {model.table.name}"
    raise NotAvailable(
        f"{model.table} has {'several' if dated else 'no'} columns that days could be of",
        where=model.unique_id,
        expected=", ".join(dated) or "a column of days or times",
        next_step=f"{whole} --date-column {dated[0]} ..." if dated else whole,
    )


def _units(model: Model, recipe: Recipe, column: str, wish: ModelRebuild) -> str:
    """The units that have, or should have, rows of these days: what is missing is to be found as well."""
    day = f"cast({quoted(column)} as date)"
    bounds = [f"{day} >= date '{wish.first}'"] if wish.first else []
    bounds += [f"{day} <= date '{wish.last}'"] if wish.last else []
    listed, where = ", ".join(map(quoted, recipe.unit)), " and ".join(bounds)
    return (
        f"select {listed} from {model.table.sql} where {where}"
        f" union select {listed} from (\n{model.sql}\n) as anew where {where}"
    )


def _below(graph: CompiledGraph, model: Model) -> frozenset[str]:
    """Ids of everything that reads the model, directly or not."""
    found = {model.unique_id}
    for each in graph.ordered:
        if each.parents & found:
            found.add(each.unique_id)
    return frozenset(found - {model.unique_id})


def _tables(model: Model) -> list[str]:
    return sorted(parent.rpartition(".")[2] for parent in model.parents)
