"""The JSON form of an answered tile. Every value here is final: the page only formats and draws it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from amalimart.api.dashboards.charts import trend_spec
from amalimart.api.dashboards.definition import (
    FunnelTile,
    HeatTile,
    KpiTile,
    RankingTile,
    TableTile,
    TextTile,
    Tile,
    TrendTile,
    WorkTile,
)
from amalimart.api.dashboards.funnels import funnel_steps
from amalimart.api.dashboards.heat import heat_grid
from amalimart.api.dashboards.planning import PlannedTile, range_label
from amalimart.core.calendar import Grain
from amalimart.core.errors import AmalimartError, NotAvailable, NotGroupable
from amalimart.core.wire import wire_value
from amalimart.semantic.answer import Answer, Column, ColumnKind
from amalimart.semantic.question import Question

Json = dict[str, Any]

_CALM = (NotAvailable, NotGroupable)


def answered_tile(plan: PlannedTile, answers: list[Answer], business_day: date) -> Json:
    """A tile with its numbers. `business_day` is the day that is still going on."""
    tile, answer = plan.tile, answers[0]
    label = _column(answer, ColumnKind.METRIC).label
    shown: Json = _head(plan, _title(plan, label)) | {
        "status": "ok",
        "definitions": [
            {
                "metric": each.name,
                "version": each.version,
                "hash": each.hash,
                "basis": each.basis,
                "basis_fr": each.basis_fr,
            }
            for each in answer.receipt.metrics
        ],
        "notes": list(plan.notes),
        "receipt_notes": list(answer.receipt.notes),
        "receipt_notes_fr": list(answer.receipt.notes_fr),
    }
    if isinstance(tile, KpiTile):
        shown |= _kpi(tile, answers[0])
        for question, course in zip(plan.questions[1:], answers[1:], strict=True):
            shown["course"] = _course(
                course, question.grain or Grain.DAY, _unfinished(question, business_day)
            )
        return shown
    shown |= {"columns": _columns(plan, answer), "drill": plan.drill, "opens": _opens(plan)}
    if isinstance(tile, TrendTile):
        (question,) = plan.questions
        grain = question.grain or Grain.DAY
        rows = _rows(answer, grain, _unfinished(question, business_day))
        spec = trend_spec(answer, grain, shown["title"], tile.drawn_as())
        return shown | {"rows": rows, "grain": grain.value, "spec": spec}
    if isinstance(tile, HeatTile):
        return shown | heat_grid(answer, tile.limit)
    if isinstance(tile, FunnelTile):
        return shown | {"steps": funnel_steps(answer, tile)}
    if isinstance(tile, TableTile):
        shown["styles"] = _styles(plan.metrics, tile)
        shown["lacking"] = [
            {"metric": each.metric, "label": each.label, "message": each.why} for each in plan.lacking
        ]
    return shown | {"rows": [[wire_value(value) for value in row] for row in answer.rows]}


def standing_tile(plan: PlannedTile, tile: TextTile | WorkTile) -> Json:
    """A tile without numbers of its own: words, or the place of a work list that the page fetches."""
    shown = _head(plan, tile.title) | {"status": "ok", "definitions": [], "notes": []}
    if isinstance(tile, WorkTile):
        return shown | {"list": tile.list.value, "limit": tile.limit}
    links = [{"label": each.label, "to": each.to} for each in tile.links]
    return shown | {"text": tile.text, "links": links}


def _opens(plan: PlannedTile) -> Json | None:
    """The page below a member, and the range of days that the tile keeps whatever the page shows."""
    if plan.level is None or plan.level.opens is None:
        return None
    fixed = plan.tile.range if isinstance(plan.tile, RankingTile) else None
    return {"page": plan.level.opens, "by": plan.level.by, "range": fixed.value if fixed else None}


def _unfinished(question: Question, business_day: date) -> date | None:
    """The day that is still going on, if the question asks for it."""
    days = question.days
    return business_day if days is None or days.first <= business_day <= days.last else None


def unanswered_tile(plan: PlannedTile, error: AmalimartError | None) -> Json:
    """A tile that says in its place why it has no numbers."""
    metric = next((name for name in plan.metrics if name), None)
    shown = _head(plan, _title(plan, metric.replace("_", " ") if metric else None))
    if error is None:
        return shown | {"status": "left_out", "message": " ".join(plan.notes), "notes": []}
    return shown | {
        "status": "left_out" if isinstance(error, _CALM) else "failed",
        "code": error.code,
        "message": error.what,
        "next_step": error.next_step,
        "notes": [],
    }


def _head(plan: PlannedTile, title: str) -> Json:
    tile = plan.tile
    return {
        "id": tile.id,
        "type": tile.type,
        "width": tile.width.value,
        "title": title,
        "description": tile.description,
        "labels": tile.labels,
        "receipt_notes": [],
        "receipt_notes_fr": [],
        "range_label": range_label(tile),
    }


def _title(plan: PlannedTile, label: str | None) -> str:
    tile: Tile = plan.tile
    if isinstance(tile, KpiTile):
        is_substituted = plan.metrics[0] != tile.metric
        return (
            (label if is_substituted else tile.title) or label or tile.title or tile.metric.replace("_", " ")
        )
    text = plan.level.title if plan.level is not None else getattr(tile, "title", tile.id)
    return str(text).replace("{metric}", label or "")


def _column(answer: Answer, kind: ColumnKind) -> Column:
    return next(column for column in answer.columns if column.kind is kind)


def _columns(plan: PlannedTile, answer: Answer) -> list[Json]:
    headings = _headings(plan)
    shown: list[Json] = []
    for column in answer.columns:
        own = headings.pop(0) if column.kind is ColumnKind.METRIC and headings else None
        shown.append(
            {
                "name": column.name,
                "label": own or column.label,
                "kind": column.kind.value,
                "unit": column.unit,
                "currency": column.currency,
            }
        )
    return shown


def _headings(plan: PlannedTile) -> list[str | None]:
    """The tile's own heading of each metric column; a substitute keeps its friendly name."""
    if not isinstance(plan.tile, TableTile):
        return []
    headings: dict[str, str | None] = {}
    for metric, column in zip(plan.metrics, plan.tile.columns, strict=True):
        if metric is not None:
            headings.setdefault(metric, column.label if metric == column.metric else None)
    return list(headings.values())


def _styles(metrics: tuple[str | None, ...], tile: TableTile) -> list[str]:
    """The style of each metric column, in the order in which the metrics were asked."""
    styles: dict[str, str] = {}
    for metric, column in zip(metrics, tile.columns, strict=True):
        if metric is not None:
            styles.setdefault(metric, column.style.value)
    return list(styles.values())


def _kpi(tile: KpiTile, total: Answer) -> Json:
    metric = _column(total, ColumnKind.METRIC)
    row = total.as_dicts()[0] if total.rows else {}
    value = row.get(metric.name)
    previous = next((row.get(each.name) for each in total.columns if each.kind is ColumnKind.PREVIOUS), None)
    return {
        "metric": metric.name,
        "label": metric.label,
        "unit": metric.unit,
        "currency": metric.currency,
        "value": wire_value(value),
        "previous": wire_value(previous),
        "change": _change(value, previous, metric.unit),
        "better": tile.better.value,
        "span": tile.span.value,
        "course": [],
    }


def _course(answer: Answer, grain: Grain, unfinished: date | None) -> list[Json]:
    time, metric = _column(answer, ColumnKind.TIME), _column(answer, ColumnKind.METRIC)
    partial = _column(answer, ColumnKind.PARTIAL)
    current = grain.start(unfinished) if unfinished else None
    return [
        {
            "time": wire_value(point[time.name]),
            "value": wire_value(point[metric.name]),
            "partial": bool(point[partial.name]) or point[time.name] == current,
        }
        for point in answer.as_dicts()
    ]


def _change(value: Any, previous: Any, unit: str) -> Json | None:
    """The change as a share of the previous value, in points for a percentage; None without meaning."""
    if value is None or previous is None:
        return None
    now, before = Decimal(str(value)), Decimal(str(previous))
    if unit == "percent":
        return {"kind": "points", "amount": str(now - before)}
    if before == 0:
        return None
    return {"kind": "relative", "amount": str(((now - before) / before).quantize(Decimal("0.000001")))}


def _rows(answer: Answer, grain: Grain, unfinished: date | None) -> list[list[Any]]:
    """The rows, with the bucket that holds the unfinished day marked as partial too."""
    places = {column.kind: position for position, column in enumerate(answer.columns)}
    time, partial = places[ColumnKind.TIME], places[ColumnKind.PARTIAL]
    current = grain.start(unfinished) if unfinished else None
    rows = [[wire_value(value) for value in row] for row in answer.rows]
    for row, source in zip(rows, answer.rows, strict=True):
        row[partial] = bool(source[partial]) or source[time] == current
    return rows
