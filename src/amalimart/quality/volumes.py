"""Counts of days for the volume model, and what it says of them as results. Expects nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.quality import QualityResult
from amalimart.quality.declared import DeclaredCheck
from amalimart.quality.looking import Look
from amalimart.quality.ports import VolumeJudgement, VolumeModel, VolumeSeries
from amalimart.quality.shapes import SeriesShape, SlowLossShape, VolumeShape
from amalimart.quality.shared_series import acknowledged_periods
from amalimart.warehouse.quality.reading import rows_by_day

_EXPECTED = "as many rows as the history lets expect"
Judge = Callable[[VolumeModel, VolumeSeries], Sequence[VolumeJudgement]]


def check_volume(check: DeclaredCheck, shape: VolumeShape, look: Look) -> Iterator[QualityResult]:
    """What the model says of the last whole period."""

    def judge(model: VolumeModel, series: VolumeSeries) -> Sequence[VolumeJudgement]:
        return model.judge(replace(series, low=shape.bounds.low, high=shape.bounds.high), shape.grain)

    yield from _judged(check, shape, look, judge)


def check_slow_loss(check: DeclaredCheck, shape: SlowLossShape, look: Look) -> Iterator[QualityResult]:
    """What the model says of many days together."""
    yield from _judged(check, shape, look, lambda model, series: model.slow_loss(series))


def _judged(check: DeclaredCheck, shape: SeriesShape, look: Look, judge: Judge) -> Iterator[QualityResult]:
    look.require(check, shape.table, ())
    look.require(check, shape.table, [shape.column], "column")
    for name in shape.where:
        look.require(check, shape.table, [name], "where", name)
    finding = look.told(check, shape.table)
    if why := look.clock_went_back():
        yield finding.cannot_tell(_EXPECTED, why)
        return
    series = _series(check, shape, look)
    if series is None:
        yield finding.cannot_tell(
            _EXPECTED, f"no day of {shape.table} that is over has a row: there is nothing to learn from"
        )
    elif look.volume is None:
        yield finding.cannot_tell(_EXPECTED, "there is no model of volumes to ask")
    else:
        for each in judge(look.volume, series):
            told = look.told(check, shape.table, each.period)
            yield replace(
                told.judged(each.verdict, each.expected, each.actual, each.message),
                low=each.low,
                high=each.high,
                value=each.value,
                unit="rows",
            )


def _series(check: DeclaredCheck, shape: SeriesShape, look: Look) -> VolumeSeries | None:
    """Rows of each day up to yesterday: today is not over."""
    wanted = {
        column: value if isinstance(value, tuple) else (value,) for column, value in shape.where.items()
    }
    last = look.today - timedelta(days=1)
    found = {
        day: rows
        for day, rows in rows_by_day(look.transaction, shape.table, shape.column, wanted).items()
        if day <= last
    }
    if not found:
        return None
    first = min(found)
    return VolumeSeries(
        subject=shape.table,
        first=first,
        last=last,
        counts={day: found.get(day, 0) for day in DayRange(first, last).buckets(Grain.DAY)},
        acknowledged=acknowledged_periods(check, shape, look.declared, look.history),
    )
