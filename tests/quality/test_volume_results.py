"""A judgement handed on as the result of a check."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from amalimart.core.calendar import DayRange
from amalimart.core.quality import MonitorKind, Severity, Verdict
from amalimart.quality.volume.results import quality_result
from tests.quality.clean_counts import LAST, clean_counts, judge_of

AT = datetime(2026, 9, 28, 4, tzinfo=UTC)


def test_a_result_says_what_the_judgement_does() -> None:
    counts = clean_counts(120)
    judgement = judge_of({**counts, LAST: 0}).day(LAST)
    result = quality_result(
        judgement, check="orders_a_day", severity=Severity.ERROR, checked_at=AT, release_id=7
    )
    assert (result.kind, result.verdict, result.period) == (
        MonitorKind.VOLUME,
        Verdict.FAILED,
        "2026-09-27",
    )
    assert (result.low, result.high, result.value) == (judgement.low, judgement.high, 0)
    assert result.expected == f"{judgement.low:,} to {judgement.high:,} rows"
    assert (result.actual, result.unit, result.release_id) == ("0 rows", "rows", 7)
    assert result.message == judgement.message


def test_each_scope_has_its_kind_and_words() -> None:
    counts = clean_counts(120)
    del counts[LAST - timedelta(days=3)]
    judge = judge_of(counts)
    slow = quality_result(judge.slow_loss(LAST), check="c", severity=Severity.WARNING, checked_at=AT)
    gone = quality_result(
        judge.missing(DayRange(LAST - timedelta(days=9), LAST)),
        check="c",
        severity=Severity.WARNING,
        checked_at=AT,
    )
    young = quality_result(judge.year(LAST), check="c", severity=Severity.WARNING, checked_at=AT)
    assert (slow.kind, gone.kind, young.kind) == (
        MonitorKind.SLOW_LOSS,
        MonitorKind.COUNTS,
        MonitorKind.VOLUME,
    )
    assert slow.expected.startswith("at least ")
    assert (gone.expected, gone.actual) == ("no missing day", "1 day")
    assert (young.verdict, young.expected, young.actual) == (
        Verdict.CANNOT_TELL,
        "cannot be told",
        "not known",
    )
