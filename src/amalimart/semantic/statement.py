"""One request as one SELECT over its stitched legs: the columns people see, and those behind the receipt.

Sums are exact decimals; a division is computed as a double of the exact sums, empty where the divisor is 0,
and a quotient of money is given to four decimals. A count or sum of nothing is 0, a quotient of nothing is
empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from amalimart.core.calendar import Grain
from amalimart.semantic.answer import Column, ColumnKind
from amalimart.semantic.conditions import compare
from amalimart.semantic.defined import UNKNOWN_KEY, UNKNOWN_LABEL, DimensionUse, Metric
from amalimart.semantic.formula import Constant, Formula, Leaf, is_exact
from amalimart.semantic.leg_book import LegBook
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.parameters import HavingSlot, ParameterBook
from amalimart.semantic.question import Totals
from amalimart.semantic.request import OTHERS, AskedMetric, Request
from amalimart.semantic.rollups.choosing import RollupChoice
from amalimart.semantic.scan import Door
from amalimart.semantic.shapes import FieldType, Unit
from amalimart.semantic.sql.ctes import Ctes
from amalimart.semantic.sql.expressions import (
    FALSE,
    NULL,
    ZERO,
    Arithmetic,
    Sql,
    arithmetic,
    call,
    coalesce,
    column,
    comparison,
    named,
    parenthesised,
    quotient,
    text,
    to_decimal,
    when,
)
from amalimart.semantic.sql.select import Select

_UNITS = {
    FieldType.BOOLEAN: "boolean",
    FieldType.INTEGER: "number",
    FieldType.DECIMAL: "number",
    FieldType.DATE: "date",
}
_ARITHMETIC: dict[str, Arithmetic] = {"+": "+", "-": "-", "*": "*"}


@dataclass(frozen=True, slots=True)
class PlannedMetric:
    """Where a metric's hidden columns stand: pairs of least and greatest currency, and the rows left out."""

    name: str
    metric: Metric
    currencies: tuple[tuple[int, int], ...]
    left_out: int | None


@dataclass(frozen=True, slots=True)
class Written:
    """A SELECT without order. Its first columns are the answer's, `names` are those of all its columns.

    rollups  what it reads in place of datasets
    money    the datasets whose currency it tells
    """

    select: Select
    columns: tuple[Column, ...]
    names: tuple[str, ...]
    metrics: tuple[PlannedMetric, ...]
    rollups: tuple[str, ...]
    money: frozenset[str]


class StatementWriter:
    """Writes requests of one question, each with its own legs under its own prefix.

    A total is written with the columns of the whole question, empty where it has no such group.
    """

    def __init__(
        self,
        model: SemanticModel,
        door: Door,
        book: ParameterBook,
        ctes: Ctes,
        choice: RollupChoice,
        currencies: Mapping[str, str],
    ) -> None:
        self._model, self._door, self._book, self._ctes, self._choice = model, door, book, ctes, choice
        self._currencies = currencies
        self._whole = whole = choice.request
        targets = (*whole.groups, *(wanted.target for wanted in whole.filters))
        named = {use.dimension.name for use in targets if isinstance(use, DimensionUse)}
        self._dimensions = tuple(sorted(named))

    def write(self, request: Request, prefix: str = "") -> Written:
        """The statement. Raises Denied."""
        legs = self.legs(request, prefix)
        columns: list[Column] = []
        visible: dict[str, Sql] = {}
        for shown_as, value in (
            *self._groups(request),
            *(each for asked in request.metrics for each in self._metric_columns(legs, asked)),
            *self._marks(request),
        ):
            columns.append(shown_as)
            visible[shown_as.name] = value
        hidden: dict[str, Sql] = {}
        metrics = tuple(self._planned(legs, asked, len(columns), hidden) for asked in request.metrics)
        shown = [named(value, name) for name, value in {**visible, **hidden}.items()]
        select = legs.stitched(Select(shown))
        kept = [
            compare(visible[wanted.metric], wanted.operator, [self._book.placeholder(HavingSlot(n))])
            for n, wanted in enumerate(request.shape.having)
        ]
        select.where(*kept)
        for position, group in enumerate(request.groups):
            if isinstance(group, DimensionUse) and group.has_label:
                self._join_label(select, position, group)
        return Written(select, tuple(columns), (*visible, *hidden), metrics, legs.rollups, legs.money)

    def legs(self, request: Request, prefix: str) -> LegBook:
        """The legs of a request, none of them open yet."""
        return LegBook(
            self._model,
            self._door,
            self._book,
            self._ctes,
            request,
            self._dimensions,
            self._choice,
            prefix,
            self._currencies,
        )

    def _groups(self, request: Request) -> list[tuple[Column, Sql]]:
        """The groups of the whole question; what this request adds up is empty."""
        return [
            (shown_as, value if position < len(request.groups) else NULL)
            for position, group in enumerate(self._whole.groups)
            for shown_as, value in self._group_columns(position, group)
        ]

    def _marks(self, request: Request) -> list[tuple[Column, Sql]]:
        """What tells a total, and the row of all others, from ordinary rows."""
        found: list[tuple[Column, Sql]] = []
        if self._whole.top is not None:
            is_others = column(OTHERS, "s") if request.top is not None else FALSE
            found.append((Column(OTHERS, "Others", ColumnKind.OTHERS, "boolean"), is_others))
        if self._whole.shape.totals is not Totals.NONE:
            count = Sql(str(len(self._whole.groups) - len(request.groups)))
            found.append((Column("totalled", "Groups added up", ColumnKind.TOTALLED, "number"), count))
        return found

    def _group_columns(self, position: int, group: DimensionUse | Grain) -> list[tuple[Column, Sql]]:
        value = column(f"g{position}", "s")
        if isinstance(group, Grain):
            return [
                (
                    Column(group.value, group.value.replace("_", " ").capitalize(), ColumnKind.TIME, "date"),
                    value,
                )
            ]
        dimension = group.dimension
        unit = _UNITS.get(dimension.type, "text")
        if dimension.lookup is None:
            return [(Column(group.asked, dimension.label.en, ColumnKind.DIMENSION, unit), value)]
        name = group.asked if group.key_only else f"{group.asked}_id"
        key = Column(name, f"{dimension.label.en} id", ColumnKind.KEY, "text")
        if group.key_only:
            return [(key, value)]
        label = coalesce(
            column(dimension.lookup.label, f"l{position}"),
            when(comparison(value, "=", text(UNKNOWN_KEY)), text(UNKNOWN_LABEL)),
            value,
        )
        return [(key, value), (Column(group.asked, dimension.label.en, ColumnKind.DIMENSION, "text"), label)]

    def _metric_columns(self, legs: LegBook, asked: AskedMetric) -> list[tuple[Column, Sql]]:
        metric, name, label = asked.metric, asked.name, asked.metric.label.en
        unit, shape = metric.unit.value, self._whole.shape
        now = self._metric(legs, metric, compared=False)
        found = [(Column(name, label, ColumnKind.METRIC, unit), now)]
        if shape.compare:
            then = self._metric(legs, metric, compared=True)
            previous = Column(
                f"{name}__previous", f"{label} ({shape.compare_with.value})", ColumnKind.PREVIOUS, unit
            )
            found.append((previous, then))
            if shape.changes:
                found += _changes(asked, now, then)
        return found

    def _metric(self, legs: LegBook, metric: Metric, *, compared: bool) -> Sql:
        if compared and not metric.has_time:
            return NULL
        value = value_of(legs, metric.formula, compared=compared)
        if metric.unit is Unit.MONEY and not is_exact(metric.formula):
            return to_decimal(value, 38, 4)
        return value

    def _planned(
        self, legs: LegBook, asked: AskedMetric, first: int, hidden: dict[str, Sql]
    ) -> PlannedMetric:
        """Add the hidden columns that a metric's currency and receipt are read from."""

        def hide(name: str) -> int:
            hidden.setdefault(f"hidden_{name}", legs.column(name))
            return first + list(hidden).index(f"hidden_{name}")

        pairs: dict[tuple[int, int], None] = {}
        for compared in (False, True) if self._whole.shape.compare and asked.metric.has_time else (False,):
            for leaf in asked.metric.leaves:
                names = legs.currency(leaf, compared=compared)
                if names is not None:
                    pairs[hide(names[0]), hide(names[1])] = None
        left_out = None
        if asked.left_out is not None:
            left_out = hide(legs.measure(asked.left_out, compared=False))
        return PlannedMetric(asked.name, asked.metric, tuple(pairs), left_out)

    def _join_label(self, select: Select, position: int, use: DimensionUse) -> None:
        lookup = use.dimension.lookup
        if lookup is None:
            raise AssertionError("only an entity has labels")
        key = self._model.datasets[lookup.dataset].key
        scan = self._door.scan(lookup.dataset, {key, lookup.label}, shown={lookup.label})
        matches = comparison(column(key, f"l{position}"), "=", column(f"g{position}", "s"))
        select.left_join(named(scan, f"l{position}"), matches)


def value_of(legs: LegBook, formula: Formula, *, compared: bool) -> Sql:
    """The value of a formula over the stitched columns of its leaves."""
    if isinstance(formula, Leaf):
        value = legs.column(legs.measure(formula, compared=compared))
        return coalesce(value, ZERO) if formula.measure.is_amount else value
    if isinstance(formula, Constant):
        return Sql(format(formula.value, "f"))
    left = value_of(legs, formula.left, compared=compared)
    right = value_of(legs, formula.right, compared=compared)
    if formula.operator == "/":
        return quotient(left, right)
    if formula.operator == "else":
        return coalesce(left, right)
    return parenthesised(arithmetic(left, _ARITHMETIC[formula.operator], right))


def _changes(asked: AskedMetric, now: Sql, then: Sql) -> list[tuple[Column, Sql]]:
    """By how much it changed, and by which share of what it was; a date moves by days and has no share."""
    label, is_date = asked.metric.label.en, asked.metric.unit is Unit.DATE
    unit = Unit.DAYS if is_date else asked.metric.unit
    difference = parenthesised(arithmetic(now, "-", then))
    rate = NULL if is_date else quotient(difference, call("ABS", then))
    return [
        (Column(f"{asked.name}__change", f"{label} (change)", ColumnKind.CHANGE, unit.value), difference),
        (
            Column(
                f"{asked.name}__change_rate", f"{label} (change, share)", ColumnKind.CHANGE_RATE, "percent"
            ),
            rate,
        ),
    ]
