"""One request as one SELECT over its stitched legs: the columns people see, and those behind the receipt.

Sums are exact decimals; a division is computed as a double of the exact sums, empty where the divisor is 0,
and a quotient of money is given to four decimals. A count or sum of nothing is 0, a quotient of nothing is
empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from amalimart.core.calendar import Grain
from amalimart.semantic import nodes
from amalimart.semantic.answer import Column, ColumnKind
from amalimart.semantic.conditions import compare, function, text
from amalimart.semantic.ctes import Ctes
from amalimart.semantic.formula import Constant, Formula, Leaf, is_exact
from amalimart.semantic.leg_book import LegBook
from amalimart.semantic.model import UNKNOWN_KEY, UNKNOWN_LABEL, DimensionUse, Metric, SemanticModel
from amalimart.semantic.nodes import identifier, named, to_decimal, to_double
from amalimart.semantic.parameters import HavingSlot, ParameterBook
from amalimart.semantic.question import Totals
from amalimart.semantic.request import OTHERS, AskedMetric, Request
from amalimart.semantic.rollups.choosing import RollupChoice
from amalimart.semantic.scan import Door
from amalimart.semantic.shapes import FieldType, Unit

_UNITS = {
    FieldType.BOOLEAN: "boolean",
    FieldType.INTEGER: "number",
    FieldType.DECIMAL: "number",
    FieldType.DATE: "date",
}
_ARITHMETIC: dict[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}


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

    select: exp.Select
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
        visible: dict[str, exp.Expr] = {}
        for column, value in (
            *self._groups(request),
            *(each for asked in request.metrics for each in self._metric_columns(legs, asked)),
            *self._marks(request),
        ):
            columns.append(column)
            visible[column.name] = value
        hidden: dict[str, exp.Expr] = {}
        metrics = tuple(self._planned(legs, asked, len(columns), hidden) for asked in request.metrics)
        shown = [named(value, name) for name, value in {**visible, **hidden}.items()]
        select = legs.stitched(exp.Select(expressions=shown))
        kept = [
            compare(visible[wanted.metric].copy(), wanted.operator, [self._book.placeholder(HavingSlot(n))])
            for n, wanted in enumerate(request.shape.having)
        ]
        select = select.where(*kept, copy=False) if kept else select
        for position, group in enumerate(request.groups):
            if isinstance(group, DimensionUse) and group.has_label:
                select = self._join_label(select, position, group)
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

    def _groups(self, request: Request) -> list[tuple[Column, exp.Expr]]:
        """The groups of the whole question; what this request adds up is empty."""
        return [
            (column, value if position < len(request.groups) else exp.null())
            for position, group in enumerate(self._whole.groups)
            for column, value in self._group_columns(position, group)
        ]

    def _marks(self, request: Request) -> list[tuple[Column, exp.Expr]]:
        """What tells a total, and the row of all others, from ordinary rows."""
        found: list[tuple[Column, exp.Expr]] = []
        if self._whole.top is not None:
            is_others = nodes.column(OTHERS, "s") if request.top is not None else exp.false()
            found.append((Column(OTHERS, "Others", ColumnKind.OTHERS, "boolean"), is_others))
        if self._whole.shape.totals is not Totals.NONE:
            count = exp.Literal.number(len(self._whole.groups) - len(request.groups))
            found.append((Column("totalled", "Groups added up", ColumnKind.TOTALLED, "number"), count))
        return found

    def _group_columns(self, position: int, group: DimensionUse | Grain) -> list[tuple[Column, exp.Expr]]:
        value = nodes.column(f"g{position}", "s")
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
        label = function(
            exp.Coalesce,
            nodes.column(dimension.lookup.label, f"l{position}"),
            exp.Case(
                ifs=[
                    exp.If(
                        this=exp.EQ(this=value.copy(), expression=text(UNKNOWN_KEY)), true=text(UNKNOWN_LABEL)
                    )
                ]
            ),
            value.copy(),
        )
        return [(key, value), (Column(group.asked, dimension.label.en, ColumnKind.DIMENSION, "text"), label)]

    def _metric_columns(self, legs: LegBook, asked: AskedMetric) -> list[tuple[Column, exp.Expr]]:
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

    def _metric(self, legs: LegBook, metric: Metric, *, compared: bool) -> exp.Expr:
        if compared and not metric.has_time:
            return exp.null()
        value = value_of(legs, metric.formula, compared=compared)
        if metric.unit is Unit.MONEY and not is_exact(metric.formula):
            return to_decimal(value, 38, 4)
        return value

    def _planned(
        self, legs: LegBook, asked: AskedMetric, first: int, hidden: dict[str, exp.Expr]
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

    def _join_label(self, select: exp.Select, position: int, use: DimensionUse) -> exp.Select:
        lookup = use.dimension.lookup
        if lookup is None:
            raise AssertionError("only an entity has labels")
        key = self._model.datasets[lookup.dataset].key
        scan = self._door.scan(lookup.dataset, {key, lookup.label}, shown={lookup.label})
        scan.set("alias", exp.TableAlias(this=identifier(f"l{position}")))
        matches = exp.EQ(
            this=nodes.column(key, f"l{position}"),
            expression=nodes.column(f"g{position}", "s"),
        )
        return nodes.left_join(select, scan, matches)


def value_of(legs: LegBook, formula: Formula, *, compared: bool) -> exp.Expr:
    """The value of a formula over the stitched columns of its leaves."""
    if isinstance(formula, Leaf):
        column = legs.column(legs.measure(formula, compared=compared))
        if not formula.measure.is_amount:
            return column
        return function(exp.Coalesce, column, exp.Literal.number(0))
    if isinstance(formula, Constant):
        return exp.Literal.number(format(formula.value, "f"))
    left = value_of(legs, formula.left, compared=compared)
    right = value_of(legs, formula.right, compared=compared)
    if formula.operator == "/":
        return quotient(left, right)
    if formula.operator == "else":
        return function(exp.Coalesce, left, right)
    return exp.Paren(this=_ARITHMETIC[formula.operator](this=left, expression=right))


def quotient(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """One value divided by another, as a double; empty where the divisor is 0."""
    divisor = exp.Nullif(this=to_double(right), expression=exp.Literal.number(0))
    return exp.Div(this=to_double(left), expression=divisor)


def _changes(asked: AskedMetric, now: exp.Expr, then: exp.Expr) -> list[tuple[Column, exp.Expr]]:
    """By how much it changed, and by which share of what it was; a date moves by days and has no share."""
    label, is_date = asked.metric.label.en, asked.metric.unit is Unit.DATE
    unit = Unit.DAYS if is_date else asked.metric.unit
    difference = exp.Paren(this=exp.Sub(this=now.copy(), expression=then.copy()))
    rate = exp.null() if is_date else quotient(difference.copy(), exp.Abs(this=then.copy()))
    return [
        (Column(f"{asked.name}__change", f"{label} (change)", ColumnKind.CHANGE, unit.value), difference),
        (
            Column(
                f"{asked.name}__change_rate", f"{label} (change, share)", ColumnKind.CHANGE_RATE, "percent"
            ),
            rate,
        ),
    ]
