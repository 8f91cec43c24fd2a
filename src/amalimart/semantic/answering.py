"""The rows of a plan to an answer: currencies checked, partial buckets marked, the receipt written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import MixedCurrencies
from amalimart.core.fiscal import Calendar
from amalimart.semantic.answer import Answer, Column, ColumnKind, MetricReceipt, Receipt
from amalimart.semantic.planner import Plan
from amalimart.semantic.question import Question
from amalimart.semantic.statement import PlannedMetric
from amalimart.warehouse.file.reading import Release, Rows

PERIOD = Column("period", "Period", ColumnKind.PERIOD, "text")
PARTIAL = Column("partial", "Partial", ColumnKind.PARTIAL, "boolean")
_VALUES = {ColumnKind.METRIC, ColumnKind.PREVIOUS, ColumnKind.CHANGE}


def answer_of(plan: Plan, rows: Rows, question: Question, release: Release, *, is_open: bool) -> Answer:
    """The answer. Raises MixedCurrencies where one number would add up different currencies."""
    seen = {metric.name: _currencies(metric, rows) for metric in plan.metrics}
    columns = with_currencies(plan.columns, seen)
    visible = tuple(row[: len(columns)] for row in rows.rows)
    starts, totalled = plan.position(ColumnKind.TIME), plan.position(ColumnKind.TOTALLED)
    if starts is not None and (added := bucket_columns(plan)):
        columns = (*columns, *added)
        visible = tuple((*row, *bucket_cells(row[starts], plan, question)) for row in visible)
    plain = [row for row in rows.rows if totalled is None or not row[totalled]]  # a total counts them again
    left_out = {position: sum(int(row[position] or 0) for row in plain) for position in left_out_of(plan)}
    return Answer(columns, visible, receipt_of(plan, left_out, release, is_open=is_open))


def with_currencies(columns: Iterable[Column], seen: Mapping[str, frozenset[str]]) -> tuple[Column, ...]:
    """The columns with the one currency of each amount; without, where it differs from row to row."""

    def told(column: Column) -> Column:
        if column.unit != "money" or column.kind not in _VALUES:
            return column
        known = seen[column.name.partition("__")[0]]
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


def bucket_columns(plan: Plan) -> tuple[Column, ...]:
    """The columns that say of a bucket of time what its first day does not."""
    if plan.grain is None or plan.position(ColumnKind.TIME) is None:
        return ()
    return (PERIOD, PARTIAL) if plan.grain.is_fiscal else (PARTIAL,)


def bucket_cells(start: date | None, plan: Plan, question: Question) -> tuple[str | bool | None, ...]:
    """What stands in them for the bucket that starts on a day."""
    if plan.grain is None:
        return ()
    partial = _is_partial(start, plan.grain, question, plan.calendar)
    if not plan.grain.is_fiscal:
        return (partial,)
    return (None if start is None else plan.calendar.label(plan.grain, start), partial)


def _is_partial(start: date | None, grain: Grain, question: Question, calendar: Calendar) -> bool:
    """Whether a bucket reaches outside the days asked for or, without days, beyond today."""
    if start is None:
        return False
    if question.days is not None:
        return calendar.is_partial(question.days, grain, start)
    return calendar.is_partial(DayRange(min(start, question.today), question.today), grain, start)


def receipt_of(plan: Plan, left_out: Mapping[int, int], release: Release, *, is_open: bool) -> Receipt:
    """The receipt, given how much each metric leaves out over all rows; tables only where it is open."""
    told = list(plan.notes)
    for planned in plan.metrics:
        if planned.left_out is not None and planned.metric.left_out is not None:
            count = left_out.get(planned.left_out, 0)
            if count:
                told.append(planned.metric.left_out.note.counting(count))
    notes = tuple(dict.fromkeys(told))
    metrics = (
        MetricReceipt(
            metric.name, metric.version, metric.definition_hash, metric.description, metric.description_fr
        )
        for metric in (planned.metric for planned in plan.metrics)
    )
    return Receipt(
        release.release_id,
        release.published_at,
        release.fresh_as_of,
        tuple(dict.fromkeys(metrics)),
        tuple(note.en for note in notes),
        plan.sql if is_open else None,
        plan.rollups if is_open else (),
        tuple(sorted(plan.tables)) if is_open else (),
        tuple(note.fr for note in notes),
    )
