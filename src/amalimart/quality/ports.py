"""What the checks need of other rooms, as small protocols: whoever runs them wires what is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from amalimart.core.quality import QualityResult, Verdict
from amalimart.mapping.catalog_check import Catalog
from amalimart.warehouse.file.reading import ReadTransaction


class SourceShapes(Protocol):
    """Asks a source what tables and columns it has now."""

    def shape(self, source: str) -> Catalog:
        """Table -> column -> type. Raises SourceError, ConfigError."""
        ...


class KnownShapes(Protocol):
    """Remembers the shape of a source that somebody knows of."""

    def known(self, source: str) -> Catalog | None:
        """The shape that is known; None where the source was never looked at."""
        ...

    def saw(self, source: str, shape: Catalog) -> None:
        """Keep what was seen: it is the known shape where there was none, else what may become it."""
        ...


@dataclass(frozen=True, slots=True)
class LiveRows:
    """The source's own rows as they are now, staged as those of the release are.

    as_of  the source's own moment of them
    """

    transaction: ReadTransaction
    as_of: datetime | None


class LiveSources(Protocol):
    """Reads the source databases themselves."""

    def staged(self, tables: Collection[str]) -> AbstractContextManager[LiveRows]:
        """Staged tables, made of what the databases hold now. Raises SourceError, NotAvailable."""
        ...


@dataclass(frozen=True, slots=True)
class VolumeSeries:
    """Rows a day, from the first day that has some to the last day that is over.

    counts        each of these days, 0 where there were none
    acknowledged  periods that somebody said are no measure of what is ordinary
    low, high     what a period may have whatever is expected of it; None where nothing is said
    """

    subject: str
    first: date
    last: date
    counts: Mapping[date, int]
    acknowledged: frozenset[str] = frozenset()
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class VolumeJudgement:
    """What a volume model says of one period, in the words of a result."""

    period: str
    verdict: Verdict
    expected: str
    actual: str
    message: str
    low: float | None = None
    high: float | None = None
    value: float | None = None


class VolumeModel(Protocol):
    """Expects how many rows a period has. Raises AmalimartError for a series that cannot be one."""

    def judge(self, series: VolumeSeries, grain: str) -> Sequence[VolumeJudgement]:
        """The last whole period of a grain: day, week, quarter or year."""
        ...

    def slow_loss(self, series: VolumeSeries) -> Sequence[VolumeJudgement]:
        """Whether rows have been missing a little over many days."""
        ...


class History(Protocol):
    """Keeps results, and what was acknowledged of them."""

    def add(self, run_id: str, results: Sequence[QualityResult]) -> None:
        """Keep the results of one run."""
        ...

    def acknowledged_periods(self, check: str, subject: str) -> frozenset[str]:
        """Periods of a check's subject that somebody acknowledged."""
        ...
