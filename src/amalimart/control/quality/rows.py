"""Results and acknowledgements between their values and their rows in the control database."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from amalimart.control.tables import QualityAcknowledgementRow, QualityResultRow
from amalimart.core.quality import MonitorKind, QualityResult, Severity, Verdict
from amalimart.core.releases import SampleRows

_LONGEST = {"expected": 2000, "actual": 2000, "message": 4000}


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody's word that what a check found of a subject is known.

    period     the period it speaks of; None for the present
    principal  who was signed in, or the local operator
    """

    check: str
    subject: str
    period: str | None
    acknowledged_by: str
    principal: str
    reason: str
    acknowledged_at: datetime


@dataclass(frozen=True, slots=True)
class KeptResult:
    """One result as it is kept, and the word that stands about it."""

    number: int
    run_id: str
    result: QualityResult
    acknowledgement: Acknowledgement | None = None

    @property
    def is_failing(self) -> bool:
        """Whether it failed and nobody knows of it yet."""
        return self.result.verdict is Verdict.FAILED and self.acknowledgement is None


def result_row(run_id: str, result: QualityResult) -> QualityResultRow:
    """A result as its row; texts that are too long are cut."""
    told = {name: _cut(getattr(result, name), longest) for name, longest in _LONGEST.items()}
    return QualityResultRow(
        run_id=run_id,
        check_name=result.check,
        kind=result.kind.value,
        subject=result.subject,
        period=result.period,
        severity=result.severity.value,
        verdict=result.verdict.value,
        checked_at=result.checked_at,
        release_id=result.release_id,
        low=result.low,
        high=result.high,
        value=result.value,
        unit=result.unit,
        samples=asdict(result.samples) if result.samples is not None else None,
        **told,
    )


def _cut(told: str, longest: int) -> str:
    return told if len(told) <= longest else told[: longest - 1] + "…"


def result_of(row: QualityResultRow) -> QualityResult:
    """A row as the result that it keeps."""
    samples = None
    if row.samples is not None:
        rows = tuple(tuple(each) for each in row.samples["rows"])
        samples = SampleRows(tuple(row.samples["columns"]), rows, tuple(row.samples["masked"]))
    return QualityResult(
        check=row.check_name,
        kind=MonitorKind(row.kind),
        subject=row.subject,
        period=row.period,
        severity=Severity(row.severity),
        verdict=Verdict(row.verdict),
        expected=row.expected,
        actual=row.actual,
        message=row.message,
        checked_at=row.checked_at,
        release_id=row.release_id,
        low=row.low,
        high=row.high,
        value=row.value,
        unit=row.unit,
        samples=samples,
    )


def acknowledgement_of(row: QualityAcknowledgementRow) -> Acknowledgement:
    """A row as the word that it keeps."""
    return Acknowledgement(
        row.check_name,
        row.subject,
        row.period,
        row.acknowledged_by,
        row.principal,
        row.reason,
        row.acknowledged_at,
    )
