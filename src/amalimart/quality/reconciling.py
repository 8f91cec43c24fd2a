"""Two sides compared: by day, then by parts of the days that differ, down to the rows. Judges nothing.

A day of equal fingerprints has the same rows on both sides, each of the same vendor, currency and amounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from amalimart.warehouse.file.reading import ReadTransaction
from amalimart.warehouse.quality.sides import Bucket, Cell, CellKey, Side, SideRow

MOST_DAYS = 31
"""Days whose rows are compared one by one; more that differ are counted."""
MOST_ROWS = 1_000
"""Rows that differ and are looked at; samples are fewer."""
_MOST_READ = 50_000
_NOTHING = (0, 0)


@dataclass(frozen=True, slots=True)
class Asked:
    """A side, and where it is asked."""

    side: Side
    transaction: ReadTransaction


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A row that differs: as the source has it, as gold has it; None where it is not there."""

    key: str
    source: SideRow | None
    gold: SideRow | None

    @property
    def fields(self) -> tuple[str, ...]:
        """What differs of a row that both have: a field by its name, an amount by its place."""
        if self.source is None or self.gold is None:
            return ()
        named = [
            name
            for name in ("times", "day", "vendor", "currency")
            if getattr(self.source, name) != getattr(self.gold, name)
        ]
        pairs = zip(self.source.amounts, self.gold.amounts, strict=True)
        return (*named, *(str(place) for place, (left, right) in enumerate(pairs) if left != right))


@dataclass(frozen=True, slots=True)
class CellDifference:
    """Rows and sums of one day, vendor and currency that differ."""

    cell: CellKey
    source: Cell
    gold: Cell


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two sides differ in.

    days        days that differ
    rows        rows that differ, of the days whose rows were compared
    uncompared  days that differ, and whose rows were not compared, or not all
    """

    source: Mapping[str, Cell]
    gold: Mapping[str, Cell]
    days: tuple[date | None, ...]
    cells: tuple[CellDifference, ...]
    rows: tuple[RowDifference, ...]
    uncompared: int

    @property
    def source_rows(self) -> int:
        return sum(cell.rows for cell in self.source.values())

    @property
    def gold_rows(self) -> int:
        return sum(cell.rows for cell in self.gold.values())


def compare(source: Asked, gold: Asked, tolerance: Decimal = Decimal(0)) -> Comparison:
    """Find what differs. Rows whose amounts differ by no more than the tolerance are alike."""
    for asked in (source, gold):
        asked.side.check_exact(asked.transaction)
    days = _differing_days(source, gold)
    looked_at = days[:MOST_DAYS]
    rows, unfinished = _differing_rows(source, gold, looked_at)
    counted = tuple(row for row in rows if not _within(row, tolerance))
    if not counted and len(looked_at) == len(days) and not unfinished:
        days = looked_at = ()
    return Comparison(
        source.side.totals(source.transaction),
        gold.side.totals(gold.transaction),
        days,
        _differing_cells(source, gold, looked_at),
        counted,
        len(days) - len(looked_at) + unfinished,
    )


def _differing_days(source: Asked, gold: Asked) -> tuple[date | None, ...]:
    left = source.side.days(source.transaction)
    right = gold.side.days(gold.transaction)
    found = [day for day in {*left, *right} if left.get(day, _NOTHING) != right.get(day, _NOTHING)]
    return tuple(sorted(found, key=lambda day: (day is None, day or date.min)))


def _differing_cells(source: Asked, gold: Asked, days: tuple[date | None, ...]) -> tuple[CellDifference, ...]:
    empty = Cell(0, tuple(Decimal(0) for _ in source.side.amounts))
    left = source.side.cells(source.transaction, days)
    right = gold.side.cells(gold.transaction, days)
    found = [
        CellDifference(cell, left.get(cell, empty), right.get(cell, empty))
        for cell in {*left, *right}
        if left.get(cell, empty) != right.get(cell, empty)
    ]
    return tuple(sorted(found, key=lambda each: tuple((part is None, str(part)) for part in each.cell)))


def _differing_rows(
    source: Asked, gold: Asked, days: tuple[date | None, ...]
) -> tuple[tuple[RowDifference, ...], int]:
    """The rows, and of how many of the days not all were compared."""
    buckets, left_over = _differing_buckets(source, gold, days)
    ours = source.side.of_buckets(source.transaction, buckets)
    theirs = gold.side.of_buckets(gold.transaction, buckets)
    keys = [key for key in sorted({*ours, *theirs}) if not _alike(ours.get(key), theirs.get(key))]
    if len(keys) > MOST_ROWS:
        keys, left_over = keys[:MOST_ROWS], max(left_over, 1)
    found = {key: RowDifference(key, ours.get(key), theirs.get(key)) for key in keys}
    return _both_sides(source, gold, found), left_over


def _differing_buckets(source: Asked, gold: Asked, days: tuple[date | None, ...]) -> tuple[list[Bucket], int]:
    """Parts of days that differ, no more than can be read at once, and how many days have others."""
    left = source.side.buckets(source.transaction, days)
    right = gold.side.buckets(gold.transaction, days)
    differing = [
        bucket
        for bucket in sorted(
            {*left, *right}, key=lambda each: (each[0] is None, each[0] or date.min, each[1])
        )
        if left.get(bucket, _NOTHING) != right.get(bucket, _NOTHING)
    ]
    chosen: list[Bucket] = []
    rows = 0
    for bucket in differing:
        rows += max(left.get(bucket, _NOTHING)[0], right.get(bucket, _NOTHING)[0])
        if chosen and rows > _MOST_READ:
            break
        chosen.append(bucket)
    return chosen, len({day for day, _ in differing[len(chosen) :]})


def _alike(left: SideRow | None, right: SideRow | None) -> bool:
    return left is not None and right is not None and not RowDifference(left.key, left, right).fields


def _both_sides(source: Asked, gold: Asked, found: Mapping[str, RowDifference]) -> tuple[RowDifference, ...]:
    """A row that stands at another day on the other side is looked up there."""
    keys = sorted(found)
    ours = source.side.of_keys(source.transaction, keys)
    theirs = gold.side.of_keys(gold.transaction, keys)
    return tuple(replace(found[key], source=ours.get(key), gold=theirs.get(key)) for key in keys)


def _within(row: RowDifference, tolerance: Decimal) -> bool:
    if not tolerance or row.source is None or row.gold is None:
        return False
    if not all(field.isdecimal() for field in row.fields):
        return False
    pairs = zip(row.source.amounts, row.gold.amounts, strict=True)
    return all(
        left == right or (left is not None and right is not None and abs(left - right) <= tolerance)
        for left, right in pairs
    )
