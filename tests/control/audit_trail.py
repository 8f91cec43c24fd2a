"""An audit log in a folder of the test, and ways to look at it and to damage it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from amalimart.access.audit_record import Asked, AuditKeys, Outcome, audit_keys
from amalimart.control.audit.head import HeadFile
from amalimart.control.audit.log import AuditLog
from amalimart.control.audit.verifying import Verdict, verify
from amalimart.control.database import durable, open_database
from amalimart.core.clock import Clock, FixedClock

SECRET = "dO0cFYBXjJPnV3l8Q2aRwTzKe6hUgS9m"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def asked(
    metric: str = "gmv",
    subject: str = "ama@b.test",
    outcome: Outcome = Outcome.ANSWERED,
    at: datetime = NOON,
) -> Asked:
    """A question as the semantic room hands it over."""
    errors = () if outcome is Outcome.ANSWERED else (outcome.value,)
    return Asked(
        at, subject, "admin", "api", "query", {"questions": [{"metrics": [metric]}]}, "f1", 7, outcome, errors
    )


@dataclass
class Trail:
    """A log under a folder."""

    folder: Path
    clock: Clock = field(default_factory=lambda: FixedClock(NOON))
    keep_days: int = 400
    keys: AuditKeys = field(default_factory=lambda: audit_keys(SECRET, "AUDIT_KEY"))

    def __post_init__(self) -> None:
        self.control: Engine = open_database(self.folder / "control.db")
        self.engine = durable(self.control)
        self.head = HeadFile(self.folder / "audit.head", self.keys)
        if not self.head.path.exists():
            self.head.begin()
        self.log = AuditLog(self.engine, self.head, self.keys, self.clock, keep_days=self.keep_days)

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """What somebody does who has the file and not the key."""
        with self.control.begin() as connection:
            found = connection.exec_driver_sql(statement)
            return [tuple(row) for row in found] if found.returns_rows else []

    def verify(self) -> Verdict:
        return verify(self.engine, self.head, self.keys)

    def close(self) -> None:
        self.engine.dispose()
        self.control.dispose()
