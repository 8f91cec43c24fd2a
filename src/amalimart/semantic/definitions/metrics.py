"""Metrics: each built after those it is made of, and checked once all are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from amalimart.core.errors import InvalidFilter
from amalimart.semantic.defined import GRAINS, Dataset, Example, Grouping, LeftOut, Metric
from amalimart.semantic.definitions.entries import Entry, label_of, needs_of
from amalimart.semantic.definitions.fingerprint import definition_hash
from amalimart.semantic.definitions.measures import MeasureBuilder
from amalimart.semantic.formula import (
    Formula,
    Leaf,
    Operation,
    growth,
    over_period,
    read_formula,
)
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.notes import Note, said
from amalimart.semantic.question_text import parse_filters
from amalimart.semantic.shapes import LeftOutShape, MetricShape, OverTime, Unit


class MetricBuilder:
    """Builds metrics in the order in which they depend on each other."""

    def __init__(
        self,
        entries: Mapping[str, Entry[MetricShape]],
        datasets: Mapping[str, Dataset],
    ) -> None:
        self._entries = entries
        self._datasets = datasets
        self._built: dict[str, Metric] = {}
        self._building: list[str] = []

    def metric(self, name: str) -> Metric:
        if name not in self._built:
            entry = self._entries[name]
            if name in self._building:
                circle = " -> ".join((*self._building[self._building.index(name) :], name))
                raise entry.refuse(f"the metric is defined by itself: {circle}", expected="no circle")
            self._building.append(name)
            self._built[name] = self._metric(entry)
            self._building.pop()
        return self._built[name]

    def _metric(self, entry: Entry[MetricShape]) -> Metric:
        shape = entry.shape
        used: list[str] = []

        def component(name: str, key: str = "formula") -> Formula:
            used.append(entry.known(name, self._entries, "metric", key))
            return self.metric(name).formula

        formula = self._formula(entry, component)
        if shape.period is not None:
            formula = over_period(formula, shape.period)
        components = frozenset(used).union(*(self.metric(name).components for name in used))
        needs = needs_of(entry, shape.needs, "needs") + tuple(
            need for name in dict.fromkeys(used) for need in self.metric(name).needs
        )
        left_out = None if shape.left_out is None else _left_out(shape.left_out)
        over_no_days = GRAINS if shape.over_time in {OverTime.LAST, OverTime.AVERAGE} else frozenset()
        default = Grouping(shape.default_by, shape.default_grain)
        aliases = {
            alias: default
            if grouping is None
            else Grouping(default.by if grouping.by is None else grouping.by, grouping.grain or default.grain)
            for alias, grouping in shape.aliases.items()
        }
        return Metric(
            entry.name,
            entry.subject,
            label_of(shape.label),
            " ".join(shape.description.split()),
            shape.owner,
            shape.unit,
            shape.kind,
            shape.period,
            formula,
            components,
            aliases,
            default,
            None if shape.non_additive == "all" else frozenset(shape.non_additive) | over_no_days,
            shape.hints,
            tuple(dict.fromkeys(needs)),
            _notes(entry),
            left_out,
            shape.version,
            definition_hash(formula, shape.unit, self._datasets),
            _example(entry),
            " ".join(shape.description_fr.split()) if shape.description_fr else None,
        )

    def _formula(self, entry: Entry[MetricShape], component: Callable[..., Formula]) -> Formula:
        shape = entry.shape
        match shape.kind:
            case "ratio":
                above = component(shape.numerator, "numerator")
                return Operation("/", above, component(shape.denominator, "denominator"))
            case "growth":
                return growth(component(shape.of, "of"))
            case "derived":
                try:
                    return read_formula(shape.formula or "", component)
                except ValueError as error:
                    raise entry.refuse(str(error), "formula") from error
            case _:
                return MeasureBuilder(entry, self._datasets).formula()


def _left_out(shape: LeftOutShape) -> LeftOut:
    return LeftOut(shape.metric, Note(shape.note, shape.note_fr or shape.note))


def _notes(entry: Entry[MetricShape]) -> tuple[Note, ...]:
    try:
        return said(entry.shape.notes, entry.shape.notes_fr)
    except ValueError as error:
        raise entry.refuse(str(error), "notes_fr", expected="each of the notes, in their order") from error


def _example(entry: Entry[MetricShape]) -> Example | None:
    shape = entry.shape.example
    if shape is None:
        return None
    if shape.value is not None and isinstance(shape.value, date) != (entry.shape.unit is Unit.DATE):
        raise entry.refuse(f"the number is no {entry.shape.unit}", "example", "value")
    if shape.where is not None:
        try:
            parse_filters(shape.where)
        except InvalidFilter as error:
            raise entry.refuse(f"cannot read the condition: {error.what}", "example", "where") from error
    return Example(shape.value, shape.first, shape.last, shape.where, shape.today)


def check_metrics(model: SemanticModel, entries: Mapping[str, Entry[MetricShape]]) -> None:
    """What can be checked only when every metric and dimension is known."""
    dimension_names = [*model.dimensions, *GRAINS]
    for metric in model.metrics.values():
        entry = entries[metric.name]
        for grouping in (metric.default, *metric.aliases.values()):
            for name in grouping.by:
                entry.known(name, model.dimensions, "dimension", "default_by")
                if model.dimensions[name] not in model.reachable(metric):
                    raise entry.refuse(f"{metric.name} cannot be grouped by {name}", "default_by")
        for name, other in metric.hints.items():
            entry.known(name, model.dimensions, "dimension", "hints", name)
            entry.known(other, model.metric_names, "metric", "hints", name)
        for name in entry.shape.ignore:
            entry.known(name, model.dimensions, "dimension", "ignore")
        for name in metric.non_additive or ():
            entry.known(name, dimension_names, "dimension", "non_additive")
        if metric.left_out is not None:
            counted = entry.known(metric.left_out.metric, entries, "metric", "left_out", "metric")
            if not isinstance(model.metrics[counted].formula, Leaf) or not metric.left_out.note.tells_count:
                raise entry.refuse("the note holds {count}, and a simple metric counts", "left_out")
