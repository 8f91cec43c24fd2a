"""A question's structure with every name resolved: what may be asked, as the planner takes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from amalimart.core.calendar import Grain
from amalimart.semantic.defined import DimensionUse, Metric
from amalimart.semantic.formula import Leaf
from amalimart.semantic.question import Operator, Totals
from amalimart.semantic.question_shape import QuestionShape

OTHERS = "others"


@dataclass(frozen=True, slots=True)
class AskedMetric:
    """A metric under the name it was asked for. `left_out` counts the rows that it leaves out."""

    name: str
    metric: Metric
    left_out: Leaf | None = None


@dataclass(frozen=True, slots=True)
class AskedFilter:
    """A filter whose target is known: a dimension, or a grain of time."""

    position: int
    target: DimensionUse | Grain
    operator: Operator
    is_list: bool
    either: int | None = None


@dataclass(frozen=True, slots=True)
class AskedTop:
    """Of which group only the best members stand alone, and by which metric they are the best."""

    use: DimensionUse
    metric: AskedMetric


@dataclass(frozen=True, slots=True)
class Request:
    """A question that may be asked. `groups` are in the order of the answer's columns."""

    shape: QuestionShape
    metrics: tuple[AskedMetric, ...]
    groups: tuple[DimensionUse | Grain, ...]
    filters: tuple[AskedFilter, ...]
    top: AskedTop | None = None

    @property
    def keys(self) -> list[str]:
        """The columns that tell the rows of a leg apart: the groups, and whether it is that of all others."""
        groups = [f"g{position}" for position in range(len(self.groups))]
        return [*groups, OTHERS] if self.top is not None else groups

    def group(self, key: str) -> DimensionUse | Grain:
        """The group of one of the keys."""
        if key != OTHERS:
            return self.groups[int(key.removeprefix("g"))]
        if self.top is None:
            raise AssertionError("without a top there are no others")
        return self.top.use

    def levels(self) -> tuple[Request, ...]:
        """The request itself, and those whose answers are its subtotals and its total."""
        counts = {
            Totals.NONE: (),
            Totals.TOTAL: (0,),
            Totals.SUBTOTALS: range(len(self.groups) - 1, -1, -1),
        }[self.shape.totals]
        return (self, *(self._of(self.groups[:count]) for count in counts))

    def best(self) -> Request:
        """The request whose first rows are the best members of the top."""
        if self.top is None:
            raise AssertionError("without a top there are no best members")
        shape = replace(self.shape, having=(), fill=False, compare=False)
        return Request(shape, (self.top.metric,), (self.top.use,), self.filters)

    def _of(self, groups: tuple[DimensionUse | Grain, ...]) -> Request:
        """The same request by these groups only. Of a total no row is left out."""
        fill = self.shape.fill and any(isinstance(group, Grain) for group in groups)
        top = self.top if self.top is not None and self.top.use in groups else None
        return replace(self, shape=replace(self.shape, having=(), fill=fill), groups=groups, top=top)

    @property
    def grain(self) -> Grain | None:
        """The grain of time grouped by, wherever it was given."""
        return next((group for group in self.groups if isinstance(group, Grain)), None)


def answer_names(request: Request) -> list[str]:
    """The names of the answer's columns, in order, without `partial`."""
    names: list[str] = []
    for group in request.groups:
        if isinstance(group, Grain):
            names.append(group.value)
        elif group.has_label:
            names += [f"{group.asked}_id", group.asked]
        else:
            names.append(group.asked)
    for asked in request.metrics:
        names.append(asked.name)
        if request.shape.compare:
            names.append(f"{asked.name}__previous")
        if request.shape.changes:
            names += [f"{asked.name}__change", f"{asked.name}__change_rate"]
    return names
