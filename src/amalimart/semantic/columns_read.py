"""Which columns of the warehouse metrics, dimensions and datasets stand on: what an edit may take away."""

from __future__ import annotations

from collections.abc import Iterable

from amalimart.core.names import TableRef
from amalimart.semantic.defined import Dimension, Metric
from amalimart.semantic.formula import Measure, Reach
from amalimart.semantic.model import SemanticModel

Place = tuple[TableRef, str]


def read_by_metric(model: SemanticModel, metric: Metric) -> frozenset[Place]:
    """The columns that decide a metric's value: what is aggregated, when, and under which conditions."""
    return frozenset(place for leaf in metric.leaves for place in _of_measure(model, leaf.measure))


def read_by_dimension(model: SemanticModel, dimension: Dimension) -> frozenset[Place]:
    """The columns in which a dimension stands."""
    return frozenset((model.datasets[dataset].table, field) for dataset, field in dimension.sources)


def read_by_datasets(model: SemanticModel) -> frozenset[Place]:
    """Every column that a dataset names."""
    return frozenset(
        (dataset.table, field) for dataset in model.datasets.values() for field in dataset.fields
    )


def _of_measure(model: SemanticModel, measure: Measure) -> Iterable[Place]:
    dataset = model.datasets[measure.dataset]
    yield dataset.table, measure.field
    if measure.time is not None:
        yield dataset.table, measure.time
    if measure.per is not None:
        yield dataset.table, measure.per.field
    for condition in measure.where:
        yield from _of_reach(model, measure.dataset, condition.column)


def _of_reach(model: SemanticModel, base: str, reach: Reach) -> Iterable[Place]:
    """A column, and the columns of the way to it."""
    place = base
    for step in reach.path:
        relationship = model.datasets[place].relationships[step]
        yield model.datasets[place].table, relationship.column
        place = relationship.to
    yield model.datasets[reach.dataset].table, reach.field
