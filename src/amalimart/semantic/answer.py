"""What is answered: typed columns, rows, and the receipt that makes a number traceable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class ColumnKind(StrEnum):
    """What a column of an answer holds."""

    TIME = "time"  # start of the bucket, a date
    DIMENSION = "dimension"  # a label or category
    KEY = "key"  # the id behind an entity dimension's label, named <dimension>_id
    METRIC = "metric"
    PREVIOUS = "previous"  # <metric>__previous, with compare
    PARTIAL = "partial"  # boolean "partial", with grain: the bucket reaches outside the range


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the rows, its friendly label, and how to format it.

    unit is one of money, count, percent, days, rating, text, date, boolean, number.
    """

    name: str
    label: str
    kind: ColumnKind
    unit: str
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class MetricReceipt:
    """Which definition a number follows."""

    name: str
    version: str  # hash of the normalised definition and what it depends on
    basis: str  # the definition in words


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where an answer comes from. `sql` is None for a scoped principal.

    rollups  what was read in place of the facts, added up beforehand in the same release
    """

    release_id: int
    published_at: datetime
    fresh_as_of: datetime | None
    metrics: tuple[MetricReceipt, ...]
    notes: tuple[str, ...]
    sql: str | None
    rollups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows in the order of `columns`; money as Decimal, days as date."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    receipt: Receipt

    def as_dicts(self) -> list[dict[str, Any]]:
        """The rows keyed by column name."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]
