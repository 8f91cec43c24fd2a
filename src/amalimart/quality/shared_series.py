"""Checks that look at the same counts: what somebody explained to one of them, the others know as well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from amalimart.quality.declared import DeclaredCheck
from amalimart.quality.ports import History
from amalimart.quality.shapes import SeriesShape, Value, VolumeShape

# That a quarter or year is known to be low says nothing of any one of its days.
_LONG = re.compile(r"\d{4}(-Q[1-4])?")
_LONG_GRAINS = {"quarter", "year"}


def acknowledged_periods(
    check: DeclaredCheck, shape: SeriesShape, declared: Mapping[str, DeclaredCheck], history: History
) -> frozenset[str]:
    """Periods that were acknowledged of this check, or of another one over the same counts.

    Days, weeks and slow losses count for all of them; quarters and years for those that judge such.
    """
    found = set(history.acknowledged_periods(check.name, shape.table))
    for other in _alike(shape, declared.values()):
        periods = history.acknowledged_periods(other.name, shape.table)
        found |= {period for period in periods if _judges_long(shape) or not _LONG.fullmatch(period)}
    return frozenset(found)


def _alike(shape: SeriesShape, declared: Iterable[DeclaredCheck]) -> list[DeclaredCheck]:
    return [
        each
        for each in declared
        if isinstance(each.shape, SeriesShape) and _counted(each.shape) == _counted(shape)
    ]


def _counted(shape: SeriesShape) -> tuple[object, ...]:
    """What is counted: two filters are one, in whatever order they say the same."""
    where = frozenset((column, frozenset(_values(value))) for column, value in shape.where.items())
    return shape.table, shape.column, where


def _values(value: Value | tuple[Value, ...]) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else (value,)


def _judges_long(shape: SeriesShape) -> bool:
    return isinstance(shape, VolumeShape) and shape.grain in _LONG_GRAINS
