"""What a file of a declared check may say, kind by kind. Shapes only: no file is read and nothing is run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from amalimart.config.strict_yaml import StrictModel
from amalimart.core.quality import MonitorKind, Severity

Table = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$")]
"""A published table: schema.name."""
Name = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
"""A plain name of a column, or of a table that is joined."""
ColumnOf = Annotated[str, Field(pattern=r"^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$")]
"""A column of the table, or as alias.column of a joined one."""
Value = str | int | bool
Filter = Mapping[Name, Value | tuple[Value, ...]]
"""Column -> the value, or one of the values, that a row must have."""


class Every(StrEnum):
    """How often a check is due; `batch` is every few minutes, of the newest release."""

    BATCH = "batch"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    QUARTER = "quarter"
    YEAR = "year"


class Against(StrEnum):
    """What stands for the source in a reconciliation."""

    LANDED = "landed"
    DATABASE = "database"


class DeclaredShape(StrictModel):
    """What every check says.

    every     how often it is due
    severity  how bad a failure is
    """

    kind: MonitorKind
    description: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    severity: Severity
    every: Every


class ExpectedDays(StrictModel):
    """Days on which a table has rows: all from its first to the last that is over for its sources.

    closed  days on which it may have none
    """

    table: Table
    column: Name
    weekdays_only: bool = False
    closed: tuple[date, ...] = ()


class CountsShape(DeclaredShape):
    """Committed rows are loaded rows, and every expected day is there.

    sources  those to be counted; all, if not said
    days     tables that have rows every day
    """

    kind: Literal[MonitorKind.COUNTS]
    sources: tuple[Name, ...] | None = None
    days: tuple[ExpectedDays, ...] = ()


class Bounds(StrictModel):
    """How many rows a period may have, whatever is expected of it."""

    low: int | None = Field(default=None, ge=0)
    high: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Bounds:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"no number is at least {self.low} and at most {self.high}")
        return self


class SeriesShape(DeclaredShape):
    """Rows a day of a table, of those that pass the filter."""

    table: Table
    column: Name
    where: Filter = {}


class VolumeShape(SeriesShape):
    """How many rows a period has against what is expected of it."""

    kind: Literal[MonitorKind.VOLUME]
    grain: Literal["day", "week", "quarter", "year"]
    bounds: Bounds = Bounds()


class SlowLossShape(SeriesShape):
    """Whether rows have been missing a little over many days."""

    kind: Literal[MonitorKind.SLOW_LOSS]


class NewestRow(StrictModel):
    """The newest moment in a column of a published table, and how old it may be."""

    table: Table
    column: Name
    within_minutes: int = Field(gt=0, le=5_256_000)


class FreshnessShape(DeclaredShape):
    """How old the newest data of a source may be, by the source's own watermark.

    sources         those to be looked at; all, if not said
    within_minutes  the oldest that a watermark may be
    landed          landed table -> how old its newest change may be, in minutes
    tables          published tables of which a column tells
    """

    kind: Literal[MonitorKind.FRESHNESS]
    sources: tuple[Name, ...] | None = None
    within_minutes: int = Field(gt=0, le=5_256_000)
    landed: Mapping[str, Annotated[int, Field(gt=0, le=5_256_000)]] = {}
    tables: tuple[NewestRow, ...] = ()


class DriftShape(DeclaredShape):
    """Whether the shape of a source is what the mapping and the last known shape say."""

    kind: Literal[MonitorKind.DRIFT]
    sources: tuple[Name, ...] | None = None


class Product(StrictModel):
    """An amount that is a product of two columns, as money."""

    product: tuple[ColumnOf, ColumnOf]


Read = ColumnOf | tuple[ColumnOf, ...]
"""A column, or the first of several that is not null."""


class Joined(StrictModel):
    """One row of another staged table: that whose `column` is what `by` reads."""

    table: Table
    column: Name
    by: Read


class SourceSide(StrictModel):
    """What the source says: accepted rows of a staged entity.

    join       alias -> a row of another staged table, found in the order in which they stand
    leave_out  columns that say of a row that a documented filter leaves it out
    changed    the source's own moment of a row's last change, where it keeps one
    """

    table: Annotated[str, Field(pattern=r"^staging\.stg_[a-z_][a-z0-9_]*$")]
    key: Name
    join: Mapping[Name, Joined] = {}
    day: Read
    vendor: Read | None = None
    currency: Read
    amounts: Mapping[Name, Read | Product] = Field(min_length=1)
    leave_out: tuple[ColumnOf, ...] = ()
    changed: ColumnOf | None = None

    @property
    def entity(self) -> str:
        """The canonical entity of the table."""
        return self.table.removeprefix("staging.stg_")


class GoldSide(StrictModel):
    """What is published, in the same words."""

    table: Table
    key: Name
    day: Name
    vendor: Name | None = None
    currency: Name
    amounts: Mapping[Name, Name] = Field(min_length=1)


class ReconciliationShape(DeclaredShape):
    """The source's rows are the published rows, by day, vendor and currency, to the last cent.

    tolerance  by how much an amount of a row may differ
    samples    how many of the rows that differ are shown at most
    """

    kind: Literal[MonitorKind.RECONCILIATION]
    against: Against = Against.LANDED
    source: SourceSide
    gold: GoldSide
    tolerance: Decimal = Field(default=Decimal(0), ge=0)
    samples: int = Field(default=10, ge=1, le=50)

    @model_validator(mode="after")
    def _same_words(self) -> ReconciliationShape:
        if taken := set(self.source.amounts) & {"key", "day", "vendor", "currency", "differs"}:
            raise ValueError(f"an amount cannot be named {min(taken)!r}: the rows have that already")
        if set(self.source.amounts) != set(self.gold.amounts):
            raise ValueError("`source.amounts` and `gold.amounts` name different amounts")
        if (self.source.vendor is None) != (self.gold.vendor is None):
            raise ValueError("`vendor` is said of one side only")
        return self


SHAPES: Mapping[MonitorKind, type[DeclaredShape]] = {
    MonitorKind.COUNTS: CountsShape,
    MonitorKind.VOLUME: VolumeShape,
    MonitorKind.SLOW_LOSS: SlowLossShape,
    MonitorKind.FRESHNESS: FreshnessShape,
    MonitorKind.DRIFT: DriftShape,
    MonitorKind.RECONCILIATION: ReconciliationShape,
}
