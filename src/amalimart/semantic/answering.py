"""The rows of a plan to an answer: currencies checked, partial buckets marked, the receipt written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import MixedCurrencies
from amalimart.semantic.answer import Answer, Column, ColumnKind, MetricReceipt, Receipt
from amalimart.semantic.planner import Plan, PlannedMetric
from amalimart.semantic.question import Question
from amalimart.warehouse.file.reading import Release, Rows

PARTIAL = Column("partial", "Partial", ColumnKind.PARTIAL, "boolean")
_MONEY = {ColumnKind.METRIC, ColumnKind.PREVIOUS}


def answer_of(plan: Plan, rows: Rows, question: Question, release: Release, *, sql: str | None) -> Answer:
    """The answer. Raises MixedCurrencies where one number would add up different currencies."""
    seen = {metric.name: _currencies(metric, rows) for metric in plan.metrics}
    columns = with_currencies(plan.columns, seen)
    visible = tuple(row[: len(columns)] for row in rows.rows)
    if plan.grain is not None and plan.time_position is not None:
        columns = (*columns, PARTIAL)
        visible = tuple((*row, is_partial(row[plan.time_position], plan.grain, question)) for row in visible)
    left_out = {position: sum(int(row[position] or 0) for row in rows.rows) for position in left_out_of(plan)}
    return Answer(columns, visible, receipt_of(plan, left_out, release, sql))


def with_currencies(columns: Iterable[Column], seen: Mapping[str, frozenset[str]]) -> tuple[Column, ...]:
    """The columns with the one currency of each amount; without, where it differs from row to row."""

    def told(column: Column) -> Column:
        if column.unit != "money" or column.kind not in _MONEY:
            return column
        known = seen[column.name.removesuffix("__previous")]
        return replace(column, currency=next(iter(known)) if len(known) == 1 else None)

    return tuple(told(column) for column in columns)


def _currencies(metric: PlannedMetric, rows: Rows) -> frozenset[str]:
    positions = [position for pair in metric.currencies for position in pair]
    return currencies_of(metric, ([row[position] for position in positions] for row in rows.rows))


def currencies_of(metric: PlannedMetric, told: Iterable[Iterable[str | None]]) -> frozenset[str]:
    """The currencies of a metric's column, from those that each row tells. Raises MixedCurrencies.

    An amount whose currency the source does not tell is taken to be in the currency of its neighbours.
    """
    seen: set[str] = set()
    for row in told:
        here = {currency for currency in row if currency is not None}
        if len(here) > 1:
            raise MixedCurrencies(
                f"{metric.name} would add up amounts in {' and '.join(sorted(here))}",
                expected="amounts of one currency",
                next_step=f"group by currency, or filter: currency = {min(here)}",
            )
        seen |= here
    return frozenset(seen)


def left_out_of(plan: Plan) -> frozenset[int]:
    """Where in a row it stands how much each metric leaves out."""
    return frozenset(metric.left_out for metric in plan.metrics if metric.left_out is not None)


def is_partial(start: date | None, grain: Grain, question: Question) -> bool:
    """Whether a bucket reaches outside the days asked for or, without days, beyond today."""
    if start is None:
        return False
    if question.days is not None:
        return question.days.is_partial(grain, start)
    return DayRange(min(start, question.today), question.today).is_partial(grain, start)


def receipt_of(plan: Plan, left_out: Mapping[int, int], release: Release, sql: str | None) -> Receipt:
    """The receipt, given how much each metric leaves out over all rows."""
    notes = list(plan.notes)
    for planned in plan.metrics:
        if planned.left_out is not None and planned.metric.left_out is not None:
            count = left_out.get(planned.left_out, 0)
            if count:
                notes.append(planned.metric.left_out.note.replace("{count}", str(count)))
    metrics = (
        MetricReceipt(planned.metric.name, planned.metric.version, planned.metric.description)
        for planned in plan.metrics
    )
    return Receipt(
        release.release_id,
        release.published_at,
        release.fresh_as_of,
        tuple(dict.fromkeys(metrics)),
        tuple(dict.fromkeys(notes)),
        sql,
    )
