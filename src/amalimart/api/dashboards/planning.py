"""Turns a tile and the state of its page into questions. Asks nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

from amalimart.api.dashboards.definition import (
    Dashboard,
    KpiTile,
    Level,
    Measured,
    RankingTile,
    Span,
    TableTile,
    Tile,
    TrendTile,
)
from amalimart.api.dashboards.state import RANGE_LABELS, PageState, days_of, fitting_grain
from amalimart.core.calendar import DayRange
from amalimart.semantic.question import Filter, Operator, Question


@dataclass(frozen=True, slots=True)
class PlannedTile:
    """One tile of a page, ready to be asked.

    metrics    the metric shown by each part of the tile (one, or one a column); None where it is left out
    questions  what to ask; empty where nothing is left to ask
    level      the step of the drill-down that is shown
    drill      the dimension a click on a row filters the page by
    notes      what the reader must know: substitutes, parts left out, days of its own
    """

    tile: Tile
    metrics: tuple[str | None, ...]
    questions: tuple[Question, ...]
    level: Level | None = None
    drill: str | None = None
    notes: tuple[str, ...] = ()


def plan_tile(tile: Tile, dashboard: Dashboard, state: PageState) -> PlannedTile:
    """The questions of a tile under a state."""
    match tile:
        case KpiTile():
            return _plan_kpi(tile, state)
        case TrendTile():
            return _plan_trend(tile, state)
        case RankingTile():
            return _plan_ranking(tile, dashboard, state)
        case TableTile():
            return _plan_table(tile, dashboard, state)


def _plan_kpi(tile: KpiTile, state: PageState) -> PlannedTile:
    metric, notes = _shown(tile, state)
    if metric is None:
        return PlannedTile(tile, (None,), (), notes=notes)
    filters = _filters(state)
    if tile.span is Span.NOW:
        now = Question(metrics=(metric,), today=state.today, filters=filters)
        return PlannedTile(tile, (metric,), (now,), notes=notes)
    total = Question(metrics=(metric,), today=state.today, days=state.days, filters=filters, compare=True)
    course = Question(
        metrics=(metric,),
        today=state.today,
        days=state.days,
        grain=fitting_grain(state.days),
        filters=filters,
        fill=True,
    )
    return PlannedTile(tile, (metric,), (total, course), notes=notes)


def _plan_trend(tile: TrendTile, state: PageState) -> PlannedTile:
    metric, notes = _shown(tile, state)
    if metric is None:
        return PlannedTile(tile, (None,), (), notes=notes)
    question = Question(
        metrics=(metric,),
        today=state.today,
        by=(tile.by,) if tile.by else (),
        grain=state.grain,
        days=state.days,
        filters=_filters(state),
        compare=tile.by is None,
        fill=True,
    )
    return PlannedTile(tile, (metric,), (question,), notes=notes)


def _plan_ranking(tile: RankingTile, dashboard: Dashboard, state: PageState) -> PlannedTile:
    metric, notes = _shown(tile, state)
    level = _level(tile.levels, state)
    if metric is None:
        return PlannedTile(tile, (None,), (), level=level, notes=notes)
    question = Question(
        metrics=(metric,),
        today=state.today,
        by=(level.by,),
        days=_days(tile, state),
        filters=_filters(state),
        order_by=f"-{metric}",
        limit=tile.limit,
    )
    return PlannedTile(tile, (metric,), (question,), level, _drill(level, dashboard, state), notes)


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
        days=state.days,
        filters=_filters(state),
        order_by=f"-{asked[0]}",
        limit=tile.limit,
    )
    return PlannedTile(tile, metrics, (question,), level, _drill(level, dashboard, state), notes)


def _shown(measured: Measured, state: PageState) -> tuple[str | None, tuple[str, ...]]:
    """The metric to show under the filters of the page, and why it is another one."""
    substitute = measured.substitute
    if substitute is None or not state.filtered_by() & frozenset(substitute.when):
        return measured.metric, ()
    return substitute.metric, (substitute.because,)


def _days(tile: RankingTile, state: PageState) -> DayRange:
    return state.days if tile.range is None else days_of(tile.range, state.today)


def range_label(tile: Tile) -> str | None:
    """The name of the days a tile keeps whatever the page shows."""
    if isinstance(tile, RankingTile) and tile.range is not None:
        return RANGE_LABELS[tile.range]
    return None


def _level(levels: tuple[Level, ...], state: PageState) -> Level:
    """The first step that is not fixed by a filter, else the last."""
    return next((level for level in levels if level.by not in state.filtered_by()), levels[-1])


def _drill(level: Level, dashboard: Dashboard, state: PageState) -> str | None:
    if level.by in dashboard.filter_names() and level.by not in state.filtered_by():
        return level.by
    return None


def _filters(state: PageState) -> tuple[Filter, ...]:
    return tuple(Filter(dimension, Operator.EQ, (key,)) for dimension, key in state.filters)
