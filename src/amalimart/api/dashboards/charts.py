"""Vega-Lite specifications of the time charts. Shape only: no colour and no data.

Colours and line styles come from the config of a theme, by style name; the rows come from the page, as
the data set `rows`. So pages in both themes and, later, pictures in reports share one specification.
On a temporal time axis a day is its midnight UTC in milliseconds; on an ordinal one it is its ISO text.
Axes use the custom format type `amalimart`, whose format names the unit.
"""

from __future__ import annotations

from typing import Any

from amalimart.api.dashboards.definition import TrendForm
from amalimart.core.calendar import Grain
from amalimart.semantic.answer import Answer, Column, ColumnKind

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
FORMAT_TYPE = "amalimart"


def trend_spec(answer: Answer, grain: Grain, description: str, form: TrendForm = TrendForm.LINE) -> Spec:
    """A course against the preceding period, or one of each member of a dimension where the answer has one.

    The answer has a TIME, a PARTIAL and one METRIC column.
    """
    by_kind = {column.kind: column for column in answer.columns}
    time, metric = by_kind[ColumnKind.TIME], by_kind[ColumnKind.METRIC]
    shared: Spec = {
        "$schema": SCHEMA,
        "description": description,
        "width": "container",
        "height": "container",
        "data": {"name": "rows"},
    }
    if ColumnKind.DIMENSION in by_kind:
        return shared | _members(time, metric, by_kind[ColumnKind.DIMENSION], grain, form)
    if form is TrendForm.BAR:
        return shared | _bars(time, metric, by_kind.get(ColumnKind.PREVIOUS), grain)
    style = "filled_area" if form is TrendForm.AREA else "current_area"
    return shared | _lines(time, metric, by_kind.get(ColumnKind.PREVIOUS), grain, style)


def _time_axis(grain: Grain) -> Spec:
    return {
        "formatType": FORMAT_TYPE,
        "format": f"time:{grain.value}",
        "labelOverlap": "greedy",
        "labelSeparation": 14,
        "grid": False,
    }


def _values(column: Column) -> Spec:
    axis: Spec = {"formatType": FORMAT_TYPE, "format": f"axis:{column.unit}:{column.currency or ''}"}
    if column.unit == "count":
        axis["tickMinStep"] = 1
    return {
        "field": column.name,
        "type": "quantitative",
        "title": None,
        "axis": axis,
        "scale": {"zero": True, "nice": True},
    }


def _lines(time: Column, metric: Column, previous: Column | None, grain: Grain, area: str) -> Spec:
    value = {"y": _values(metric)}
    complete: list[Spec] = [{"filter": "!datum.partial"}]
    layers: list[Spec] = [
        {
            "transform": complete,
            "mark": {"type": "area", "style": area},
            "encoding": {"y": value["y"] | {"stack": None}},
        },
        {"transform": complete, "mark": {"type": "line", "style": "current"}, "encoding": value},
        {
            "transform": _partial_ends(time),
            "mark": {"type": "line", "style": "partial"},
            "encoding": value | {"detail": {"field": "at_end", "type": "nominal"}},
        },
        {
            "transform": [{"filter": "datum.partial"}],
            "mark": {"type": "point", "style": "partial_point"},
            "encoding": value,
        },
    ]
    if previous is not None:
        dashed: Spec = {"y": _values(metric) | {"field": previous.name}}
        layers.insert(0, {"mark": {"type": "line", "style": "previous"}, "encoding": dashed})
    x: Spec = {"field": time.name, "type": "temporal", "title": None, "axis": _time_axis(grain)}
    return {"encoding": {"x": x | {"scale": {"type": "utc"}}}, "layer": layers}


def _partial_ends(time: Column) -> list[Spec]:
    """The partial buckets at both ends, each with the neighbour that joins it to the line."""
    return [
        {
            "window": [
                {"op": "lag", "field": "partial", "as": "after_partial"},
                {"op": "lead", "field": "partial", "as": "before_partial"},
                {"op": "row_number", "as": "position"},
            ],
            "sort": [{"field": time.name}],
        },
        {"joinaggregate": [{"op": "count", "as": "buckets"}]},
        {"calculate": "datum.position > datum.buckets / 2", "as": "at_end"},
        {"filter": "datum.partial || datum.after_partial || datum.before_partial"},
    ]


def _bars(time: Column, metric: Column, previous: Column | None, grain: Grain) -> Spec:
    """A bar each, and a tick where the preceding period stood."""
    pale: Spec = {"condition": {"test": "datum.partial", "value": 0.5}, "value": 1}
    bars: Spec = {
        "mark": {"type": "bar", "style": "current_bar"},
        "encoding": {"y": _values(metric), "opacity": pale},
    }
    layers = [bars]
    if previous is not None:
        ticks: Spec = {"y": _values(metric) | {"field": previous.name}}
        known: Spec = {"filter": {"not": {"field": previous.name, "equal": 0}}}
        layers.append(
            {"transform": [known], "mark": {"type": "tick", "style": "previous_tick"}, "encoding": ticks}
        )
    return {"encoding": {"x": _ordinal(time, grain)}, "layer": layers}


def _ordinal(time: Column, grain: Grain) -> Spec:
    return {"field": time.name, "type": "ordinal", "title": None, "axis": _time_axis(grain)}


_MARKS: dict[TrendForm, tuple[Spec, str | None]] = {
    TrendForm.STACKED: ({"type": "bar", "style": "stacked"}, "zero"),
    TrendForm.AREA: ({"type": "area", "style": "stacked_area"}, "zero"),
    TrendForm.LINE: ({"type": "line", "style": "member_line"}, None),
}


def _members(time: Column, metric: Column, series: Column, grain: Grain, form: TrendForm) -> Spec:
    mark, stack = _MARKS.get(form, _MARKS[TrendForm.STACKED])
    encoding: Spec = {
        "x": _ordinal(time, grain),
        "y": _values(metric) | {"stack": stack},
        "color": {"field": series.name, "type": "nominal", "sort": None, "legend": None},
    }
    if mark["type"] == "bar":
        encoding["opacity"] = {"condition": {"test": "datum.partial", "value": 0.5}, "value": 1}
    return {"mark": mark, "encoding": encoding}
