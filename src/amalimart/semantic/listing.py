"""What a principal may ask: metrics with the dimensions each may be grouped by, and dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal
from amalimart.semantic.availability import Availability, missing_for_metric
from amalimart.semantic.defined import Dimension, Example, Grouping, Metric
from amalimart.semantic.formula_words import formula_in_words
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import ParameterBook
from amalimart.semantic.scan import Door, Scope
from amalimart.semantic.time_roles import roles_of


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """One metric of the catalogue. `missing` says what the source lacks, and then it has no answer.

    definition_fr  None where nobody has written it in French
    non_additive   None means over any dimension
    default        the grouping it answers in when none is given
    times          the dates by which a question may ask to count it, the usual one first
    """

    name: str
    aliases: tuple[str, ...]
    label: str
    label_fr: str
    subject: str
    subject_label: str
    subject_label_fr: str
    definition: str
    definition_fr: str | None
    owner: str
    unit: str
    kind: str
    formula: str
    formula_fr: str
    components: tuple[str, ...]
    dimensions: tuple[str, ...]
    has_time: bool
    default: Grouping
    non_additive: tuple[str, ...] | None
    missing: str | None
    version: int
    hash: str
    example: Example | None
    times: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DimensionInfo:
    """One dimension. An entity is grouped by `key_column` and shown by its label; `drill` leads down."""

    name: str
    synonyms: tuple[str, ...]
    label: str
    label_fr: str
    description: str
    description_fr: str | None
    owner: str | None
    type: str
    key_column: str | None
    drill: tuple[str, ...]


class DimensionValue(NamedTuple):
    """One value a filter may name: for an entity its key and label, for others the same text twice."""

    key: str
    label: str


def list_metrics(
    model: SemanticModel, policies: Policies, availability: Availability, principal: Principal
) -> tuple[MetricInfo, ...]:
    """The metrics the principal may ask, in the order of the files."""
    permitted = {info.name for info in list_dimensions(model, policies, principal)}
    return tuple(
        _info(model, metric, availability, permitted)
        for metric in model.metrics.values()
        if all(policies.may_use_metric(principal.role, name) for name in (metric.name, *metric.components))
    )


def list_dimensions(
    model: SemanticModel, policies: Policies, principal: Principal
) -> tuple[DimensionInfo, ...]:
    """The dimensions the principal may group and filter by: permitted by name and readable somewhere."""
    door = Door(model, policies, Scope.of(principal), ParameterBook())
    return tuple(
        DimensionInfo(
            dimension.name,
            dimension.synonyms,
            dimension.label.en,
            dimension.label.fr,
            dimension.description,
            dimension.description_fr,
            dimension.owner,
            dimension.type.value,
            f"{dimension.name}_id" if dimension.lookup else None,
            dimension.drill,
        )
        for dimension in model.dimensions.values()
        if policies.may_use_dimension(principal.role, dimension.name) and _readable(dimension, door)
    )


def _readable(dimension: Dimension, door: Door) -> bool:
    label = dimension.lookup is None or door.may_show(dimension.lookup.dataset, dimension.lookup.label)
    return label and any(door.may_group(dataset, field) for dataset, field in dimension.sources)


def _info(
    model: SemanticModel, metric: Metric, availability: Availability, permitted: set[str]
) -> MetricInfo:
    missing = missing_for_metric(model, metric, availability)
    return MetricInfo(
        metric.name,
        tuple(metric.aliases),
        metric.label.en,
        metric.label.fr,
        metric.subject,
        model.subjects[metric.subject].en,
        model.subjects[metric.subject].fr,
        metric.description,
        metric.description_fr,
        metric.owner,
        metric.unit.value,
        metric.kind,
        formula_in_words(model, metric.formula),
        formula_in_words(model, metric.formula, "fr"),
        tuple(sorted(metric.components)),
        tuple(dimension.name for dimension in model.reachable(metric) if dimension.name in permitted),
        metric.has_time,
        metric.default,
        None if metric.non_additive is None else tuple(sorted(metric.non_additive)),
        str(missing) if missing else None,
        metric.version,
        metric.definition_hash,
        metric.example,
        roles_of(model, metric.formula),
    )
