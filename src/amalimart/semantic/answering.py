"""The rows of a plan to an answer: currencies checked, partial buckets marked, the receipt written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import MixedCurrencies
from amalimart.semantic.answer import Answer, Column, ColumnKind, MetricReceipt, Receipt
from amalimart.semantic.planner import Plan, PlannedMetric
from amalimart.semantic.question import Question
from amalimart.warehouse.file.reading import Release, Rows


def answer_of(plan: Plan, rows: Rows, question: Question, release: Release, *, sql: str | None) -> Answer:
    """The answer. Raises MixedCurrencies where one number would add up different currencies."""
    currencies = {metric.name: _currency(metric, rows) for metric in plan.metrics}
    columns = tuple(
        replace(column, currency=currencies[column.name.removesuffix("__previous")])
        if column.unit == "money" and column.kind in {ColumnKind.METRIC, ColumnKind.PREVIOUS}
        else column
        for column in plan.columns
    )
    visible = tuple(row[: len(columns)] for row in rows.rows)
    if plan.grain is not None and plan.time_position is not None:
        columns = (*columns, Column("partial", "Partial", ColumnKind.PARTIAL, "boolean"))
        visible = tuple((*row, _is_partial(row[plan.time_position], plan.grain, question)) for row in visible)
    return Answer(columns, visible, _receipt(plan, rows, release, sql))


def _currency(metric: PlannedMetric, rows: Rows) -> str | None:
    """The one currency of a metric's column; None where it is not money, or differs from row to row.

    An amount whose currency the source does not tell is taken to be in the currency of its neighbours.
    """
    seen: set[str] = set()
    for row in rows.rows:
        here = {row[position] for pair in metric.currencies for position in pair} - {None}
        if len(here) > 1:
            raise MixedCurrencies(
                f"{metric.name} would add up amounts in {' and '.join(sorted(here))}",
                expected="amounts of one currency",
                next_step=f"group by currency, or filter: currency = {min(here)}",
            )
        seen |= here
    return seen.pop() if len(seen) == 1 else None


def _is_partial(start: date | None, grain: Grain, question: Question) -> bool:
    """Whether a bucket reaches outside the days asked for or, without days, beyond today."""
    if start is None:
        return False
    if question.days is not None:
        return question.days.is_partial(grain, start)
    return DayRange(min(start, question.today), question.today).is_partial(grain, start)


def _receipt(plan: Plan, rows: Rows, release: Release, sql: str | None) -> Receipt:
    notes = list(plan.notes)
    for planned in plan.metrics:
        if planned.left_out is not None and planned.metric.left_out is not None:
            position = planned.left_out
            count = sum(_whole(row[position]) for row in rows.rows)
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
        plan.rollups,
    )


def _whole(value: Any) -> int:
    return 0 if value is None else int(value)
