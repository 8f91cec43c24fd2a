"""The volume model behind the monitored checks: series of counts in, verdicts in the words of results out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.quality import Severity, Verdict
from amalimart.quality.ports import VolumeJudgement, VolumeSeries
from amalimart.quality.volume.events import Event, EventCalendar
from amalimart.quality.volume.judgement import Judgement
from amalimart.quality.volume.judging import VolumeJudge
from amalimart.quality.volume.results import quality_result
from amalimart.quality.volume.series import DailyCounts, History, days_of

Events = Callable[[int, int], Iterable[Event]]
"""The events from one year to another, both included."""


class CalendarVolumeModel:
    """Expects of a period what its calendar and the history before it let expect.

    Of campaigns and holidays it knows what `events` tells.
    """

    def __init__(self, events: Events) -> None:
        self._events = events

    def judge(self, series: VolumeSeries, grain: str) -> Sequence[VolumeJudgement]:
        """The last whole period of a grain. Raises UnusableSeries."""
        judge = self._judge(series)
        days = _last_whole(series, Grain(grain))
        if days.first < series.first:
            return [_too_short(series, days)]
        found = {"day": judge.day, "week": judge.week, "quarter": judge.quarter, "year": judge.year}
        return [_bounded(_worded(found[grain](days.first)), series)]

    def slow_loss(self, series: VolumeSeries) -> Sequence[VolumeJudgement]:
        """Whether rows have been missing a little over the last weeks. Raises UnusableSeries."""
        return [_worded(self._judge(series).slow_loss(series.last))]

    def _judge(self, series: VolumeSeries) -> VolumeJudge:
        counts = DailyCounts(series.subject, series.first, series.last, series.counts)
        events = EventCalendar(self._events(series.first.year, series.last.year))
        acknowledged = frozenset(day for period in series.acknowledged for day in days_of(named_days(period)))
        return VolumeJudge(History(counts, events, acknowledged))


def named_days(period: str) -> DayRange:
    """The days of `2026-11-24`, `2026-W47`, `2026-Q3`, `2026`, or `first to last`. Raises ValueError."""
    first, between, last = period.partition(" to ")
    if between:
        return DayRange(date.fromisoformat(first), date.fromisoformat(last))
    if "W" in period:
        monday = datetime.strptime(f"{period}-1", "%G-W%V-%u").date()  # noqa: DTZ007 - a day has no zone
        return _whole(monday, Grain.WEEK)
    if "Q" in period:
        year, _, quarter = period.partition("-Q")
        return _whole(date(int(year), 3 * int(quarter) - 2, 1), Grain.QUARTER)
    if len(period) == len("2026"):
        return _whole(date(int(period), 1, 1), Grain.YEAR)
    day = date.fromisoformat(period)
    return DayRange(day, day)


def _whole(start: date, grain: Grain) -> DayRange:
    return DayRange(start, grain.next_start(start) - timedelta(days=1))


def _last_whole(series: VolumeSeries, grain: Grain) -> DayRange:
    days = _whole(grain.start(series.last), grain)
    return days if days.last <= series.last else _whole(grain.start(days.first - timedelta(days=1)), grain)


def _too_short(series: VolumeSeries, days: DayRange) -> VolumeJudgement:
    return VolumeJudgement(
        f"{days.first} to {days.last}",
        Verdict.CANNOT_TELL,
        "cannot be told",
        "not known",
        f"It cannot be told whether {series.subject} has the rows of {days.first} to {days.last}: "
        f"its first row is of {series.first}.",
    )


def _worded(found: Judgement) -> VolumeJudgement:
    said = quality_result(found, check="", severity=Severity.WARNING, checked_at=datetime.min)  # noqa: DTZ901
    lacking = "".join(f" {each[:1].upper()}{each[1:]}." for each in found.not_estimated)
    return VolumeJudgement(
        found.period,
        found.verdict,
        said.expected,
        said.actual,
        f"{found.message}{lacking}",
        said.low,
        said.high,
        said.value,
    )


def _bounded(found: VolumeJudgement, series: VolumeSeries) -> VolumeJudgement:
    """A period outside the bounds that are set fails, whatever is expected of it."""
    if found.value is None:
        return found
    for bound, is_broken, told in (
        (series.low, series.low is not None and found.value < series.low, "fewer"),
        (series.high, series.high is not None and found.value > series.high, "more"),
    ):
        if is_broken:
            why = f"{found.message} It has {told} than the {bound:,} rows that are set."
            return replace(found, verdict=Verdict.FAILED, message=why)
    return found
