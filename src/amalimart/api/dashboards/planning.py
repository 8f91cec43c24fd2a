"""Turns a tile and the state of its page into questions. Asks nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from amalimart.api.dashboards.definition import (
    Dashboard,
    FunnelTile,
    HeatTile,
    KpiTile,
    Level,
    Measured,
    RangeName,
    RankingTile,
    RowOrder,
    Span,
    TableTile,
    TextTile,
    Tile,
    TrendTile,
    WorkTile,
)
from amalimart.api.dashboards.state import RANGE_LABELS, PageState, days_of, fitting_grain
from amalimart.core.calendar import DayRange, Grain
from amalimart.semantic.question import Filter, Operator, Question

MOST_CELLS = 2000
NOW = "Right now"
_ORDERS = {RowOrder.LARGEST: "-{metric}", RowOrder.SMALLEST: "{metric}", RowOrder.NEWEST: "-{level}"}
_SHORTEST_COURSE = 14  # days: fewer points are no course


@dataclass(frozen=True, slots=True)
class Lacking:
    """A column that cannot be answered: its metric, its heading, and why."""

    metric: str
    label: str
    why: str


@dataclass(frozen=True, slots=True)
class PlannedTile:
    """One tile of a page, ready to be asked.

    metrics    the metric shown by each part of the tile (one, or one a column); None where it is left out
    questions  what to ask; empty where nothing is left to ask
    level      the step of the drill-down that is shown
    drill      the dimension a click on a row filters the page by
    notes      what the reader must know: substitutes, parts left out, days of its own
    lacking    the columns that cannot be answered
    """

    tile: Tile
    metrics: tuple[str | None, ...]
    questions: tuple[Question, ...]
    level: Level | None = None
    drill: str | None = None
    notes: tuple[str, ...] = ()
    lacking: tuple[Lacking, ...] = ()


def plan_tile(tile: Tile, dashboard: Dashboard, state: PageState) -> PlannedTile:
    """The questions of a tile under a state."""
    match tile:
        case KpiTile():
            planned = _plan_kpi(tile, state)
        case TrendTile():
            planned = _plan_trend(tile, dashboard, state)
        case RankingTile():
            planned = _plan_ranking(tile, dashboard, state)
        case TableTile():
            planned = _plan_table(tile, dashboard, state)
        case HeatTile():
            planned = _plan_heat(tile, dashboard, state)
        case FunnelTile():
            planned = _plan_funnel(tile, state)
        case TextTile() | WorkTile():
            planned = PlannedTile(tile, (), ())
    return planned


def _plan_kpi(tile: KpiTile, state: PageState) -> PlannedTile:
    metric, notes = _shown(tile, state)
    if metric is None:
        return PlannedTile(tile, (None,), (), notes=notes)
    filters = _filters(state)
    if tile.span is Span.NOW:
        now = Question(metrics=(metric,), today=state.today, filters=filters)
        return PlannedTile(tile, (metric,), (now,), notes=notes)
    total = Question(metrics=(metric,), today=state.today, days=state.days, filters=filters, compare=True)
    days = _course_days(state.days)
    course = Question(
        metrics=(metric,),
        today=state.today,
        days=days,
        grain=fitting_grain(days),
        filters=filters,
        fill=True,
    )
    return PlannedTile(tile, (metric,), (total, course), notes=notes)


def _course_days(days: DayRange) -> DayRange:
    """The days of a key figure's course: of a short period, also those that led to it."""
    if days.days >= _SHORTEST_COURSE:
        return days
    return DayRange(days.last - timedelta(days=_SHORTEST_COURSE - 1), days.last)


def _plan_trend(tile: TrendTile, dashboard: Dashboard, state: PageState) -> PlannedTile:
    metric, notes = _shown(tile, state)
    if metric is None:
        return PlannedTile(tile, (None,), (), notes=notes)
    days = _days(tile.range, state)
    question = Question(
        metrics=(metric,),
        today=state.today,
        by=(tile.by,) if tile.by else (),
        grain=state.grain if tile.range is None else fitting_grain(days),
        days=days,
        filters=_filters(state),
        compare=tile.by is None,
        fill=True,
    )
    drill = _drill(tile.by, dashboard, state) if tile.by else None
    return PlannedTile(tile, (metric,), (question,), drill=drill, notes=notes)


def _plan_ranking(tile: RankingTile, dashboard: Dashboard, state: PageState) -> PlannedTile:
    metric, notes = _shown(tile, state)
    level = _level(tile.levels, state)
    if metric is None:
        return PlannedTile(tile, (None,), (), level=level, notes=notes)
    question = Question(
        metrics=(metric,),
        today=state.today,
        by=(level.by,),
        days=None if tile.span is Span.NOW else _days(tile.range, state),
        filters=_filters(state),
        order_by=f"-{metric}",
        limit=tile.limit,
    )
    return PlannedTile(tile, (metric,), (question,), level, _drill(level.by, dashboard, state), notes)


def _plan_table(tile: TableTile, dashboard: Dashboard, state: PageState) -> PlannedTile:
    level = _level(tile.levels, state)
    parts = [_shown(column, state) for column in tile.columns]
    notes = tuple(dict.fromkeys(note for _, part_notes in parts for note in part_notes))
    metrics = tuple(metric for metric, _ in parts)
    asked = tuple(dict.fromkeys(metric for metric in metrics if metric is not None))
    if not asked:
        return PlannedTile(tile, metrics, (), level=level, notes=notes)
    question = Question(
        metrics=asked,
        today=state.today,
        by=(level.by, *(name for name in tile.also if name != level.by)),
        days=None if tile.span is Span.NOW else state.days,
        filters=_filters(state),
        order_by=order_of_rows(tile, level.by, asked[0]),
        limit=tile.limit,
    )
    return PlannedTile(tile, metrics, (question,), level, _drill(level.by, dashboard, state), notes)


def order_of_rows(tile: TableTile, by: str, metric: str) -> str:
    """What the rows of a table are ordered by, `metric` being its first column."""
    return _ORDERS[tile.order].format(level=by, metric=metric)


def _plan_heat(tile: HeatTile, dashboard: Dashboard, state: PageState) -> PlannedTile:
    metric, notes = _shown(tile, state)
    if metric is None:
        return PlannedTile(tile, (None,), (), notes=notes)
    filters = _filters(state)
    if tile.within_days:
        filters = (*filters, Filter(tile.rows, Operator.GE, (_first_month(state.days).isoformat(),)))
    question = Question(
        metrics=(metric,),
        today=state.today,
        by=(tile.rows, tile.across),
        days=None if tile.span is Span.NOW else state.days,
        filters=filters,
        order_by=f"-{metric}",
        limit=MOST_CELLS,
    )
    return PlannedTile(tile, (metric,), (question,), drill=_drill(tile.rows, dashboard, state), notes=notes)


def _first_month(days: DayRange) -> date:
    """The first month that the days hold from its beginning; of short ones, that in which they begin."""
    start = Grain.MONTH.start(days.first)
    after = Grain.MONTH.next_start(days.first)
    return start if start == days.first or after > days.last else after


def _plan_funnel(tile: FunnelTile, state: PageState) -> PlannedTile:
    metrics = tuple(step.metric for step in tile.steps)
    question = Question(
        metrics=tuple(dict.fromkeys(metrics)), today=state.today, days=state.days, filters=_filters(state)
    )
    return PlannedTile(tile, metrics, (question,))


def _shown(measured: Measured, state: PageState) -> tuple[str | None, tuple[str, ...]]:
    """The metric to show under the filters of the page, and why it is another one."""
    substitute = measured.substitute
    if substitute is None or not state.filtered_by() & frozenset(substitute.when):
        return measured.metric, ()
    return substitute.metric, (substitute.because,)


def _days(fixed: RangeName | None, state: PageState) -> DayRange:
    return state.days if fixed is None else days_of(fixed, state.today, state.calendar)


def range_label(tile: Tile) -> str | None:
    """The name of the days a tile keeps whatever the page shows."""
    if isinstance(tile, RankingTile | TableTile | HeatTile) and tile.span is Span.NOW:
        return NOW
    if isinstance(tile, RankingTile | TrendTile) and tile.range is not None:
        return RANGE_LABELS[tile.range]
    return None


def _level(levels: tuple[Level, ...], state: PageState) -> Level:
    """The first step that is not fixed by a filter, else the last."""
    return next((level for level in levels if level.by not in state.filtered_by()), levels[-1])


def _drill(dimension: str, dashboard: Dashboard, state: PageState) -> str | None:
    if dimension in dashboard.filter_names() and dimension not in state.filtered_by():
        return dimension
    return None


def _filters(state: PageState) -> tuple[Filter, ...]:
    return tuple(Filter(dimension, Operator.EQ, (key,)) for dimension, key in state.filters)
