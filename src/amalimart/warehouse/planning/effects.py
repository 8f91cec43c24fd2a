"""What a difference does to everything below it: columns that may hold other values, rows built anew.

A column is affected where what it is made of differs, or is made of an affected column; where other rows
may come, all of them are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from amalimart.core.models import Column, PublishedProject
from amalimart.core.names import TableRef
from amalimart.warehouse.building import COMPARED_ROWS
from amalimart.warehouse.graph import CompiledGraph, Model
from amalimart.warehouse.planning.differences import Change, ModelDifference
from amalimart.warehouse.planning.shapes import Shapes
from amalimart.warehouse.planning.tracing import ROWS, Read, Traced, traced


class Cost(StrEnum):
    """How a model is brought up to date by the release that takes the edit up."""

    REBUILT = "rebuilt"  # built anew whole
    COMPARED = "compared"  # built anew, and what reads it follows what changed
    FOLLOWS = "follows"  # only the rows that are affected
    NOTHING = "nothing"  # a view, or nothing reaches it


@dataclass(frozen=True, slots=True)
class Effect:
    """What an edit does to one model.

    columns  those that may hold other values, or are new
    is_rows  whether other rows may be in it
    rows     that are built anew for it; None for a new model, whose rows nobody knows
    """

    model: str
    file: str
    columns: tuple[str, ...]
    is_rows: bool
    cost: Cost
    rows: int | None


def effects(
    before: CompiledGraph,
    after: CompiledGraph,
    shapes: Shapes,
    differences: Iterable[ModelDifference],
    published: PublishedProject,
) -> tuple[Effect, ...]:
    """Every model that an edit reaches, in the order in which they are built."""
    return _Effects(before, after, shapes, differences, published).found()


class _Effects:
    def __init__(
        self,
        before: CompiledGraph,
        after: CompiledGraph,
        shapes: Shapes,
        differences: Iterable[ModelDifference],
        published: PublishedProject,
    ) -> None:
        self._old = {model.unique_id: model for model in before.models}
        self._old_tables = {model.table: model.unique_id for model in before.models}
        self._after, self._shapes = after, shapes
        self._own = {each.model: each for each in differences if each.change is not Change.COSMETIC}
        self._published = {model.unique_id: model for model in published.models}
        self._columns: dict[TableRef, frozenset[str]] = {}
        self._rows: set[TableRef] = set()
        self._costs: dict[str, Cost] = {}

    def found(self) -> tuple[Effect, ...]:
        return tuple(effect for model in self._after.ordered if (effect := self._of(model)) is not None)

    def _of(self, model: Model) -> Effect | None:
        cost = self._cost(model)
        self._costs[model.unique_id] = cost
        columns, is_rows = self._affected(model)
        self._columns[model.table] = columns
        if is_rows:
            self._rows.add(model.table)
        if not columns and not is_rows and cost is Cost.NOTHING:
            return None
        ordered = tuple(each.name for each in self._known(model.table) if each.name in columns)
        recorded = self._published.get(model.unique_id)
        built = cost in {Cost.REBUILT, Cost.COMPARED}
        rows = (recorded.rows if recorded else None) if built else 0
        return Effect(str(model.table), model.file, ordered, is_rows, cost, rows)

    def _known(self, table: TableRef) -> tuple[Column, ...]:
        return self._shapes.columns.get(table, ())

    def _cost(self, model: Model) -> Cost:
        """As the executor decides: by the definition, the columns, and what became of the parents."""
        own = self._own.get(str(model.table))
        recorded = self._published.get(model.unique_id)
        if model.is_view:
            return Cost.NOTHING
        is_large = (recorded.rows or 0) > COMPARED_ROWS if recorded else True
        if own is not None:
            is_same = not (own.added or own.dropped or own.retyped or own.is_reordered or own.becomes)
            return Cost.COMPARED if own.is_own and is_same and not is_large else Cost.REBUILT
        parents = set(self._through_views(model))
        if Cost.REBUILT in parents:
            return Cost.REBUILT if is_large else Cost.COMPARED
        if parents & {Cost.COMPARED, Cost.FOLLOWS}:
            return Cost.FOLLOWS if model.recipe is not None else Cost.COMPARED
        return Cost.NOTHING

    def _through_views(self, model: Model) -> Iterable[Cost]:
        """What became of the tables a model reads; a changed view counts as one that was rebuilt."""
        by_id = {each.unique_id: each for each in self._after.models}
        for parent in model.parents:
            each = by_id.get(parent)
            if each is None:
                continue
            if not each.is_view:
                yield self._costs[parent]
            elif str(each.table) in self._own:
                yield Cost.REBUILT
            else:
                yield from self._through_views(each)

    def _affected(self, model: Model) -> tuple[frozenset[str], bool]:
        own = self._own.get(str(model.table))
        everything = frozenset(each.name for each in self._known(model.table))
        if own is not None and own.change is Change.ADDED:
            return everything, True
        reached = any(self._columns.get(table) or table in self._rows for table in self._reads(model))
        if own is None and not reached:
            return frozenset(), False
        now = self._traced(model, self._shapes.read_by(model, self._after))
        if now is None:
            return everything, True
        columns, is_rows = self._by_parents(now)
        if own is not None and own.is_own:
            mine, my_rows = self._by_itself(model, now)
            columns, is_rows = columns | mine, is_rows or my_rows
        if own is not None:
            columns |= {each.name for each in own.added} | {each.name for each in own.retyped}
        return (everything, True) if is_rows else (columns & everything, False)

    def _by_parents(self, now: Traced) -> tuple[frozenset[str], bool]:
        columns = frozenset(name for name, trace in now.columns.items() if self._reaches(trace.reads))
        return columns, self._reaches(now.rows.reads)

    def _reaches(self, reads: Iterable[Read]) -> bool:
        return any(
            table in self._rows if column == ROWS else column in self._columns.get(table, frozenset())
            for table, column in reads
        )

    def _by_itself(self, model: Model, now: Traced) -> tuple[frozenset[str], bool]:
        """The columns that are made otherwise than before; everything where the rows are."""
        was = self._old.get(model.unique_id)
        before = self._traced(was, self._known_before(was)) if was is not None else None
        if before is None or before.rows.digest != now.rows.digest:
            return frozenset(now.columns), True
        return (
            frozenset(
                name
                for name, trace in now.columns.items()
                if name not in before.columns or before.columns[name].digest != trace.digest
            ),
            False,
        )

    def _reads(self, model: Model) -> Iterable[TableRef]:
        by_id = {each.unique_id: each.table for each in self._after.models}
        return [by_id[parent] for parent in model.parents if parent in by_id]

    def _known_before(self, model: Model) -> Mapping[TableRef, tuple[Column, ...]]:
        """The columns of the parents as they are published; of bronze, as they have landed."""
        known = dict(self._shapes.read_by(model, self._after))
        for parent in model.parents:
            if parent in self._old and parent in self._published:
                known[self._old[parent].table] = self._published[parent].columns
        return known

    @staticmethod
    def _traced(model: Model, known: Mapping[TableRef, tuple[Column, ...]]) -> Traced | None:
        return traced(model.sql, known)
