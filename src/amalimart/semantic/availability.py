"""What the source provides, as the mapping room tells it; what it lacks is said, never shown as 0."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from amalimart.core.errors import NotAvailable
from amalimart.semantic.defined import Dimension, Metric, Need, Needs
from amalimart.semantic.model import SemanticModel


class Availability(Protocol):
    """Which canonical columns, and which values of them, the mapped sources fill."""

    @property
    def source(self) -> str:
        """The name of the source, for the message."""
        ...

    def provides(self, entity: str, column: str, value: str | None = None) -> bool:
        """Whether the column is filled; with a value, whether the column can hold that value."""
        ...


def missing_for_metric(model: SemanticModel, metric: Metric, availability: Availability) -> Need | None:
    """The first canonical column that the metric needs and no source provides."""
    needs: list[Needs] = [metric.needs]
    for leaf in metric.leaves:
        measure = leaf.measure
        needs.append(model.datasets[measure.dataset].needs)
        needs.append(model.field(measure.dataset, measure.field).needs)
        if measure.time is not None:
            day = model.date(measure.dataset, measure.time)
            needs.append(model.field(day.dataset, day.field).needs)
        for condition in measure.where:
            needs.append(model.datasets[condition.column.dataset].needs)
            needs.append(model.field(condition.column.dataset, condition.column.field).needs)
    return _first_missing(needs, availability)


def missing_for_dimension(
    model: SemanticModel, dataset: str, dimension: Dimension, availability: Availability
) -> Need | None:
    """The first canonical column that reading the dimension from the dataset needs and no source provides."""
    reach = model.reach(dataset, dimension)
    if reach is None:
        return None
    needs = [model.datasets[reach.dataset].needs, model.field(reach.dataset, reach.field).needs]
    for step in reach.path:
        relationship = model.datasets[dataset].relationships[step]
        needs.append(model.field(dataset, relationship.column).needs)
        dataset = relationship.to
    return _first_missing(needs, availability)


def missing_for_columns(
    model: SemanticModel, dataset: str, columns: Iterable[str], availability: Availability
) -> Need | None:
    """The first canonical column that reading these columns of a dataset needs and no source provides."""
    needs = [model.datasets[dataset].needs, *(model.field(dataset, name).needs for name in sorted(columns))]
    return _first_missing(needs, availability)


def refuse_missing(missing: Need | None, what: str, availability: Availability) -> None:
    """Raise NotAvailable where something is missing."""
    if missing is not None:
        raise NotAvailable(
            f"source {availability.source} has no {missing}, which {what} needs",
            expected=f"a mapping that fills {missing}",
            next_step="map it if the source holds it; until then the number is not available, which is not 0",
        )


def _first_missing(needs: Iterable[Needs], availability: Availability) -> Need | None:
    for group in needs:
        for alternatives in group:
            if not any(availability.provides(need.entity, need.column, need.value) for need in alternatives):
                return alternatives[0]
    return None
