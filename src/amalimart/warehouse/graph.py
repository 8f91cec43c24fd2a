"""The compiled project as plain values: models, checks, and what depends on what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

from amalimart.core.names import TableRef
from amalimart.warehouse.incremental.delta_check import DeltaCheck
from amalimart.warehouse.incremental.recipe import Recipe

RUN_CONTEXT = "source.marketplace.meta.run_context"
"""dbt's id of the one row that stands for the clock inside the models."""
BRONZE = "source.marketplace.bronze."
"""What dbt's ids of bronze views begin with."""


def model_id(name: str) -> str:
    """The id that dbt gives a model."""
    return f"model.marketplace.{name}"


def bronze_id(view: str) -> str:
    """Dbt's id of one bronze view."""
    return f"{BRONZE}{view}"


@dataclass(frozen=True, slots=True)
class OnChanges:
    """What a view makes of the rows that went from its parents, and of those that came."""

    went: str
    came: str


@dataclass(frozen=True, slots=True)
class Model:
    """One compiled model. `parents` are unique ids of models and sources.

    recipe      how a table follows changes; None where it is built anew
    on_changes  how a view passes changes on; None where that cannot be told
    file        where its text stands, inside the assembled project
    personal    its columns that are classified personal
    sorted_by   columns by which a whole build sorts its rows, where the description names some
    """

    unique_id: str
    table: TableRef
    is_view: bool
    sql: str
    parents: frozenset[str]
    recipe: Recipe | None = None
    on_changes: OnChanges | None = None
    file: str = ""
    personal: frozenset[str] = frozenset()
    sorted_by: tuple[str, ...] = ()

    @property
    def row_order(self) -> tuple[str, ...]:
        """Columns by which a whole build sorts: as described, else by what names a unit of its rows."""
        return self.sorted_by or (self.recipe.unit if self.recipe else ())


@dataclass(frozen=True, slots=True)
class ValuesOf:
    """Which rows a check means that shows values of theirs: those of a model with the value in a column.

    model   its unique id
    column  of the model
    shown   the column of the check's own rows
    """

    model: str
    column: str
    shown: str


@dataclass(frozen=True, slots=True)
class Check:
    """One compiled test: its SQL returns the rows that break it, or `values` of theirs.

    declared_at  id of the model that it is declared at, and the column; None where it stands for itself
    """

    unique_id: str
    name: str
    is_error: bool
    sql: str
    parents: frozenset[str]
    delta: DeltaCheck | None = None
    file: str = ""
    values: ValuesOf | None = None
    declared_at: tuple[str, str | None] | None = None


@dataclass(frozen=True)
class CompiledGraph:
    """Models in an order in which they can be built, and the checks over them."""

    project_hash: str
    models: tuple[Model, ...]
    checks: tuple[Check, ...]
    bronze: frozenset[str]

    @cached_property
    def _by_id(self) -> dict[str, Model]:
        return {model.unique_id: model for model in self.models}

    @cached_property
    def personal(self) -> frozenset[str]:
        """Names, in lower case, of the columns that are classified personal in any model."""
        return frozenset(column.lower() for model in self.models for column in model.personal)

    @cached_property
    def followed(self) -> frozenset[str]:
        """Ids of everything whose change set is read: by a model, a check, or a view that is followed."""
        found = {parent for check in self.checks if check.delta for parent in check.delta.parents}
        for model in self.models:
            if model.recipe is not None:
                found |= {parent for route in model.recipe.routes for parent in route.parents}
        for model in reversed(self.ordered):
            if model.is_view and model.unique_id in found:
                found |= model.parents
        return frozenset(found)

    @cached_property
    def ordered(self) -> tuple[Model, ...]:
        """Every model after its parents; ties broken by name, so the order is reproducible."""
        sorter = TopologicalSorter(
            {m.unique_id: sorted(p for p in m.parents if p in self._by_id) for m in self.models}
        )
        return tuple(self._by_id[unique_id] for unique_id in sorter.static_order())
