"""The audit log of one project: its key, and its head beside the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from amalimart.access.audit_record import AuditKeys, Link, audit_keys
from amalimart.access.signing_secrets import new_secret
from amalimart.config.project import Project
from amalimart.config.secret_reference import SECRET_REFERENCE
from amalimart.config.secrets import secrets_file, write_secret
from amalimart.control.audit.head import HeadFile, locked
from amalimart.control.audit.log import AuditLog
from amalimart.control.audit.reading import AuditFilter, ListedRecord, list_records
from amalimart.control.audit.resealing import reseal
from amalimart.control.audit.verifying import Verdict, verify
from amalimart.control.deciding import Decider
from amalimart.control.store import ControlStore
from amalimart.control.tables import AuditLogRow
from amalimart.core.clock import Clock

AUDIT_KEY = "AUDIT_KEY"


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """The log with what vouches for it."""

    engine: Engine
    head: HeadFile
    keys: AuditKeys
    keep_days: int

    def log(self, clock: Clock) -> AuditLog:
        """The log, to write to."""
        return AuditLog(self.engine, self.head, self.keys, clock, keep_days=self.keep_days)

    def list(self, wanted: AuditFilter, limit: int) -> tuple[ListedRecord, ...]:
        """The newest records of a kind."""
        return list_records(self.engine, self.keys, wanted, limit)

    def verify(self, known: Link | None = None) -> Verdict:
        """Whether the log is what was written; `known` is a link of it that was noted elsewhere."""
        return verify(self.engine, self.head, self.keys, known)

    def reseal(self, clock: Clock, decider: Decider, reason: str) -> Link:
        """Go on from where the log ends; nobody vouches for what was before. Raises RequestError."""
        return reseal(self.engine, self.head, self.keys, clock, decider, reason)


def begin_audit(project: Project) -> None:
    """Make the key, where the environment has none, and the head of a log without a record."""
    if not project.has_secret(AUDIT_KEY):
        write_secret(project.home, AUDIT_KEY, new_secret())
    HeadFile(project.audit_head, _keys(project)).begin()


def open_audit(project: Project, control: ControlStore) -> AuditTrail:
    """The audit log of a project. One that was made before there was a log gets its key now.

    Raises ConfigError for a key that is weak, or that is missing while there are records under it.
    """
    if not project.has_secret(AUDIT_KEY) and not project.audit_head.exists() and not _has_records(control):
        begin_audit(project)
    keys = _keys(project)
    head = HeadFile(project.audit_head, keys)
    return AuditTrail(control.synced, head, keys, project.settings.audit.keep_days)


@contextmanager
def untouched(project: Project) -> Iterator[None]:
    """Let nobody write to the log meanwhile, so that a copy of it and of its head fit each other."""
    with locked(project.audit_head):
        yield


def _keys(project: Project) -> AuditKeys:
    where = str(secrets_file(project.home))
    return audit_keys(project.secret(f"{SECRET_REFERENCE}{AUDIT_KEY}", where), AUDIT_KEY)


def _has_records(control: ControlStore) -> bool:
    with control.engine.connect() as connection:
        return bool(connection.execute(select(func.count()).select_from(AuditLogRow)).scalar())
