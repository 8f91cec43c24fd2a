"""Which rollup may be read in place of a dataset: only one from which every answer is provably the same.

A row of a rollup stands for rows that are alike in its dimensions. So it serves where nothing asks for
more: each group, filter, condition, entity and row rule is one of its dimensions or is reached through one,
its bucket of time lies within what is asked, and the aggregate of the whole is an aggregate of the parts.
A stock adds up over no days, so it is always read as it is.

It chooses for a whole question: its totals and its best members are of the same rows, told apart by less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from amalimart.access.policies import Policies
from amalimart.access.principal import Role
from amalimart.access.rules import AllRows, OwnRows, RowsThrough
from amalimart.core.calendar import Grain
from amalimart.core.errors import Denied
from amalimart.core.fiscal import Calendar
from amalimart.core.rollups import Stored
from amalimart.semantic.defined import DimensionUse
from amalimart.semantic.formula import Leaf, Measure, Reach
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.request import Request
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.shapes import Aggregate, FieldType

_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}
_KEPT_AS = {Aggregate.SUM: Stored.SUM, Aggregate.COUNT: Stored.COUNT}
_ENDS = {Aggregate.MIN: (Stored.MIN,), Aggregate.MAX: (Stored.MAX,), Aggregate.SPAN: (Stored.MIN, Stored.MAX)}


@dataclass(frozen=True, slots=True)
class RollupChoice:
    """Chooses for one question of one role. `rollups` are those that the release holds."""

    model: SemanticModel
    policies: Policies
    role: Role
    rollups: Sequence[Rollup]
    request: Request

    def serving(self, leaf: Leaf, *, compared: bool) -> Rollup | None:
        """The coarsest rollup that serves a leaf of the question; None where the dataset itself is read.

        Where some part of the question needs the dataset, it is read for all of them.
        """
        if not self.rollups or self.model.datasets[leaf.measure.dataset].is_stock:
            return None
        alike = [
            other
            for asked in self.request.metrics
            for other in asked.metric.leaves
            if other.measure.dataset == leaf.measure.dataset
        ]
        if any(self._coarsest(other, compared=compared) is None for other in alike):
            return None
        return self._coarsest(leaf, compared=compared)

    def _coarsest(self, leaf: Leaf, *, compared: bool) -> Rollup | None:
        fitting = [
            rollup
            for rollup in self.rollups
            if rollup.dataset == leaf.measure.dataset
            and holds(rollup, leaf.measure)
            and self._has_rows(rollup)
            and self._tells_time(rollup, leaf, compared=compared)
            and self._tells_apart(rollup, leaf)
        ]
        return min(fitting, key=self._size, default=None)

    def _size(self, rollup: Rollup) -> tuple[int, int, int, str]:
        """How large it is likely to be: fewer ids, then fewer dimensions, then a coarser grain."""
        fields = self.model.datasets[rollup.dataset].fields
        ids = sum(fields[name].type is FieldType.ID for name in rollup.made.dimensions)
        fineness = len(Grain) if rollup.grain is None else list(Grain).index(rollup.grain)
        return ids, len(rollup.made.dimensions), -fineness, rollup.name

    def _has_rows(self, rollup: Rollup) -> bool:
        """Whether the role's own rows can be told in it."""
        try:
            rows = self.policies.scan_rule(self.role, rollup.dataset).rows
        except Denied:
            return False
        match rows:
            case AllRows():
                return True
            case OwnRows(column, _) | RowsThrough(_, column):
                return column in rollup.exact

    def _tells_apart(self, rollup: Rollup, leaf: Leaf) -> bool:
        return all(column in rollup.exact for column in needed_columns(self.model, leaf, self.request))

    def _tells_time(self, rollup: Rollup, leaf: Leaf, *, compared: bool) -> bool:
        """Whether its buckets lie within the question's, and no range of days cuts one."""
        if leaf.measure.time is None:
            return True
        date = self.model.date(leaf.measure.dataset, leaf.measure.time)
        if own_column(self.model, leaf.measure.dataset, date) in rollup.exact:
            return True
        if date.path or date.field != rollup.time or rollup.grain is None:
            return False
        if any(condition.is_of_period for condition in leaf.measure.where):
            return False
        if self.request.shape.has_days or leaf.period is not None or compared or leaf.is_previous:
            return False
        asked = [group for group in self.request.groups if isinstance(group, Grain)]
        asked += [wanted.target for wanted in self.request.filters if isinstance(wanted.target, Grain)]
        return all(is_within(rollup.grain, grain, self.model.calendar) for grain in asked)


def needed_columns(model: SemanticModel, leaf: Leaf, request: Request) -> Iterator[str]:
    """The dataset's columns by which a leaf's rows must be told apart: parents are reached by their ids."""
    for reach in needed_reaches(model, leaf, request):
        yield own_column(model, leaf.measure.dataset, reach)


def own_column(model: SemanticModel, dataset: str, reach: Reach) -> str:
    """The column of the dataset by which a column is reached."""
    return model.datasets[dataset].relationships[reach.path[0]].column if reach.path else reach.field


def needed_reaches(model: SemanticModel, leaf: Leaf, request: Request) -> Iterator[Reach]:
    """Every column of the dataset, or of its parents, that a leaf needs beside its own."""
    measure = leaf.measure
    yield from (condition.column for condition in measure.where)
    if measure.per is not None:
        yield Reach((), measure.dataset, measure.per.field)
    for use in _dimensions(request):
        if leaf.is_same_for_all(use.dimension.name):
            continue
        reach = model.reach(measure.dataset, use.dimension)
        if reach is not None:
            yield reach
        if use.dimension.elapsed is not None and measure.time is not None:
            yield model.date(measure.dataset, measure.time)


def holds(rollup: Rollup, measure: Measure) -> bool:
    """Whether the aggregate can be taken of the rollup's rows."""
    aggregate, field = measure.aggregate, measure.field
    if aggregate is Aggregate.AVG:
        return all(rollup.column(field, how) for how in (Stored.SUM, Stored.COUNT))
    if aggregate is Aggregate.COUNT_DISTINCT:
        return field == rollup.key or field in rollup.exact
    if aggregate in _ENDS:
        return field in rollup.exact or all(rollup.column(field, how) for how in _ENDS[aggregate])
    return rollup.column(field, _KEPT_AS[aggregate]) is not None


def is_within(grain: Grain, asked: Grain, calendar: Calendar) -> bool:
    """Whether no bucket of a grain straddles two of another."""
    if grain in {Grain.DAY, asked}:
        return True
    months, of = _MONTHS.get(grain), _MONTHS.get(Grain(asked.unit))
    if months is None or of is None:
        return False
    return of % months == 0 and calendar.shift(asked) % months == 0


def _dimensions(request: Request) -> Iterable[DimensionUse]:
    yield from (group for group in request.groups if isinstance(group, DimensionUse))
    yield from (wanted.target for wanted in request.filters if isinstance(wanted.target, DimensionUse))
