"""A judgement as every room speaks of what a check found."""

from __future__ import annotations

from datetime import datetime

from amalimart.core.quality import MonitorKind, QualityResult, Severity
from amalimart.quality.volume.judgement import Judgement, Scope


def quality_result(
    judgement: Judgement,
    *,
    check: str,
    severity: Severity,
    checked_at: datetime,
    release_id: int | None = None,
) -> QualityResult:
    """The same, with the name of the check and the moment it ran at."""
    unit = "days" if judgement.scope is Scope.MISSING else "rows"
    return QualityResult(
        check=check,
        kind=_kind(judgement.scope),
        subject=judgement.subject,
        period=judgement.period,
        severity=severity,
        verdict=judgement.verdict,
        expected=_expected(judgement, unit),
        actual="not known" if judgement.actual is None else _told(judgement.actual, unit),
        message=judgement.message,
        checked_at=checked_at,
        release_id=release_id,
        low=judgement.low,
        high=judgement.high,
        value=judgement.actual,
        unit=unit,
    )


def _kind(scope: Scope) -> MonitorKind:
    match scope:
        case Scope.MISSING:
            return MonitorKind.COUNTS
        case Scope.SLOW_LOSS:
            return MonitorKind.SLOW_LOSS
        case Scope.DAY | Scope.WEEK | Scope.QUARTER | Scope.YEAR:
            return MonitorKind.VOLUME


def _expected(judgement: Judgement, unit: str) -> str:
    if judgement.scope is Scope.MISSING:
        return "no missing day"
    if judgement.low is None:
        return "cannot be told"
    if judgement.high is None:
        return f"at least {_told(judgement.low, unit)}"
    return f"{judgement.low:,.0f} to {_told(judgement.high, unit)}"


def _told(count: float, unit: str) -> str:
    return f"1 {unit[:-1]}" if count == 1 else f"{count:,.0f} {unit}"
