"""A request to one SQL statement: each dataset in its own leg, the legs stitched on the shared groups.

The stitch is a union of the legs regrouped, which treats missing keys as a group like any other and
cannot multiply rows, so neither fan-out nor chasm can arise. Sums are exact decimals; a division is
computed as a double of the exact sums, empty where the divisor is 0, and a quotient of money is
given to four decimals. A count or sum of nothing is 0, a quotient of nothing is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from amalimart.access.policies import Policies
from amalimart.core.calendar import Grain
from amalimart.semantic import nodes
from amalimart.semantic.answer import Column, ColumnKind
from amalimart.semantic.conditions import compare, function, text
from amalimart.semantic.entity_filters import EntityFilters
from amalimart.semantic.formula import Constant, Formula, Leaf, Measure, is_exact
from amalimart.semantic.guard import check_text
from amalimart.semantic.leg import LegKey, LegWriter
from amalimart.semantic.model import UNKNOWN_KEY, UNKNOWN_LABEL, DimensionUse, Metric, SemanticModel
from amalimart.semantic.nodes import identifier, named, to_decimal, to_double
from amalimart.semantic.parameters import HavingSlot, LimitSlot, ParameterBook, Slot
from amalimart.semantic.request import AskedMetric, Request
from amalimart.semantic.rollups.choosing import RollupChoice
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.scan import Door, Scope
from amalimart.semantic.shapes import Aggregate, FieldType, Unit
from amalimart.semantic.stitching import StitchedLeg, Stitcher, shared_alias, with_cte

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
class Plan:
    """One statement that passed the guard. The first `len(columns)` columns of its rows are the answer's."""

    sql: str
    slots: tuple[Slot, ...]
    columns: tuple[Column, ...]
    metrics: tuple[PlannedMetric, ...]
    grain: Grain | None
    time_position: int | None
    notes: tuple[str, ...]
    rollups: tuple[str, ...] = ()


def plan(
    model: SemanticModel, policies: Policies, scope: Scope, request: Request, rollups: Sequence[Rollup] = ()
) -> Plan:
    """Write and check the statement of a request, which may read these rollups. Raises Denied."""
    book = ParameterBook()
    door = Door(model, policies, scope, book)
    choice = RollupChoice(model, policies, scope.role, rollups)
    statement = _Statement(model, door, book, request, choice)
    tree, columns, metrics = statement.write()
    sql, slots = book.positional(tree.sql(dialect="duckdb"))
    check_text(sql, door.issued)
    times = [position for position, column in enumerate(columns) if column.kind is ColumnKind.TIME]
    return Plan(
        sql,
        slots,
        columns,
        metrics,
        request.grain,
        times[0] if times else None,
        _notes(request),
        statement.rollups,
    )


def _notes(request: Request) -> tuple[str, ...]:
    notes: list[str] = []
    for asked in request.metrics:
        notes += asked.metric.notes
        if not asked.metric.has_time and (request.shape.has_days or request.shape.compare):
            notes.append(f"{asked.name} counts what is there now: the range of days does not apply to it")
        if asked.metric.period is not None and request.shape.has_days:
            period = asked.metric.period.value.replace("_", " ")
            notes.append(f"{asked.name} covers its own period ({period}), not the range of days")
    return tuple(dict.fromkeys(notes))


class _Statement:
    """The state of writing one statement."""

    def __init__(
        self, model: SemanticModel, door: Door, book: ParameterBook, request: Request, choice: RollupChoice
    ) -> None:
        self._model = model
        self._choice = choice
        self._door = door
        self._book = book
        self._request = request
        self._entities = EntityFilters(model, door, book)
        self._legs: dict[LegKey, LegWriter] = {}
        self._owned: dict[LegKey, list[str]] = {}
        self._measures: dict[tuple[LegKey, Measure], str] = {}
        self._currencies: dict[LegKey, tuple[str, str]] = {}
        self._groups = [f"g{position}" for position in range(len(request.groups))]

    @property
    def rollups(self) -> tuple[str, ...]:
        """The names of the rollups that are read."""
        return tuple(dict.fromkeys(key.rollup.name for key in self._legs if key.rollup is not None))

    def write(self) -> tuple[exp.Select, tuple[Column, ...], tuple[PlannedMetric, ...]]:
        columns: list[Column] = []
        visible: list[exp.Expr] = []
        for position, group in enumerate(self._request.groups):
            for shown, expression in self._group_columns(position, group):
                columns.append(shown)
                visible.append(named(expression, shown.name))
        for asked in self._request.metrics:
            for shown, expression in self._metric_columns(asked):
                columns.append(shown)
                visible.append(named(expression, shown.name))
        hidden: list[exp.Expr] = []
        metrics = [self._planned(asked, len(columns), hidden) for asked in self._request.metrics]
        select = exp.Select(expressions=[*visible, *hidden])
        select = self._kept(self._stitched(select), dict(zip(columns, visible, strict=True)))
        for position, group in enumerate(self._request.groups):
            if isinstance(group, DimensionUse) and group.has_label:
                select = self._join_label(select, position, group)
        order = [self._ordered(name, columns) for name in self._order(columns)]
        if order:
            select = select.order_by(*order, copy=False)
        if self._request.shape.has_limit:
            select = select.limit(self._book.placeholder(LimitSlot()), copy=False)
        return select, tuple(columns), tuple(metrics)

    def _kept(self, select: exp.Select, visible: dict[Column, exp.Expr]) -> exp.Select:
        """Keep the rows that the conditions on metrics ask for."""
        values = {column.name: expression for column, expression in visible.items()}
        conditions = [
            compare(
                values[wanted.metric].this.copy(), wanted.operator, [self._book.placeholder(HavingSlot(n))]
            )
            for n, wanted in enumerate(self._request.shape.having)
        ]
        return select.where(*conditions, copy=False) if conditions else select

    def _group_columns(self, position: int, group: DimensionUse | Grain) -> list[tuple[Column, exp.Expr]]:
        value = nodes.column(f"g{position}", "s")
        if isinstance(group, Grain):
            return [(Column(group.value, group.value.capitalize(), ColumnKind.TIME, "date"), value)]
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

    def _metric_columns(self, asked: AskedMetric) -> list[tuple[Column, exp.Expr]]:
        metric = asked.metric
        unit = metric.unit.value
        found = [
            (
                Column(asked.name, metric.label.en, ColumnKind.METRIC, unit),
                self._metric(metric, compared=False),
            )
        ]
        if self._request.shape.compare:
            name = f"{asked.name}__previous"
            label = f"{metric.label.en} (previous period)"
            found.append(
                (Column(name, label, ColumnKind.PREVIOUS, unit), self._metric(metric, compared=True))
            )
        return found

    def _metric(self, metric: Metric, *, compared: bool) -> exp.Expr:
        if compared and not metric.has_time:
            return exp.null()
        value = self._value(metric.formula, compared=compared)
        if metric.unit is Unit.MONEY and not is_exact(metric.formula):
            return to_decimal(value, 38, 4)
        return value

    def _value(self, formula: Formula, *, compared: bool) -> exp.Expr:
        if isinstance(formula, Leaf):
            column = self._stitched_column(self._measure(formula, compared=compared))
            if not formula.measure.is_amount:
                return column
            return function(exp.Coalesce, column, exp.Literal.number(0))
        if isinstance(formula, Constant):
            return exp.Literal.number(format(formula.value, "f"))
        left = self._value(formula.left, compared=compared)
        right = self._value(formula.right, compared=compared)
        if formula.operator == "/":
            return exp.Div(
                this=to_double(left),
                expression=exp.Nullif(this=to_double(right), expression=exp.Literal.number(0)),
            )
        return exp.Paren(this=_ARITHMETIC[formula.operator](this=left, expression=right))

    def _leg(self, leaf: Leaf, *, compared: bool) -> LegKey:
        measure = leaf.measure
        asked = {group.dimension.name for group in self._request.groups if isinstance(group, DimensionUse)}
        asked |= {
            wanted.target.dimension.name
            for wanted in self._request.filters
            if isinstance(wanted.target, DimensionUse)
        }
        key = LegKey(
            measure.dataset,
            measure.time,
            leaf.period if measure.time else None,
            compared,
            leaf.is_previous,
            measure.per.field if measure.per else None,
            tuple(name for name in leaf.ignores if name in asked),
            self._choice.serving(leaf, self._request, compared=compared),
        )
        return self._opened(key)

    def _opened(self, key: LegKey) -> LegKey:
        if key not in self._legs:
            self._legs[key] = LegWriter(
                self._model, self._door, self._book, self._entities, self._request, key
            )
            self._owned[key] = []
        return key

    def _measure(self, leaf: Leaf, *, compared: bool) -> str:
        key = self._leg(leaf, compared=compared)
        known = (key, leaf.measure)
        if known not in self._measures:
            name = f"m{len(self._measures)}"
            self._legs[key].add_measure(leaf.measure, name)
            self._measures[known] = name
            self._owned[key].append(name)
        return self._measures[known]

    def _currency(self, key: LegKey) -> tuple[str, str]:
        if key.per is not None:  # a currency of each of many entities takes longer than their amounts
            key = self._opened(replace(key, per=None, known=key.per))
        if key not in self._currencies:
            number = len(self._currencies)
            names = (f"c{number}_least", f"c{number}_greatest")
            self._legs[key].add_currency(*names)
            self._currencies[key] = names
            self._owned[key] += names
        return self._currencies[key]

    def _planned(self, asked: AskedMetric, first: int, hidden: list[exp.Expr]) -> PlannedMetric:
        """Add the hidden columns that a metric's currency and receipt are read from."""
        pairs: list[tuple[int, int]] = []
        for compared in (False, True) if self._request.shape.compare and asked.metric.has_time else (False,):
            for leaf in asked.metric.leaves:
                if not self._is_money(leaf.measure):
                    continue
                names = self._currency(self._leg(leaf, compared=compared))
                least, greatest = (self._hide(name, first, hidden) for name in names)
                if (least, greatest) not in pairs:
                    pairs.append((least, greatest))
        left_out = None
        if asked.metric.left_out is not None:
            counted = self._model.metric(asked.metric.left_out.metric).formula
            if isinstance(counted, Leaf):
                left_out = self._hide(self._measure(counted, compared=False), first, hidden)
        return PlannedMetric(asked.name, asked.metric, tuple(pairs), left_out)

    def _hide(self, name: str, first: int, hidden: list[exp.Expr]) -> int:
        for position, expression in enumerate(hidden):
            if expression.alias == f"hidden_{name}":
                return first + position
        column = self._stitched_column(name)
        hidden.append(named(column, f"hidden_{name}"))
        return first + len(hidden) - 1

    def _is_money(self, measure: Measure) -> bool:
        return (
            measure.aggregate in {Aggregate.SUM, Aggregate.MIN, Aggregate.MAX}
            and self._model.field(measure.dataset, measure.field).type is FieldType.MONEY
        )

    def _stitched(self, select: exp.Select) -> exp.Select:
        """Give the statement its CTEs and its source, named s."""
        legs = [
            StitchedLeg(key.ignores, writer.select(), writer.groups, self._owned[key])
            for key, writer in self._legs.items()
        ]
        for name, keys in self._entities.ctes.items():
            select = with_cte(select, name, keys)
        return Stitcher(self._request, self._book).stitch(select, legs)

    def _stitched_column(self, name: str) -> exp.Column:
        number, key = next((number, key) for number, key in enumerate(self._legs) if name in self._owned[key])
        is_shared = len(self._legs[key].groups) < len(self._groups)
        return nodes.column(name, shared_alias(number) if is_shared else "s")

    def _join_label(self, select: exp.Select, position: int, use: DimensionUse) -> exp.Select:
        lookup = use.dimension.lookup
        if lookup is None:
            raise AssertionError("only an entity has labels")
        key = self._model.datasets[lookup.dataset].key
        scan = self._door.scan(lookup.dataset, {key, lookup.label})
        scan.set("alias", exp.TableAlias(this=identifier(f"l{position}")))
        matches = exp.EQ(
            this=nodes.column(key, f"l{position}"),
            expression=nodes.column(f"g{position}", "s"),
        )
        return select.join(scan, on=matches, join_type="left", copy=False)

    def _order(self, columns: list[Column]) -> list[str]:
        """Time first, then the first metric from the top; ties by key: the same answer each time."""
        by_kind = {kind: [column.name for column in columns if column.kind is kind] for kind in ColumnKind}
        keys = [*by_kind[ColumnKind.KEY], *by_kind[ColumnKind.DIMENSION]]
        times = by_kind[ColumnKind.TIME]
        if not keys and not times:
            return []
        asked = self._request.shape.order_by
        wanted = [asked] if asked is not None else [*times, f"-{by_kind[ColumnKind.METRIC][0]}"]
        named = {name.removeprefix("-") for name in wanted}
        return [*wanted, *(name for name in (*times, *keys) if name not in named)]

    def _ordered(self, name: str, columns: list[Column]) -> exp.Ordered:
        names = [column.name for column in columns]
        position = exp.Literal.number(names.index(name.removeprefix("-")) + 1)
        return exp.Ordered(this=position, desc=name.startswith("-"), nulls_first=False)
