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
    CHANGE = "change"  # <metric>__change, with changes: the metric minus its previous value
    CHANGE_RATE = "change_rate"  # <metric>__change_rate: that divided by the size of the previous value
    OTHERS = "others"  # boolean "others", with top: the row of all members but the best
    TOTALLED = "totalled"  # number "totalled", with totals: of how many of the last groups it is the total
    PERIOD = "period"  # text "period", with a fiscal grain: what people call the bucket
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
    version: int  # which of its meanings, as its author counts them
    hash: str  # of the normalised definition and what it depends on
    basis: str  # the definition in words
    basis_fr: str | None = None  # the same in French, where somebody has written it


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where an answer comes from. A scoped principal is told neither `sql` nor any name of a table.

    rollups  what was read in place of the facts, added up beforehand in the same release
    tables   every table that was read, with its schema
    notes    what else the reader must know, in English; `notes_fr` the same in French, in the same order
    """

    release_id: int
    published_at: datetime
    fresh_as_of: datetime | None
    metrics: tuple[MetricReceipt, ...]
    notes: tuple[str, ...]
    sql: str | None
    rollups: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    notes_fr: tuple[str, ...] = ()


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
