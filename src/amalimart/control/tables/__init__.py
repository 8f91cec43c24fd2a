"""Shape of the control database. Every change here needs a migration; the queries live elsewhere."""

from amalimart.control.tables.audit import AuditCheckpointRow, AuditLogRow, AuditShapeRow
from amalimart.control.tables.base import Base, UtcInstant
from amalimart.control.tables.decisions import AcceptanceRow, ApprovalRow, AuditRow
from amalimart.control.tables.incidents import IncidentRow, NotificationRow
from amalimart.control.tables.people import (
    AccessReviewRow,
    ApiKeyRow,
    SessionRow,
    SignInAttemptRow,
    SignOffRow,
    UserIdentityRow,
    UserRow,
)
from amalimart.control.tables.quality import QualityAcknowledgementRow, QualityResultRow, SourceShapeRow
from amalimart.control.tables.questions import (
    BoardTileRow,
    PageVisitRow,
    QuestionRunRow,
    QuestionScheduleRow,
    QuestionShapeRow,
    SavedQuestionRow,
)
from amalimart.control.tables.upkeep import BackupRow, ErasureRow, JobMarkRow, JobRunRow, LeaseRow

__all__ = [
    "AcceptanceRow",
    "AccessReviewRow",
    "ApiKeyRow",
    "ApprovalRow",
    "AuditCheckpointRow",
    "AuditLogRow",
    "AuditRow",
    "AuditShapeRow",
    "BackupRow",
    "Base",
    "BoardTileRow",
    "ErasureRow",
    "IncidentRow",
    "JobMarkRow",
    "JobRunRow",
    "LeaseRow",
    "NotificationRow",
    "PageVisitRow",
    "QualityAcknowledgementRow",
    "QualityResultRow",
    "QuestionRunRow",
    "QuestionScheduleRow",
    "QuestionShapeRow",
    "SavedQuestionRow",
    "SessionRow",
    "SignInAttemptRow",
    "SignOffRow",
    "SourceShapeRow",
    "UserIdentityRow",
    "UserRow",
    "UtcInstant",
]
