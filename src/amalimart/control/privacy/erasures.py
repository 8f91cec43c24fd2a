"""Who was erased and by whose word, and the backups that were taken; with the audit of both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from amalimart.control.audit.decisions import AuditEntry, add_entry
from amalimart.control.deciding import Decider, checked_words
from amalimart.control.tables import BackupRow, ErasureRow
from amalimart.core.clock import Clock
from amalimart.core.privacy import Erasure, KnownBackup

BEGUN, DONE, EXPORTED = "privacy.erase.begun", "privacy.erased", "privacy.exported"


class Erasures:
    """The records of one control database. No record holds an id or a value of a person."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, person: str, decider: Decider, reason: str, counts: Mapping[str, int]) -> None:
        """Note that somebody is to be erased; what was noted before stays. Raises RequestError."""
        name, words = checked_words(decider.name, "name"), checked_words(reason, "reason")
        with Session(self._engine) as session, session.begin():
            if session.get(ErasureRow, person) is not None:
                return
            row = ErasureRow(
                person=person,
                begun_at=self._clock.now(),
                erased_by=name,
                subject=decider.subject,
                reason=words,
                counts=dict(counts),
            )
            session.add(row)
            details = {"person": person, "by": name, "reason": words, "rows": dict(counts)}
            add_entry(session, AuditEntry(row.begun_at, decider.subject, BEGUN, details))

    def done(self, person: str) -> None:
        """Note that nothing is left of somebody."""
        with Session(self._engine) as session, session.begin():
            row = session.get(ErasureRow, person)
            if row is not None and row.done_at is None:
                row.done_at = self._clock.now()
                add_entry(session, AuditEntry(row.done_at, row.subject, DONE, {"person": person}))

    def exported(self, person: str, decider: Decider, tables: int, rows: int) -> None:
        """Note that what is held about somebody was handed out."""
        details = {"person": person, "by": decider.name, "tables": tables, "rows": rows}
        with Session(self._engine) as session, session.begin():
            add_entry(session, AuditEntry(self._clock.now(), decider.subject, EXPORTED, details))

    def all(self) -> tuple[Erasure, ...]:
        """Everybody, the latest first."""
        with Session(self._engine) as session:
            rows = session.scalars(select(ErasureRow).order_by(ErasureRow.begun_at.desc()))
            return tuple(
                Erasure(row.person, row.begun_at, row.done_at, row.erased_by, row.reason, row.counts)
                for row in rows
            )


def note_backup(engine: Engine, folder: Path, created_at: datetime) -> None:
    """Remember where a backup was put."""
    with Session(engine) as session, session.begin():
        session.merge(BackupRow(folder=str(folder), created_at=created_at))


def forget_backup(engine: Engine, folder: Path) -> None:
    """Let go of a backup that was deleted."""
    with Session(engine) as session, session.begin():
        session.execute(delete(BackupRow).where(BackupRow.folder == str(folder)))


def known_backups(engine: Engine, manifest: str) -> tuple[KnownBackup, ...]:
    """Every backup that was taken, the oldest first; one that is whole has its manifest."""
    with Session(engine) as session:
        rows = session.scalars(select(BackupRow).order_by(BackupRow.created_at))
        return tuple(
            KnownBackup(row.folder, row.created_at, (Path(row.folder) / manifest).is_file()) for row in rows
        )
