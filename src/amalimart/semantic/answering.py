"""The rows of a plan to an answer: currencies checked, partial buckets marked, the receipt written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import MixedCurrencies
from amalimart.core.fiscal import Calendar
from amalimart.semantic.answer import Answer, Column, ColumnKind, MetricReceipt, Receipt
from amalimart.semantic.planner import Plan
from amalimart.semantic.question import Question
from amalimart.semantic.statement import PlannedMetric
from amalimart.warehouse.file.reading import Release, Rows

_VALUES = {ColumnKind.METRIC, ColumnKind.PREVIOUS, ColumnKind.CHANGE}


def answer_of(plan: Plan, rows: Rows, question: Question, release: Release, *, sql: str | None) -> Answer:
    """The answer. Raises MixedCurrencies where one number would add up different currencies."""
    currencies = {metric.name: _currency(metric, rows) for metric in plan.metrics}
    columns = tuple(
        replace(column, currency=currencies[column.name.partition("__")[0]])
        if column.unit == "money" and column.kind in _VALUES
        else column
        for column in plan.columns
    )
    visible = tuple(row[: len(columns)] for row in rows.rows)
    at = plan.position(ColumnKind.TIME)
    if plan.grain is not None and at is not None:
        if plan.grain.is_fiscal:
            columns = (*columns, Column("period", "Period", ColumnKind.PERIOD, "text"))
            visible = tuple((*row, _label(row[at], plan.grain, plan.calendar)) for row in visible)
        columns = (*columns, Column("partial", "Partial", ColumnKind.PARTIAL, "boolean"))
        visible = tuple((*row, _is_partial(row[at], plan.grain, question, plan.calendar)) for row in visible)
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


def _label(start: date | None, grain: Grain, calendar: Calendar) -> str | None:
    return None if start is None else calendar.label(grain, start)


def _is_partial(start: date | None, grain: Grain, question: Question, calendar: Calendar) -> bool:
    """Whether a bucket reaches outside the days asked for or, without days, beyond today."""
    if start is None:
        return False
    if question.days is not None:
        return calendar.is_partial(question.days, grain, start)
    return calendar.is_partial(DayRange(min(start, question.today), question.today), grain, start)


def _receipt(plan: Plan, rows: Rows, release: Release, sql: str | None) -> Receipt:
    notes, at = list(plan.notes), plan.position(ColumnKind.TOTALLED)
    for planned in plan.metrics:
        if planned.left_out is not None and planned.metric.left_out is not None:
            position = planned.left_out
            # A total counts them again.
            count = sum(_whole(row[position]) for row in rows.rows if at is None or not row[at])
            if count:
                notes.append(planned.metric.left_out.note.replace("{count}", str(count)))
    metrics = (
        MetricReceipt(metric.name, metric.version, metric.definition_hash, metric.description)
        for metric in (planned.metric for planned in plan.metrics)
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
