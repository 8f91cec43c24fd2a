"""The days that a leaf of the oracle covers, and the buckets in which they fall."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from amalimart.core.calendar import DayRange, Grain
from amalimart.semantic.question import Question


def start_of(grain: Grain, day: date) -> date:
    if grain is Grain.WEEK:
        return day - timedelta(days=day.isoweekday() - 1)
    month = {Grain.YEAR: 1, Grain.QUARTER: day.month - (day.month - 1) % 3}.get(grain, day.month)
    return day if grain is Grain.DAY else date(day.year, month, 1)


def months_on(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def step(day: date, grain: Grain) -> date:
    if grain in {Grain.DAY, Grain.WEEK}:
        return day + timedelta(days=1 if grain is Grain.DAY else 7)
    return months_on(day, {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain])


def covered(span: str | None, question: Question, back: int) -> DayRange | None:
    """The days of a span, so many periods ago."""
    today = question.today
    if span == "year":
        day = months_on(today, -12 * back)
        return DayRange(date(day.year, 1, 1), day)
    if span == "month":
        day = months_on(today, -back)
        return DayRange(date(day.year, day.month, 1), day)
    days = question.days if span is None else DayRange(today - timedelta(days=29), today)
    if days is None:
        return None
    length = (days.last - days.first).days + 1
    return DayRange(days.first - timedelta(days=length * back), days.last - timedelta(days=length * back))
