"""The loaded semantic model: datasets, dimensions and metrics that know each other.

What a name means is answered here, once; how it becomes SQL is the planner's business, who may ask it is the
policies'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from amalimart.core.calendar import Grain
from amalimart.core.errors import UnknownName
from amalimart.core.fiscal import Calendar
from amalimart.core.names import nearest
from amalimart.semantic.defined import (
    GRAINS,
    Dataset,
    Dimension,
    DimensionUse,
    Field,
    Grouping,
    Label,
    Metric,
)
from amalimart.semantic.formula import Leaf, Reach
from amalimart.semantic.notes import Note
from amalimart.semantic.reaching import Reaching

MayUse = Callable[[str], bool]


def _anything(_name: str) -> bool:
    return True


class SemanticModel:
    """Every dataset, dimension and metric, by name and by alias."""

    def __init__(
        self,
        datasets: Iterable[Dataset],
        dimensions: Iterable[Dimension],
        metrics: Iterable[Metric],
        subjects: Mapping[str, Label],
        calendar: Calendar,
    ) -> None:
        self.calendar = calendar
        self.datasets = {dataset.name: dataset for dataset in datasets}
        self.dimensions = {dimension.name: dimension for dimension in dimensions}
        self.metrics = {metric.name: metric for metric in metrics}
        self.subjects = dict(subjects)
        self._metric_names = {
            alias: metric for metric in self.metrics.values() for alias in (metric.name, *metric.aliases)
        }
        self._dimension_names: dict[str, DimensionUse] = {}
        for dimension in self.dimensions.values():
            for name in (dimension.name, *dimension.synonyms):
                self._dimension_names[name] = DimensionUse(dimension, name, key_only=False)
                if dimension.lookup is not None:
                    self._dimension_names[f"{name}_id"] = DimensionUse(dimension, f"{name}_id", key_only=True)
        self._reaching = Reaching(self.datasets)

    @property
    def metric_names(self) -> frozenset[str]:
        """Every name a metric is asked by, aliases too."""
        return frozenset(self._metric_names)

    @property
    def dimension_names(self) -> frozenset[str]:
        """Every name a dimension is asked by: synonyms, keys of entities and grains of time too."""
        return frozenset(self._dimension_names) | GRAINS

    def noting(self, notes: Mapping[str, Note]) -> SemanticModel:
        """The same model, in which metrics say one thing more in every receipt."""
        metrics = (
            replace(metric, notes=(*metric.notes, notes[metric.name])) if metric.name in notes else metric
            for metric in self.metrics.values()
        )
        return SemanticModel(
            self.datasets.values(), self.dimensions.values(), metrics, self.subjects, self.calendar
        )

    def alias_grouping(self, names: Iterable[str], may_use: MayUse = _anything) -> Grouping:
        """The grouping that a name carries in itself, as daily_gmv does: that of the first such alias."""
        for name in names:
            metric = self.metric(name, may_use)
            grouping = metric.aliases.get(name, metric.default)
            if grouping != metric.default:
                return grouping
        return Grouping()

    def metric(self, name: str, may_use: MayUse = _anything) -> Metric:
        """The metric of a name or alias. Raises UnknownName with the nearest of those that may be used."""
        found = self._metric_names.get(name)
        if found is None:
            raise UnknownName(
                f"no metric is called {name!r}",
                expected="a name that `amalimart metrics list` shows",
                nearest=self._of_column(name, may_use)
                or nearest(
                    name[:100],
                    [known for known, metric in self._metric_names.items() if may_use(metric.name)],
                ),
                next_step="run: amalimart metrics list",
            )
        return found

    def _of_column(self, name: str, may_use: MayUse) -> str | None:
        """The metric that is all of a column of this name: what somebody means who knows the tables."""
        found: list[tuple[bool, int, str]] = []
        for metric in self.metrics.values():
            if isinstance(metric.formula, Leaf) and metric.period is None and may_use(metric.name):
                measure = metric.formula.measure
                if measure.field == name and not measure.where and measure.per is None:
                    found.append((self.datasets[measure.dataset].key != name, len(found), metric.name))
        return min(found)[2] if found else None

    def dimension(self, name: str, may_use: MayUse = _anything) -> DimensionUse:
        """The dimension of a name or synonym, or the key of one.

        Raises UnknownName with the nearest of those that may be used.
        """
        found = self._dimension_names.get(name)
        if found is None:
            usable = [known for known, use in self._dimension_names.items() if may_use(use.dimension.name)]
            raise UnknownName(
                f"no dimension is called {name!r}",
                expected=f"a dimension, or one of {', '.join(Grain)}",
                nearest=nearest(name[:100], [*usable, *sorted(GRAINS)]),
            )
        return found

    def field(self, dataset: str, name: str) -> Field:
        """A column that is known to exist."""
        return self.datasets[dataset].fields[name]

    def date(self, dataset: str, time: str) -> Reach:
        """Where a date stands by which a dataset is counted: its own column, or `relationship.column`."""
        relationship, _, field = time.rpartition(".")
        if not relationship:
            return Reach((), dataset, field)
        return Reach((relationship,), self.datasets[dataset].relationships[relationship].to, field)

    def default_grouping(self, names: Iterable[str], may_use: MayUse = _anything) -> Grouping:
        """The grouping in which these names answer when none is given: that of the first which has one."""
        for name in names:
            metric = self.metric(name, may_use)
            grouping = metric.aliases.get(name, metric.default)
            if grouping.by or grouping.grain:
                return grouping
        return Grouping()

    def reach(self, dataset: str, dimension: Dimension) -> Reach | None:
        """How a dimension is read from a dataset; None where it cannot be. Raises ConfigError."""
        return self._reaching.reach(dataset, dimension)

    def reachable(self, metric: Metric) -> tuple[Dimension, ...]:
        """The dimensions that every leaf of the metric reaches."""
        return tuple(
            dimension
            for dimension in self.dimensions.values()
            if all(self.reaches(leaf, dimension) for leaf in metric.leaves)
            and not all(leaf.is_same_for_all(dimension.name) for leaf in metric.leaves)
        )

    def reaches(self, leaf: Leaf, dimension: Dimension) -> bool:
        """Whether a leaf can be grouped by a dimension, or is the same for all its values."""
        return self._reaching.reaches(leaf, dimension)
