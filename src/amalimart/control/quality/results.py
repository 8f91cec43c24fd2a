"""What monitored checks found, for as long as it is kept, and what somebody acknowledged of it.

An acknowledged period stays acknowledged: nothing is learnt from it any more. What was acknowledged of the
present holds until the check passes again. Every acknowledgement is an entry of the audit, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from amalimart.control.audit.decisions import AuditEntry, add_entry
from amalimart.control.deciding import Decider, checked_words
from amalimart.control.quality.rows import (
    Acknowledgement,
    KeptResult,
    acknowledgement_of,
    result_of,
    result_row,
)
from amalimart.control.tables import QualityAcknowledgementRow, QualityResultRow
from amalimart.core.clock import Clock
from amalimart.core.errors import NotFound, RequestError
from amalimart.core.names import nearest
from amalimart.core.quality import QualityResult, Severity, Verdict

ACKNOWLEDGED = "quality.acknowledged"
KEEP_DAYS = 90
_TRIM_EVERY = timedelta(hours=1)
_ALL_KEPT_FOR = timedelta(days=1)
"""A check that runs with every release passes thousands of times a day."""


class QualityResults:
    """Keeps results and acknowledgements."""

    def __init__(self, engine: Engine, clock: Clock, keep_days: int = KEEP_DAYS) -> None:
        self._engine = engine
        self._clock = clock
        self._keep = timedelta(days=keep_days)
        self._trimmed_at: datetime | None = None

    def close(self) -> None:
        """Let go of the file, where nothing else of it is used."""
        self._engine.dispose()

    def add(self, run_id: str, results: Sequence[QualityResult]) -> None:
        """Keep the results of one run. The newest run of a check is never forgotten."""
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            session.add_all(result_row(run_id, result) for result in results)
            for result in results:
                if result.verdict is Verdict.PASSED and result.period is None:
                    session.execute(
                        update(QualityAcknowledgementRow)
                        .where(*_about(result.check, result.subject, None))
                        .where(QualityAcknowledgementRow.ended_at.is_(None))
                        .values(ended_at=now)
                    )
            session.flush()
            if self._trimmed_at is None or now - self._trimmed_at >= _TRIM_EVERY:
                self._trim(session, now)
                self._trimmed_at = now

    def _trim(self, session: Session, now: datetime) -> None:
        """Forget what is too old; of yesterday and before, a subject's passes but the last of each hour."""
        row = QualityResultRow
        newest = select(func.max(row.number)).group_by(row.check_name)
        runs = select(row.run_id).where(row.number.in_(newest))
        session.execute(delete(row).where(row.checked_at < now - self._keep, row.run_id.not_in(runs)))
        hour = func.strftime("%Y-%m-%d %H", row.checked_at)
        last = select(func.max(row.number)).group_by(row.check_name, row.subject, row.period, hour)
        session.execute(
            delete(row).where(
                row.verdict == Verdict.PASSED.value,
                row.checked_at < now - _ALL_KEPT_FOR,
                row.run_id.not_in(runs),
                row.number.not_in(last),
            )
        )

    def newest(self) -> tuple[KeptResult, ...]:
        """What the newest run of each check found, by check, subject and period."""
        with Session(self._engine) as session:
            last = (
                select(QualityResultRow.check_name, func.max(QualityResultRow.number).label("number"))
                .group_by(QualityResultRow.check_name)
                .subquery()
            )
            runs = {
                (name, run_id)
                for name, run_id in session.execute(
                    select(QualityResultRow.check_name, QualityResultRow.run_id).join(
                        last, QualityResultRow.number == last.c.number
                    )
                )
            }
            rows = session.scalars(
                select(QualityResultRow).where(QualityResultRow.run_id.in_({run for _, run in runs}))
            ).all()
            kept = [row for row in rows if (row.check_name, row.run_id) in runs]
            return _with_words(session, sorted(kept, key=_by_name))

    def failing(self) -> tuple[KeptResult, ...]:
        """What fails now and nobody has acknowledged, errors first."""
        found = [each for each in self.newest() if each.is_failing]
        return tuple(sorted(found, key=lambda each: each.result.severity is not Severity.ERROR))

    def history(self, check: str, limit: int, subject: str | None = None) -> tuple[KeptResult, ...]:
        """The newest results of a check, newest first."""
        asked = select(QualityResultRow).where(QualityResultRow.check_name == check)
        if subject is not None:
            asked = asked.where(QualityResultRow.subject == subject)
        with Session(self._engine) as session:
            rows = session.scalars(asked.order_by(QualityResultRow.number.desc()).limit(limit)).all()
            return _with_words(session, rows)

    def acknowledge(
        self, check: str, subject: str, period: str | None, decider: Decider, reason: str
    ) -> Acknowledgement:
        """Say that what a check found is known.

        Raises RequestError without a reason or a name, or where it is acknowledged already; NotFound where
        the check has never found anything else than a pass of this subject and period.
        """
        why = checked_words(reason, "reason")
        name = checked_words(decider.name, "name")
        now = self._clock.now()
        with Session(self._engine) as session, session.begin():
            session.execute(text("begin immediate"))
            _require_found(session, check, subject, period)
            about = _about(check, subject, period)
            first = session.scalars(
                select(QualityAcknowledgementRow)
                .where(*about)
                .where(QualityAcknowledgementRow.ended_at.is_(None))
            ).first()
            if first is not None:
                raise RequestError(
                    f"it is acknowledged already, by {first.acknowledged_by}: {first.reason}",
                    where=_named(check, subject, period),
                )
            row = QualityAcknowledgementRow(
                check_name=check,
                subject=subject,
                period=period,
                acknowledged_by=name,
                principal=decider.subject,
                reason=why,
                acknowledged_at=now,
            )
            session.add(row)
            details = {"check": check, "subject": subject, "period": period, "by": name, "reason": why}
            add_entry(session, AuditEntry(now, decider.subject, ACKNOWLEDGED, details))
            return acknowledgement_of(row)

    def acknowledged_periods(self, check: str, subject: str) -> frozenset[str]:
        """Periods of a check's subject that somebody acknowledged: no measure of what is ordinary."""
        with Session(self._engine) as session:
            found = session.scalars(
                select(QualityAcknowledgementRow.period).where(
                    QualityAcknowledgementRow.check_name == check,
                    QualityAcknowledgementRow.subject == subject,
                    QualityAcknowledgementRow.period.is_not(None),
                )
            )
            return frozenset(period for period in found if period is not None)


def _require_found(session: Session, check: str, subject: str, period: str | None) -> None:
    found = session.execute(
        select(QualityResultRow.subject, QualityResultRow.period)
        .where(QualityResultRow.check_name == check, QualityResultRow.verdict != Verdict.PASSED.value)
        .distinct()
    ).all()
    # A check of days tells of several in one result: each of them may be acknowledged.
    if any(row.subject == subject and row.period in {period, None} for row in found):
        return
    subjects = sorted({row.subject for row in found})
    raise NotFound(
        "there is nothing of it to acknowledge",
        where=_named(check, subject, period),
        expected=", ".join(subjects) or "something that the check found; it has not failed",
        nearest=nearest(subject, subjects),
        next_step=f"amalimart quality show {check}",
    )


def _about(check: str, subject: str, period: str | None) -> tuple[ColumnElement[bool], ...]:
    row = QualityAcknowledgementRow
    same = row.period.is_(None) if period is None else row.period == period
    return row.check_name == check, row.subject == subject, same


def _with_words(session: Session, rows: Iterable[QualityResultRow]) -> tuple[KeptResult, ...]:
    kept = list(rows)
    words = session.scalars(
        select(QualityAcknowledgementRow)
        .where(QualityAcknowledgementRow.check_name.in_({row.check_name for row in kept}))
        .where(
            or_(QualityAcknowledgementRow.ended_at.is_(None), QualityAcknowledgementRow.period.is_not(None))
        )
    )
    standing = {(word.check_name, word.subject, word.period): acknowledgement_of(word) for word in words}
    return tuple(
        KeptResult(
            row.number, row.run_id, result_of(row), standing.get((row.check_name, row.subject, row.period))
        )
        for row in kept
    )


def _by_name(row: QualityResultRow) -> tuple[str, str, str]:
    return row.check_name, row.subject, row.period or ""


def _named(check: str, subject: str, period: str | None) -> str:
    return f"{check}: {subject}{f', {period}' if period else ''}"
