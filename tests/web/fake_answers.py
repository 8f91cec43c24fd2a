"""The numbers and columns of the fake marketplace's answers: functions of names, days and the release."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from decimal import Decimal

from amalimart.core.calendar import DayRange
from amalimart.semantic.answer import Column, ColumnKind
from amalimart.semantic.question import Question
from tests.web.fake_catalogue import FakeDimension, FakeMetric


def size_of_a_day(metric: FakeMetric, day: date, member: str, release: int) -> Decimal:
    """The size of one day: a weekly rhythm, a slow growth, and noise that depends on the names only."""
    seed = hashlib.sha256(f"{metric.name}|{member}|{day}".encode()).digest()
    noise = seed[0] / 255 - 0.5
    weekend = 1.22 if day.weekday() >= 5 else 1.0
    growth = 1 + (day - date(2026, 1, 1)).days / 900
    level = {"percent": 1 + noise * 0.06, "rating": 1 + noise * 0.03}.get(
        metric.unit, weekend * growth * (1 + noise * 0.25)
    )
    part = (
        1.0
        if metric.unit in {"percent", "rating", "days"} or metric.name.startswith(("avg", "items_per"))
        else _part(member)
    )
    return Decimal(str(round(metric.size * level * part + (release - 1 if metric.unit == "count" else 0), 4)))


def _part(member: str) -> float:
    if not member:
        return 1.0
    part = 1.0
    for piece in member.split("|"):
        part *= 0.03 + 0.4 * (hashlib.sha256(piece.encode()).digest()[1] / 255) ** 2
    return part


def buckets_of(question: Question, days: DayRange) -> list[tuple[date | None, DayRange]]:
    """Each bucket with the days of it that were asked for."""
    if question.grain is None:
        return [(None, days)]
    buckets: list[tuple[date | None, DayRange]] = []
    for start in days.buckets(question.grain):
        last = question.grain.next_start(start) - timedelta(days=1)
        buckets.append((start, DayRange(max(start, days.first), min(last, days.last))))
    return buckets


def members_of_rows(
    dimensions: list[FakeDimension], chosen: dict[str, tuple[str, ...]]
) -> list[list[tuple[str, str]]]:
    """Every member of the first dimension, with one of each further one, as a product has one category."""
    if not dimensions:
        return [[]]
    first, *others = dimensions
    kept = [each for each in first.members if first.name not in chosen or each[0] in chosen[first.name]]
    return [
        [each, *(other.members[place % len(other.members)] for other in others)]
        for place, each in enumerate(kept)
    ]


def time_columns(question: Question) -> list[Column]:
    if question.grain is None:
        return []
    return [Column(question.grain.value, question.grain.value.capitalize(), ColumnKind.TIME, "date")]


def dimension_columns(dimensions: list[FakeDimension]) -> list[Column]:
    columns = []
    for each in dimensions:
        if each.is_entity:
            columns.append(Column(f"{each.name}_id", f"{each.label} id", ColumnKind.KEY, "text"))
        columns.append(Column(each.name, each.label, ColumnKind.DIMENSION, "text"))
    return columns


def metric_columns(metrics: list[FakeMetric], question: Question) -> list[Column]:
    columns = []
    for each in metrics:
        currency = "GHS" if each.unit == "money" else None
        columns.append(Column(each.name, each.label, ColumnKind.METRIC, each.unit, currency))
        if question.compare:
            label = f"{each.label}, previous"
            columns.append(Column(f"{each.name}__previous", label, ColumnKind.PREVIOUS, each.unit, currency))
    return columns
