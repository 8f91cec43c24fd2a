"""One look at one release: what every check is given, and how it tells what it found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from amalimart.core.errors import ConfigError, NotFound
from amalimart.core.names import nearest
from amalimart.core.quality import QualityResult, Severity, Verdict
from amalimart.lake import Lake
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.quality.declared import DeclaredCheck
from amalimart.quality.ports import History, KnownShapes, LiveSources, SourceShapes, VolumeModel
from amalimart.warehouse.file.reading import ReadTransaction
from amalimart.warehouse.quality.reading import Columns

CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much two clocks that are right may differ."""


@dataclass(frozen=True)
class Look:
    """A release under look, and everything beside it that a check may ask.

    mappings  source -> mapping, as it was written
    personal  names, in lower case, of columns that are classified personal in any model
    columns   what is published
    declared  every check of the project by name, also those that are not run now
    """

    transaction: ReadTransaction
    now: datetime
    zone: ZoneInfo
    lake: Lake
    mappings: Mapping[str, SourceMapping]
    personal: frozenset[str]
    columns: Columns
    history: History
    shapes: SourceShapes
    known_shapes: KnownShapes
    live: LiveSources
    volume: VolumeModel | None = None
    declared: Mapping[str, DeclaredCheck] = field(default_factory=dict)

    def sources(self, check: DeclaredCheck, named: tuple[str, ...] | None) -> tuple[str, ...]:
        """The sources a check is about; all, if it names none. Raises NotFound, ConfigError."""
        if named is None:
            if not self.mappings:
                raise NotFound("the project has no source", next_step="amalimart source add NAME URL")
            return tuple(self.mappings)
        for number, source in enumerate(named):
            if source not in self.mappings:
                raise unknown("source", source, self.mappings, check.where("sources", number))
        return named

    def require(self, check: DeclaredCheck, table: str, columns: Iterable[str], *path: str | int) -> None:
        """Raises ConfigError where a table or a column of it is not published."""
        if table not in self.columns:
            raise unknown("table", table, self.columns, check.where(*path, "table"))
        for column in columns:
            if column not in self.columns[table]:
                known = self.columns[table]
                raise unknown(f"column of {table}", column, known, check.where(*path))

    @property
    def today(self) -> date:
        """The business day that is not over yet."""
        return self.now.astimezone(self.zone).date()

    def clock_went_back(self) -> str | None:
        """In a sentence that the clock shows less than it did when the release was published, if it does."""
        published_at = self.transaction.release.published_at
        if published_at <= self.now + CLOCKS_DIFFER:
            return None
        return (
            f"the clock went back: it shows {shown(self.now)}, and the release was published at"
            f" {shown(published_at)}"
        )

    def told(self, check: DeclaredCheck, subject: str, period: str | None = None) -> Finding:
        """What will be told of a subject."""
        return Finding(check, subject, period, self.now, self.transaction.release.release_id)


def unknown(kind: str, name: str, known: Iterable[str], where: str) -> ConfigError:
    """The error of a name that is not there."""
    listed = sorted(known)
    return ConfigError(
        f"there is no {kind} {name!r}",
        where=where,
        expected=", ".join(listed) if len(listed) <= 40 else f"one of {len(listed)}",
        nearest=nearest(name, listed),
        next_step="correct the check's file and run it again",
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check tells of one subject and period."""

    check: DeclaredCheck
    subject: str
    period: str | None
    at: datetime
    release_id: int

    def passed(self, expected: str, actual: str, message: str) -> QualityResult:
        return self.judged(Verdict.PASSED, expected, actual, message)

    def failed(
        self, expected: str, actual: str, message: str, severity: Severity | None = None
    ) -> QualityResult:
        """`severity` where it is another than the check's own."""
        found = self.judged(Verdict.FAILED, expected, actual, message)
        return replace(found, severity=severity) if severity else found

    def cannot_tell(self, expected: str, message: str) -> QualityResult:
        return self.judged(Verdict.CANNOT_TELL, expected, "unknown", message)

    def judged(self, verdict: Verdict, expected: str, actual: str, message: str) -> QualityResult:
        return QualityResult(
            check=self.check.name,
            kind=self.check.kind,
            subject=self.subject,
            period=self.period,
            severity=self.check.severity,
            verdict=verdict,
            expected=expected,
            actual=actual,
            message=message,
            checked_at=self.at,
            release_id=self.release_id,
        )


def shown(moment: datetime) -> str:
    """A moment as results tell it, to the second."""
    return moment.isoformat(sep=" ", timespec="seconds")


def counted(number: int, thing: str) -> str:
    """A count in words: `1 row`, `1,200 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
